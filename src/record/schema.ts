/**
 * The shape of session data: its initial value, its schema, and how older shapes become newer ones.
 */
import type { Codec } from "../codec/codec.ts";
import { invalidOption, SessionError } from "../errors.ts";
import { type DataObject, decodeData, type Encoded, isDataObject } from "./payload.ts";

/**
 * The part of a Standard Schema (standardschema.dev, version 1) that is used. zod, valibot, arktype
 * and others have it.
 */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** What data must look like, and how older data comes to look like it. */
export interface ShapeOptions<Data> {
  /**
   * Validates data when it is loaded and before it is stored. Any Standard Schema: zod, valibot, arktype. Default:
   * none.
   */
  readonly schema?: StandardSchema<Data> | undefined;
  /** The version of the shape, a whole number from 0; default 0. Raise it with a `migrate` when the shape changes. */
  readonly version?: number | undefined;
  /**
   * Turns data of another version into the present shape, before validation; may answer with a promise. What it throws
   * makes the session anonymous. Default: none, which is right as long as `version` is 0.
   */
  readonly migrate?: ((data: DataObject, from: number) => unknown) | undefined;
}

/** Why stored data is of no use. */
export type Misfit = "corrupt" | "schema";

export interface Shape {
  readonly version: number;
  /**
   * The version to write on data that was loaded with this one. A newer one stays: during a roll-out the older release
   * must not pass newer data off as its own, or it would be migrated twice.
   */
  label(loaded: number | undefined): number | undefined;
  /** Whether loaded data can be something else than what was stored. */
  readonly reshapes: boolean;
  /** A new session's data, which shares nothing with another session's, and its encoding. */
  initial(): { readonly data: DataObject; readonly base: Encoded };
  readonly initialEncoded: Encoded;
  /** Migrated and validated data, or what is wrong with it: it cannot be decoded, or does not fit. Never throws. */
  load(encoded: Encoded, version: number): Promise<DataObject | Misfit> | DataObject | Misfit;
  /** Throws SOJOURN_INVALID_DATA when the data does not fit the schema. */
  check(data: DataObject): Promise<void> | void;
}

export function createShape<Data>(
  options: ShapeOptions<Data> & { readonly initial?: (() => object) | undefined },
  codec: Codec,
): Shape {
  const { schema, migrate } = options;
  const version = options.version ?? 0;
  if (!Number.isInteger(version) || version < 0)
    throw invalidOption("version", options.version, "a whole number from 0");
  if (version > 0 && !migrate) throw invalidOption("migrate", migrate, `a function, because \`version\` is ${version}`);
  const validate = schema?.["~standard"].validate;
  const initial = initialOf(options.initial, codec);
  if (validate) checkInitial(validate(initial().data), options.initial);

  const reshape = async (data: DataObject, from: number): Promise<DataObject | Misfit> => {
    const migrated = migrate && from < version ? await migrate(data, from) : data;
    const result: SchemaResult<unknown> = validate ? await validate(migrated) : { value: migrated };
    return !result.issues && isDataObject(result.value) ? result.value : "schema";
  };
  return {
    version,
    label: (loaded = 0) => Math.max(loaded, version) || undefined,
    reshapes: validate !== undefined,
    initial,
    initialEncoded: initial().base,
    load(encoded, from) {
      const data = decodeData(codec, encoded);
      if (!data) return "corrupt";
      return validate || (migrate && from < version) ? reshape(data, from).catch(() => "schema" as const) : data;
    },
    check(data) {
      const result = validate?.(data);
      return result instanceof Promise ? result.then(refuse) : result && refuse(result);
    },
  };
}

/** By way of the codec: a function that gives the same object each time must not make visitors share their data. */
function initialOf(initial: (() => object) | undefined, codec: Codec): Shape["initial"] {
  if (!initial) {
    const base = codec.encode({});
    return () => ({ data: {}, base });
  }
  return () => {
    const given: unknown = initial();
    if (!isDataObject(given)) throw invalidOption("initial", given, "a function that gives an object");
    const base = codec.encode(given);
    return { data: decodeData(codec, base) ?? {}, base };
  };
}

/** At the start, as far as the schema answers at once. */
function checkInitial<Data>(result: SchemaResult<Data> | Promise<SchemaResult<Data>>, initial: unknown): void {
  if (result instanceof Promise) {
    result.catch(() => undefined);
    return;
  }
  if (result.issues)
    throw invalidOption("initial", initial, `a function whose data the schema accepts (${issuesText(result.issues)})`);
}

function refuse(result: SchemaResult<unknown>): void {
  if (result.issues) {
    throw new SessionError(
      "SOJOURN_INVALID_DATA",
      `Session data does not fit its schema, so nothing was stored: ${issuesText(result.issues)}.`,
    );
  }
}

/** Paths only: a validator's message may quote the value. */
function issuesText(
  issues: readonly { readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[],
): string {
  const paths = issues.map(
    ({ path }) =>
      path?.map((step) => String(typeof step === "object" ? step.key : step)).join(".") || "the whole value",
  );
  return `at ${paths.slice(0, 5).join(", ")}`;
}
