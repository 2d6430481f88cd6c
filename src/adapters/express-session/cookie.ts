/**
 * The class of `req.session.cookie`, which applications set and stores copy. Its line for the browser is written in
 * `set-cookie.ts`.
 */
import { deprecate } from "./deprecate.ts";
import { type CookieData, serializeCookie } from "./set-cookie.ts";

/** What a deadline can be: a date, null and false for "until the browser is closed", whatever a row had. */
type Deadline = Date | false | null | undefined;

/** What a row or another cookie does not choose: what can only be read, methods, and what this object inherits from. */
const OWN: ReadonlySet<string> = new Set(["data", "serialize", "toJSON", "__proto__"]);

/**
 * `req.session.cookie`: what the cookie of this session is set with, in the form that express-session's has. `expires`
 * and `maxAge` are two views of one deadline, which is kept as `_expires`; `originalMaxAge` is what each request sets
 * it back to.
 */
export class Cookie {
  declare path: string | undefined;
  declare httpOnly: boolean | undefined;
  declare domain: string | undefined;
  declare secure: boolean | "auto" | undefined;
  declare sameSite: boolean | string | undefined;
  declare partitioned: boolean | undefined;
  declare priority: string | undefined;
  declare originalMaxAge: number | false | null | undefined;
  declare _expires: Deadline;

  constructor(options?: object) {
    this.path = "/";
    this.maxAge = null;
    this.httpOnly = true;
    if (options) {
      if (typeof options !== "object") throw new TypeError("argument options must be a object");
      for (const name in options) if (!OWN.has(name)) Reflect.set(this, name, Reflect.get(options, name));
    }
    this.originalMaxAge ??= this.maxAge;
  }

  get expires(): Deadline {
    return this._expires;
  }

  set expires(deadline: Deadline) {
    this._expires = deadline;
    this.originalMaxAge = this.maxAge;
  }

  /** Milliseconds from now. */
  get maxAge(): number | false | null | undefined {
    return this._expires instanceof Date ? this._expires.getTime() - Date.now() : this._expires;
  }

  set maxAge(length: number | Deadline) {
    if (length instanceof Date) deprecate("maxAge as Date; pass number of milliseconds instead");
    else if (length && typeof length !== "number") throw new TypeError("maxAge must be a number or Date");
    this.expires = typeof length === "number" ? new Date(Date.now() + length) : length;
  }

  /** What is stored with the session and what the cookie is set with. */
  get data(): CookieData {
    const { originalMaxAge, partitioned, priority, _expires: expires, secure, httpOnly, domain, path, sameSite } = this;
    return { originalMaxAge, partitioned, priority, expires, secure, httpOnly, domain, path, sameSite };
  }

  /** The `Set-Cookie` line. */
  serialize(name: string, value: string): string {
    return serializeCookie(name, value, this.data);
  }

  toJSON(): CookieData {
    return this.data;
  }
}

// Stores that copy a cookie by `for … in` come upon these, as they do on one of express-session.
for (const name of ["expires", "maxAge", "data", "serialize", "toJSON"]) {
  Object.defineProperty(Cookie.prototype, name, { enumerable: true });
}
// Whatever a bundler calls it.
Object.defineProperty(Cookie, "name", { value: "Cookie" });
