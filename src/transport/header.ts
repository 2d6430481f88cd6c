/**
 * The header transport, for API clients: native applications, command lines, other servers.
 */
import { checkNames, invalidOption, SessionError } from "../errors.ts";
import { tooLarge } from "./set-cookie.ts";
import type { HeaderOp, Transport } from "./transport.ts";

/** Which headers carry the session. */
export interface HeaderTransportOptions {
  /**
   * The request header. Default `authorization`, whose scheme is `Bearer` (RFC 6750); any other holds the value alone.
   */
  readonly name?: string | undefined;
  /** The response header that hands a value to the client. Default: `session-token`, or `name` when that is given. */
  readonly responseName?: string | undefined;
}

/** Characters. Proxies refuse header lines over 8 KiB by default. */
const MAX_VALUE = 8_000;

/**
 * RFC 9110, 11.2 (token68): all that a token or a sealed session is made of, and nothing that two joined headers are.
 */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;
/** With the optional white space of RFC 9110, 5.6.3 around. */
const BEARER = /^[ \t]*bearer +([^ \t]+)[ \t]*$/i;
const ALONE = /^[ \t]*([^ \t]+)[ \t]*$/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Headers with a meaning of their own; `cookie` would make the transport ambient. */
const TAKEN = new Set([
  "cookie",
  "set-cookie",
  "host",
  "origin",
  "referer",
  "content-length",
  "content-type",
  "connection",
]);

const NONE: readonly string[] = Object.freeze([]);

/**
 * Carries the session in a header that the client adds to each request by itself, so that CSRF is no danger.
 *
 * A new value (after a login or a rotation) comes in the response header `session-token`, and the client uses it from
 * then on; an empty one tells it to forget what it has. Browser clients of another origin see that header only when the
 * application lists it in `Access-Control-Expose-Headers`. In browsers prefer the cookie transport: what
 * a script can read, an injected script can steal.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a name that no header can have, or that is taken; from
 * `check` and `write`, `SOJOURN_COOKIE_TOO_LARGE` above 8,000 characters.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ store, secrets, transports: [headerTransport()] });
 * // Authorization: Bearer <value>   ->   Session-Token: <new value>
 * ```
 */
export function headerTransport(options: HeaderTransportOptions = {}): Transport {
  checkNames("header.", options, ["name", "responseName"] satisfies (keyof HeaderTransportOptions)[]);
  const name = fieldName("name", options.name ?? "authorization");
  const bearer = name === "authorization";
  const responseName = fieldName("responseName", options.responseName ?? (bearer ? "session-token" : name));
  if (responseName === "authorization")
    throw invalidOption("header.responseName", responseName, "a name that responses can have");

  const hand = (value: string): readonly HeaderOp[] => [{ op: "set", name: responseName, value }];
  const check = (value: string): void => {
    if (value.length > MAX_VALUE) throw tooLarge("header", value.length, MAX_VALUE);
  };

  return {
    name: "header",
    // Under a name of its own it may be another application's, like a cookie.
    place: bearer ? undefined : `header ${name}`,
    ambient: false,
    vary: name,
    check,

    read(source) {
      const header = source.header(name);
      if (header === undefined || header.length > MAX_VALUE + 100) return NONE;
      const value = (bearer ? BEARER : ALONE).exec(header)?.[1];
      return value !== undefined && value.length <= MAX_VALUE && TOKEN68.test(value) ? [value] : NONE;
    },

    write(value) {
      check(value);
      if (!TOKEN68.test(value))
        throw new SessionError(
          "SOJOURN_INVALID_COOKIE",
          "Session header: expected a value of letters, digits and -._~+/, found other characters or none.",
        );
      return hand(value);
    },

    clear: () => hand(""),
  };
}

function fieldName(option: string, name: unknown): string {
  const lower = typeof name === "string" ? name.toLowerCase() : "";
  if (!FIELD_NAME.test(lower) || TAKEN.has(lower) || lower.startsWith("sec-"))
    throw invalidOption(`header.${option}`, name, "the name of a header that has no other meaning");
  return lower;
}
