/**
 * The kinds of what was given, for those who write without types or against them.
 */
import { checkNames, invalidOption } from "../errors.ts";
import type { AnyOptions } from "./options.ts";

type Given = Record<string, unknown>;

const isObject = (value: unknown): value is Given => typeof value === "object" && value !== null;
const isFunction = (value: unknown): boolean => typeof value === "function";

/** Where each value is judged by whoever uses it. */
const ELSEWHERE = undefined;

/** What each option must be when it is given, in words and as a test. The values are judged where they are used. */
const KINDS: Record<
  keyof AnyOptions<object>,
  readonly [expected: string, fits: (value: unknown) => boolean] | undefined
> = {
  store: ["a store, or nothing for sessions in the cookie alone", isObject],
  codec: [
    "a codec with `format`, `encode` and `decode`",
    (value) =>
      isObject(value) &&
      /^(?:text|binary)$/.test(`${value.format}`) &&
      isFunction(value.encode) &&
      isFunction(value.decode),
  ],
  transports: [
    "a list of one transport or more",
    (value) => Array.isArray(value) && value.length > 0 && value.every(isTransport),
  ],
  schema: [
    "a Standard Schema (zod, valibot, arktype…)",
    (value) => isFunction((value as Given)?.["~standard"] && ((value as Given)["~standard"] as Given).validate),
  ],
  initial: ["a function that gives a new session's data", isFunction],
  migrate: ["a function", isFunction],
  device: ["a function", isFunction],
  clock: ["a function that gives milliseconds", isFunction],
  hooks: [
    "an object of functions",
    (value) => isObject(value) && Object.values(value).every((hook) => hook === undefined || isFunction(hook)),
  ],
  cookie: ["an object", isObject],
  csrf: ["an object, or false", (value) => value === false || isObject(value)],
  cacheControl: ["a value for a header", (value) => typeof value === "string" && /^[ -~]+$/.test(value)],
  justification: ["a string", (value) => typeof value === "string"],
  secrets: ELSEWHERE,
  audience: ELSEWHERE,
  data: ELSEWHERE,
  version: ELSEWHERE,
  preset: ELSEWHERE,
  idle: ELSEWHERE,
  lifetime: ELSEWHERE,
  touchEvery: ELSEWHERE,
  rotateEvery: ELSEWHERE,
  rotationGrace: ELSEWHERE,
  onReuse: ELSEWHERE,
  onOutage: ELSEWHERE,
  storeTimeout: ELSEWHERE,
  lookEvery: ELSEWHERE,
  encryptAtRest: ELSEWHERE,
  maxSessionsPerUser: ELSEWHERE,
  onLimit: ELSEWHERE,
};

function isTransport(value: unknown): boolean {
  return isObject(value) && ["read", "write", "clear"].every((verb) => isFunction(value[verb]));
}

/** @throws SOJOURN_INVALID_OPTION for the first option that is of another kind than it must be, or that there is not. */
export function checkOptions(options: object): void {
  if (!isObject(options)) throw invalidOption("options", options, "an object");
  for (const [option, kind] of Object.entries(KINDS)) {
    const value = (options as Given)[option];
    if (kind && value !== undefined && !kind[1](value)) throw invalidOption(option, value, kind[0]);
  }
  checkNames("", options, Object.keys(KINDS));
}
