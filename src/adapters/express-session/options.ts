/**
 * The options of the middleware, as an application gives them and as settings with every default in its place.
 */
import { randomBytes } from "node:crypto";
import { deprecate } from "./deprecate.ts";
import type { SessionRequest, SessionStore } from "./request.ts";
import type { Secret } from "./signature.ts";
import type { UpgradeOptions } from "./upgrade.ts";

/** The options of express-session, as an application gives them. */
export interface Options {
  readonly cookie?: object | ((req: SessionRequest) => object) | undefined;
  readonly genid?: ((req: SessionRequest) => string) | undefined;
  readonly name?: string | undefined;
  /** An older name of `name`. */
  readonly key?: string | undefined;
  readonly proxy?: boolean | undefined;
  readonly resave?: boolean | undefined;
  readonly rolling?: boolean | undefined;
  readonly saveUninitialized?: boolean | undefined;
  readonly secret?: Secret | readonly Secret[] | undefined;
  readonly store?: SessionStore | undefined;
  readonly unset?: string | undefined;
  readonly upgrade?: UpgradeOptions | undefined;
}

/** The same, checked and with every default in its place. */
export interface Settings {
  readonly cookieFor: (req: SessionRequest) => CookieSettings;
  readonly generateId: (req: SessionRequest) => string;
  readonly name: string;
  readonly proxy: boolean | undefined;
  readonly resave: boolean;
  readonly rolling: boolean;
  readonly saveUninitialized: boolean;
  /** None when they are on the request, where cookie-parser leaves them. */
  readonly secrets: readonly Secret[] | undefined;
  readonly destroyUnset: boolean;
}

/** What the middleware itself reads of the options of a cookie. */
export interface CookieSettings {
  readonly path?: string | undefined;
  readonly secure?: unknown;
  readonly sameSite?: unknown;
}

/** @throws TypeError for what express-session refuses, with its words. */
export function settingsOf(options: Options): Settings {
  const { cookie = {}, unset, secret, genid = () => randomBytes(24).toString("base64url") } = options;
  if (typeof genid !== "function") throw new TypeError("genid option must be a function");
  if (options.resave === undefined) deprecate("undefined resave option; provide resave option");
  if (options.saveUninitialized === undefined) {
    deprecate("undefined saveUninitialized option; provide saveUninitialized option");
  }
  if (unset && unset !== "destroy" && unset !== "keep") {
    throw new TypeError('unset option must be "destroy" or "keep"');
  }
  if (Array.isArray(secret) && secret.length === 0) {
    throw new TypeError("secret option array must contain one or more strings");
  }
  if (!secret) deprecate("req.secret; provide secret option");
  return {
    cookieFor: typeof cookie === "function" ? (cookie as (req: SessionRequest) => CookieSettings) : () => cookie ?? {},
    generateId: genid,
    name: options.name || options.key || "connect.sid",
    proxy: options.proxy,
    resave: options.resave ?? true,
    rolling: Boolean(options.rolling),
    saveUninitialized: options.saveUninitialized ?? true,
    secrets: secret ? (Array.isArray(secret) ? secret : [secret as Secret]) : undefined,
    destroyUnset: unset === "destroy",
  };
}
