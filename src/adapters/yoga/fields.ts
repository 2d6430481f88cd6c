/**
 * What the plugin for GraphQL Yoga puts around each resolver: fields of mutations are parts of the request, and errors
 * of Sojourn are told, which Yoga would mask.
 */
import { isSessionError, type Session, type SessionError } from "../../index.ts";
import { partOf, SessionPart } from "../adapter.ts";

type Resolver = (source: unknown, args: unknown, context: unknown, info: unknown) => unknown;

interface Field {
  resolve?: Resolver | undefined;
}

interface ObjectType {
  getFields(): Record<string, Field>;
}

interface Schema {
  getMutationType?(): ObjectType | null | undefined;
  getTypeMap?(): Record<string, object>;
}

interface Path {
  readonly prev: Path | undefined;
  readonly key: string | number;
}

const guarded = new WeakSet<Resolver>();

/** The errors of ours that resolvers of an operation threw, by their place in the answer. */
const thrown = new WeakMap<object, Map<string, SessionError>>();

/** Done once for a resolver, however many servers have the schema. */
export function guardFields(schema: Schema): void {
  const mutations = schema.getMutationType?.();
  for (const type of Object.values(schema.getTypeMap?.() ?? {})) {
    if (!("getFields" in type)) continue;
    for (const field of Object.values((type as ObjectType).getFields())) {
      const { resolve } = field;
      if (!resolve || guarded.has(resolve)) continue;
      field.resolve = noting(type === mutations ? asPart(resolve) : resolve);
      guarded.add(field.resolve);
    }
  }
}

/**
 * Puts code and status of our errors in the place of what Yoga says of an error that it does not know. Messages of ours
 * are for whoever runs the application.
 */
export function tellErrors(errors: readonly object[], context: object): void {
  const ours = thrown.get(context);
  if (!ours) return;
  for (const error of errors as { path?: readonly unknown[]; message: string; extensions?: object }[]) {
    const found = ours.get(error.path?.join(".") ?? "");
    if (!found) continue;
    error.message = found.code;
    error.extensions = { code: found.code, http: { status: found.status } };
  }
}

const noting =
  (resolve: Resolver): Resolver =>
  (source, args, context, info) => {
    const note = (error: unknown): never => {
      if (isSessionError(error) && (error.status < 500 || error.status === 503)) keepError(error, context, info);
      throw error;
    };
    try {
      const value = resolve(source, args, context, info);
      return value instanceof Promise ? value.catch(note) : value;
    } catch (error) {
      return note(error);
    }
  };

function keepError(error: SessionError, context: unknown, info: unknown): void {
  if (typeof context !== "object" || context === null) return;
  const keys: (string | number)[] = [];
  for (let at = (info as { readonly path?: Path }).path; at; at = at.prev) keys.unshift(at.key);
  thrown.set(context, (thrown.get(context) ?? new Map<string, SessionError>()).set(keys.join("."), error));
}

/** Fields of a mutation run one after the other, so the context can hold the session of the one that runs. */
const asPart =
  (resolve: Resolver): Resolver =>
  async (source, args, given, info) => {
    const context = (given ?? {}) as { session?: Session<object> };
    const whole = context.session;
    if (!(whole instanceof SessionPart)) return resolve(source, args, given, info);
    const part = partOf<object>(whole);
    context.session = part;
    try {
      const value = await resolve(source, args, given, info);
      part.keep();
      return value;
    } catch (error) {
      part.drop();
      throw error;
    } finally {
      context.session = whole;
    }
  };
