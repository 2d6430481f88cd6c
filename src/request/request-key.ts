/**
 * Which request an object stands for, so that one request has one session: itself, what it is a clone of, or what
 * it is wrapped around.
 */
import { AttachedMap } from "../attached-map.ts";

const originals = new AttachedMap<object>();

interface Wrapper {
  /** The request below, as Hono, Fastify and others call it. */
  readonly raw?: unknown;
  /** The response beside it, as Express calls it, by which a Node request is known. */
  readonly res?: unknown;
  clone?: unknown;
}

/** What is known by the request that this one is a clone of or wrapped around. */
export function byRelative<Found>(request: object, known: (relative: object) => Found | undefined): Found | undefined {
  const { raw } = request as Wrapper;
  return besides(request, known) ?? (isObject(raw) ? (known(raw) ?? besides(raw, known)) : undefined);
}

function besides<Found>(request: object, known: (relative: object) => Found | undefined): Found | undefined {
  const original = originals.get(request);
  const { res } = request as Wrapper;
  return (original && known(original)) ?? (isObject(res) ? known(res) : undefined);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/**
 * Makes the clones of a Fetch request known as such. `new Request(request)` cannot be followed: nothing of the copy
 * leads back.
 */
export function followClones(request: object): void {
  const { clone: own } = request as Wrapper;
  // Defined and not assigned: some runtimes' requests inherit one that cannot be written to.
  if (typeof own === "function" && own !== clone) Reflect.defineProperty(request, "clone", FOLLOWED);
}

/** One function for all requests, so that they keep one shape. */
function clone(this: object): object {
  const { clone: below } = Object.getPrototypeOf(this) as { clone(): object };
  const copy = below.call(this);
  originals.set(copy, originals.get(this) ?? this);
  followClones(copy);
  return copy;
}

const FOLLOWED: PropertyDescriptor = { value: clone, writable: true, configurable: true };
