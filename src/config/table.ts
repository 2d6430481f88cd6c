/**
 * The table of options: what each one is, its bounds and default, what it needs, and whether a change of it logs
 * everybody out. The checks, their messages and docs/options.md are made from it (`npm run docs:options`); the types in
 * options.ts, which say the same in words, do not compile when a kind differs from them.
 *
 * A new option is declared in options.ts, gets one line here, and is given its default in resolve.ts, which hands it to
 * requests by `Context`.
 */

import { choice, duration, type OptionOf, value, whole } from "./option.ts";
import type { AnyOptions } from "./options.ts";

type Options = AnyOptions<object>;

/** The name of an option of `createSessions`. */
export type OptionName = keyof Options;

type Table = { readonly [Name in OptionName]-?: OptionOf<Exclude<Options[Name], undefined>> };

type Given = Record<string, unknown>;

const isObject = (it: unknown): it is Given => typeof it === "object" && it !== null;
const isFunction = (it: unknown): boolean => typeof it === "function";
const hasVerbs = (it: unknown, verbs: readonly string[]): boolean =>
  isObject(it) && verbs.every((verb) => isFunction(it[verb]));

const isCodec = (it: unknown): boolean =>
  isObject(it) && /^(?:text|binary)$/.test(`${it.format}`) && hasVerbs(it, ["encode", "decode"]);
const isTransport = (it: unknown): boolean => hasVerbs(it, ["read", "write", "clear"]);
const isSchema = (it: unknown): boolean => hasVerbs((it as Given | null)?.["~standard"], ["validate"]);
const areHooks = (it: unknown): boolean =>
  isObject(it) && Object.values(it).every((hook) => hook === undefined || isFunction(hook));

/** A verb must be over while the id that it replaces is still remembered (`IN_FLIGHT_MS` in record/tombstone.ts). */
const LONGEST_CALL = 30_000;

const store = { needs: "store" } as const;
const logsOut = { logsOut: true } as const;

/** Every option of `createSessions`, by name. */
export const OPTIONS: Table = {
  store: value("a store; leave the option out for sessions in the cookie alone", isObject, logsOut),
  data: choice(["store", "cookie"], logsOut),
  secrets: value("a secret or a ring of them", undefined, logsOut),
  audience: value("a text", undefined, logsOut),

  preset: { ...choice(["aal1", "aal2", "aal3"]), default: undefined },
  idle: duration({ least: 1_000, coarse: true }),
  anonymousIdle: duration({ least: 1_000, coarse: true }),
  lifetime: duration({ default: "7d", least: 1_000, most: 400 * 86_400_000, coarse: true }),
  justification: value("a string", (it) => typeof it === "string"),
  touchEvery: duration({ least: 0 }),
  rotateEvery: duration({ ...store, default: "1h", least: 60_000, coarse: true }),
  rotationGrace: duration({ ...store, default: "30s", least: 0, most: 300_000 }),
  onReuse: choice(["revoke", "report"], store),

  cookie: value("an object", isObject, logsOut),
  transports: value(
    "a list of one transport or more",
    (it) => Array.isArray(it) && it.length > 0 && it.every(isTransport),
    logsOut,
  ),
  cacheControl: value("a value for a header", (it) => typeof it === "string" && /^[ -~]+$/.test(it)),
  csrf: value("an object, or false", (it) => it === false || isObject(it)),

  codec: value("a codec with `format`, `encode` and `decode`", isCodec, logsOut),
  schema: value("a Standard Schema (zod, valibot, arktype…)", isSchema),
  initial: value("a function that gives a new session's data", isFunction),
  version: whole(0),
  migrate: value("a function", isFunction),
  maxDataBytes: whole(1_024),
  encryptAtRest: choice([false, true, "from-now-on"], { ...store, ...logsOut }),

  maxSessionsPerUser: whole(1, { needs: "users" }),
  onLimit: choice(["evict-oldest", "reject"], { needs: "users" }),
  device: value("a function", isFunction),

  storeTimeout: duration({ ...store, default: "2s", most: LONGEST_CALL }),
  onOutage: choice(["error", "anonymous"], store),
  lookEvery: duration({ ...store, default: "30s", least: 1_000, most: 86_400_000 }),
  hooks: value("an object of functions", areHooks),
  clock: value("a function that gives milliseconds", isFunction),
};
