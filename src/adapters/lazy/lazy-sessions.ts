/**
 * Sessions that are set up when they are first needed, once for the process: for frameworks that evaluate an
 * application's modules while they build it, several times in one process, and again whenever a file is saved.
 */
import { invalidOption } from "../../errors.ts";
import type { AllSessions, Sessions } from "../../index.ts";
import { instanceOf, register } from "./instances.ts";

/** How the instance is found again. */
export interface LazyOptions {
  /** The instance of the process. Two managers of one application need two names. Default "sessions". */
  readonly name?: string | undefined;
}

/**
 * Asked for anything else (by a serialiser, by `await`), the instance is not made. The compiler keeps this complete.
 */
const VERBS: Record<keyof AllSessions<object>, true> = {
  open: true,
  commit: true,
  handle: true,
  protect: true,
  protectUpgrade: true,
  link: true,
  policy: true,
  get: true,
  revoke: true,
  close: true,
  list: true,
  revokeUser: true,
  revokeOthers: true,
  listAll: true,
  revokeAll: true,
};

const isVerb = (key: string | symbol): key is keyof AllSessions<object> =>
  typeof key === "string" && Object.hasOwn(VERBS, key);

/**
 * What `make` gives, made when it is first used: importing the module that calls this demands no secret and opens no
 * store, so `next build` and `vite build` pass without them.
 *
 * There is one instance in the process for each name, whatever number of copies the framework makes of the module (Next
 * makes three). After a hot reload that changed the text of `make`, the next use makes a new instance, and the old one
 * is closed; a change elsewhere keeps it, and with it what a memory store holds.
 *
 * @param make Calls `createSessions`. What it throws is thrown by the first use, and by the next ones until it
 *   succeeds.
 * @throws SOJOURN_INVALID_OPTION for a `make` that is no function, or an empty name.
 * @example
 * ```ts
 * import { createSessions } from "sojourn";
 * import { lazySessions } from "sojourn/adapter";
 *
 * const sessions = lazySessions(() => createSessions({ store }), { name: "shop" });
 * sessions.policy.mode; // → "server"
 * ```
 */
export function lazySessions<Made extends object>(make: () => Made, options: LazyOptions = {}): Made {
  const { name = "sessions" } = options;
  if (typeof make !== "function") throw invalidOption("make", make, "a function that calls createSessions");
  if (typeof name !== "string" || name === "") throw invalidOption("name", name, 'a name, such as "sessions"');
  register(name, make, callerOf(new Error().stack));
  const instance = (): object => instanceOf(name);
  return new Proxy<object>(
    {},
    {
      get: (_, key) => (isVerb(key) ? Reflect.get(instance(), key) : undefined),
      has: (_, key) => isVerb(key) && key in instance(),
      ownKeys: () => Reflect.ownKeys(instance()),
      getOwnPropertyDescriptor: (_, key) => {
        const value: unknown = isVerb(key) ? Reflect.get(instance(), key) : undefined;
        return value === undefined ? undefined : { value, enumerable: true, configurable: true };
      },
      set: () => false,
      defineProperty: () => false,
      deleteProperty: () => false,
    },
  ) as Made;
}

/**
 * Makes sure that sessions which wait for their first use can be made. Adapters for servers ask when they are mounted,
 * so that a server without a secret fails at its start and not at its first request.
 *
 * @example
 * ```ts
 * import { ready } from "sojourn/adapter";
 *
 * ready(sessions);
 * ```
 */
export function ready<Data extends object>(sessions: Sessions<Data>): void {
  void sessions.policy;
}

/** The file that called: copies of a module have a file each, and a reloaded one has its old, but for the query. */
function callerOf(stack: string | undefined): string {
  const line = stack?.split("\n").filter((each) => /\bat\b|@/.test(each))[1] ?? "";
  return (
    /(?:\(|at |@)((?:file:|[a-z-]+:)?[^()\s]+?)(?:\?[^:)]*)?(?::\d+){0,2}\)?$/i.exec(line.trim())?.[1] ?? ""
  ).trim();
}
