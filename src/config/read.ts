/**
 * Options, read by the table: the checks of what was given, for those who write without types or against them, and the
 * values with their defaults.
 */
import { assertNotSeconds, type Duration, milliseconds } from "../duration.ts";
import { checkNames, invalidKind, invalidOption } from "../errors.ts";
import type { ChoiceOption, DurationOption, Option } from "./option.ts";
import type { AnyOptions } from "./options.ts";
import { OPTIONS, type OptionName } from "./table.ts";

const TABLE: readonly (readonly [OptionName, Option])[] = Object.entries(OPTIONS) as [OptionName, Option][];

/** The names of the options whose kind, as the table has it, is `Kind`. */
type NameOf<Kind> = { [Name in OptionName]: (typeof OPTIONS)[Name] extends Kind ? Name : never }[OptionName];

/**
 * Refuses options that there are not, values of another kind than they must be, and what needs a store that is not
 * given.
 *
 * @throws SOJOURN_INVALID_OPTION for the first such option.
 */
export function checkOptions(options: object): void {
  if (typeof options !== "object" || options === null) throw invalidKind("options", options, "an object");
  const given = options as Record<string, unknown>;
  checkNames("", given, Object.keys(OPTIONS));
  // A variable of another name, or one that is not set, must not quietly become sessions that cannot be revoked.
  if ("store" in given && given.store === undefined) throw invalidOption("store", undefined, OPTIONS.store.expected);
  for (const [name, option] of TABLE) {
    if (given[name] === undefined) continue;
    if (!option.fits(given[name])) throw refusal(name, option, given[name]);
    if (option.needs !== "nothing" && given.store === undefined)
      throw invalidOption("store", undefined, `a store, because \`${name}\` needs one`);
  }
}

/** Values of a few words are shown; of an object, and of what should be one, the kind is told and no more. */
function refusal(name: string, option: Option & { readonly kind?: unknown }, found: unknown): Error {
  return (option.kind === "value" ? invalidKind : invalidOption)(name, found, option.expected);
}

/**
 * A duration in milliseconds, within its bounds; its default when it is not given.
 *
 * @throws SOJOURN_INVALID_OPTION
 */
export function durationOf(
  name: NameOf<DurationOption>,
  given: Duration | undefined,
  otherwise: Duration | undefined = OPTIONS[name].default,
): number {
  const { least, most, coarse } = OPTIONS[name];
  if (coarse) assertNotSeconds(name, given);
  return milliseconds(name, given ?? otherwise ?? least, least, most);
}

/** The choice that was made, or the first. What was given has been checked. */
export function choiceOf<Name extends NameOf<ChoiceOption<unknown>>>(
  name: Name,
  given: AnyOptions<object>[Name],
): Exclude<AnyOptions<object>[Name], undefined> {
  return (given ?? OPTIONS[name].default) as Exclude<AnyOptions<object>[Name], undefined>;
}
