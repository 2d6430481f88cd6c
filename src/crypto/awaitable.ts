import type { Awaitable } from "./platform.ts";

/**
 * Goes on with a value at once where it is there, and after it where it is a promise: so that code
 * written once costs no promise over node:crypto and still works over WebCrypto.
 */
export function chain<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** By shape and not by class: a promise of another realm (a test runner's sandbox) is one too. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
