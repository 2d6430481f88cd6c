/**
 * What code that was written for another `req.session` does to ours: it sets properties (connect-flash makes its list
 * on what it finds under a name), and gives verbs a callback. All of it would be lost in silence, or be kept on a
 * prototype that all visitors share.
 */
import { SessionError } from "../errors.ts";

/** No function is an argument of these; `update` has one, as its last. */
const VERBS = ["login", "logout", "destroy", "rotate", "reauthenticate", "reload", "csrfToken", "update"];

/**
 * Makes every assignment to an instance an error, in sloppy code too, unless the prototype has a setter for it; makes a
 * callback given to a verb an error; and freezes the prototype with its functions. Done once for a class.
 *
 * A property that nobody has is looked for in a proxy, at the end of the chain. `then`, which every promise of a
 * session looks for, is found before that.
 */
export function closeToStrangers(prototype: object): void {
  const end = new Proxy(
    {},
    {
      set(_target, name) {
        throw lost(name);
      },
    },
  );
  // biome-ignore lint/suspicious/noThenProperty: it is undefined, so that a session is no thenable, and is found to be none at once.
  const then = { then: { value: undefined } };
  Object.setPrototypeOf(prototype, Object.freeze(Object.create(end, then)));
  for (const name of Reflect.ownKeys(prototype)) closeProperty(prototype, name);
  Object.freeze(prototype);
}

/** As a property with a setter: an assignment to one that is only not writable is no error in sloppy code. */
function closeProperty(prototype: object, name: string | symbol): void {
  const { get, set, value, enumerable } = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  const given: unknown = typeof name === "string" && VERBS.includes(name) ? withoutCallback(name, value) : value;
  if (typeof given === "function" && name !== "constructor") Object.freeze(given);
  Object.defineProperty(prototype, name, {
    enumerable: enumerable === true,
    get: get ?? (() => given),
    set:
      set ??
      (() => {
        throw lost(name);
      }),
  });
}

function withoutCallback(name: string, verb: (...given: unknown[]) => unknown): typeof verb {
  const closed = {
    [name](this: object, ...given: unknown[]): unknown {
      // Thrown at once: whoever gives a callback looks at no promise.
      const more = name === "update" ? given.slice(typeof given[0] === "string" ? 2 : 1) : given;
      if (more.some((each) => typeof each === "function")) throw callback(name);
      return verb.apply(this, given);
    },
  };
  return closed[name] as typeof verb;
}

function lost(name: string | symbol): SessionError {
  const path = typeof name === "symbol" ? `[${String(name)}]` : `.${name}`;
  return new SessionError(
    "SOJOURN_UNSUPPORTED",
    `Cannot set \`session${path}\`: it would not be saved. Data goes into \`session.data${path}\`; for code of ` +
      "express-session see `sojourn/express-session`.",
  );
}

function callback(verb: string): SessionError {
  return new SessionError(
    "SOJOURN_UNSUPPORTED",
    `\`session.${verb}\` takes no callback, which would never be called: it gives a promise. Write \`await ` +
      `session.${verb}(…)\`.`,
  );
}
