/** What is there already, or will be. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Goes on with a value at once where it is there, and after it where it is a promise: so that code
 * written once costs no promise over node:crypto and still works over WebCrypto.
 */
export function chain<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** By shape and not by class: a promise of another realm (a test runner's sandbox) is one too. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/*
 * Functions that answer at once. What is in the same process has its answer before a promise could be made, and what
 * the promise costs is most of what such a call costs. Contracts give promises; this is how the library asks without
 * them.
 */

/** On a function: the same without the promise. It throws where the promise rejects. */
const AT_ONCE: unique symbol = Symbol.for("sojourn.at-once");

type Promising<Arguments extends readonly unknown[], Answer> = (...given: Arguments) => Promise<Answer>;

/**
 * A function that promises, made from one that may answer at once. The mark is on the function and not on its owner, so
 * that a wrapper that replaces it is asked, and one that passes it on passes this on, too.
 */
export function atOnce<Arguments extends readonly unknown[], Answer>(
  direct: (...given: Arguments) => Awaitable<Answer>,
): Promising<Arguments, Answer> {
  const promised = async (...given: Arguments): Promise<Answer> => direct(...given);
  return Object.defineProperty(promised, AT_ONCE, { value: direct });
}

/** The function without the promise where there is one, else the function. */
export function quickest<Arguments extends readonly unknown[], Answer>(
  asked: Promising<Arguments, Answer>,
): (...given: Arguments) => Awaitable<Answer> {
  return (asked as { [AT_ONCE]?: (...given: Arguments) => Awaitable<Answer> })[AT_ONCE] ?? asked;
}
