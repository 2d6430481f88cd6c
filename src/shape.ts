/**
 * The shape of session data: its initial value, its schema, and how older shapes become newer ones.
 */
import type { Codec } from "./codec/codec.ts";
import { invalidOption, SessionError } from "./errors.ts";
import { type DataObject, decodeData, type Encoded } from "./payload.ts";

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

export interface ShapeOptions<Data> {
  /** Validates data when it is loaded and before it is stored. Any Standard Schema: zod, valibot, arktype. */
  readonly schema?: StandardSchema<Data> | undefined;
  /** The version of the shape, a whole number from 0; default 0. Raise it with a `migrate` when the shape changes. */
  readonly version?: number | undefined;
  /** Turns data of an older version into the present shape, before validation. What it throws makes the session anonymous. */
  readonly migrate?: ((data: DataObject, from: number) => unknown) | undefined;
}

export interface Shape {
  readonly version: number;
  initial(): DataObject;
  readonly initialEncoded: Encoded;
  /** Migrated and validated data; null when it does not fit. */
  load(encoded: Encoded, version: number): Promise<DataObject | null> | DataObject | null;
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
  const initial = (): DataObject => (options.initial ? ({ ...options.initial() } as DataObject) : {});
  const validate = schema?.["~standard"].validate;
  const fresh = validate?.(initial());
  if (fresh && !(fresh instanceof Promise) && fresh.issues) {
    throw invalidOption(
      "initial",
      options.initial,
      `a function whose data the schema accepts (${issuesText(fresh.issues)})`,
    );
  }

  const validated = (result: SchemaResult<Data>): DataObject | null =>
    result.issues ? null : (result.value as DataObject);
  return {
    version,
    initial,
    initialEncoded: codec.encode(initial()),
    load(encoded, from) {
      let data = decodeData(codec, encoded);
      if (data && migrate && from !== version) {
        try {
          data = migrate(data, from) as DataObject;
        } catch {
          return null;
        }
      }
      if (!data || !validate) return data;
      const result = validate(data);
      return result instanceof Promise ? result.then(validated, () => null) : validated(result);
    },
    check(data) {
      const result = validate?.(data);
      return result instanceof Promise ? result.then(refuse) : result && refuse(result);
    },
  };
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
