/**
 * How a URL that names a store is taken apart: into its scheme, its path, and parameters that somebody has to ask for.
 */
import { invalidOption } from "../../errors.ts";

/**
 * `scheme:path?parameters`. Not a WHATWG URL: those make `sqlite:./a.db` absolute or refuse it, and encode what a
 * path may hold. Every parameter must be asked for, so that a misspelt one is found.
 */
export class StoreUrl {
  readonly scheme: string;
  readonly #path: string;
  readonly #parameters: URLSearchParams;
  readonly #read: Set<string> = new Set();

  private constructor(scheme: string, path: string, parameters: URLSearchParams) {
    this.scheme = scheme;
    this.#path = path;
    this.#parameters = parameters;
  }

  static parse(url: string): StoreUrl {
    const [, scheme, path = "", query = ""] = /^([a-z][a-z0-9+.-]*):([^?]*)(?:\?(.*))?$/is.exec(String(url)) ?? [];
    // No part of it goes into the message: who forgets the scheme may have written a password first.
    if (scheme === undefined) throw invalidOption("url", undefined, 'a URL such as "sqlite:./sessions.db"');
    return new StoreUrl(scheme.toLowerCase(), path, new URLSearchParams(query));
  }

  /** The path, which must be there when `expected` says of what, and must not be when that is empty. */
  checkPath(expected: string): string {
    const rooted = this.#path.startsWith("//") ? this.#path.slice(2) : this.#path;
    const host = rooted !== this.#path && !rooted.startsWith("/");
    if (host || (rooted === "") !== (expected === "")) {
      const form = expected === "" ? "no path" : `the path of ${expected}, with no host before it,`;
      throw invalidOption("url", `${this.scheme}:`, `${form} after "${this.scheme}:"`);
    }
    return rooted;
  }

  text(name: string): string | undefined {
    this.#read.add(name);
    const values = this.#parameters.getAll(name);
    if (values.length > 1) throw invalidOption(`url?${name}`, values, "one value");
    return values[0];
  }

  /** A whole number. Its bounds are the store's affair. */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text)) throw invalidOption(`url?${name}`, text, "a whole number");
    return Number(text);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name);
    const found = values.find((value) => value === text);
    if (text === undefined || found !== undefined) return found;
    throw invalidOption(`url?${name}`, text, values.join(" or "));
  }

  flag(name: string): boolean | undefined {
    const text = this.oneOf(name, ["true", "false"]);
    return text === undefined ? undefined : text === "true";
  }

  /** The URL without the parameters that were asked for: what remains is another's to read, and to refuse. */
  rest(): string {
    const others = [...this.#parameters].filter(([name]) => !this.#read.has(name));
    for (const [name] of others) this.#read.add(name);
    const query = String(new URLSearchParams(others));
    return `${this.scheme}:${this.#path}${query && `?${query}`}`;
  }

  /** Refuses parameters that nobody asked for. */
  checkAllRead(): void {
    const unknown = [...this.#parameters.keys()].find((name) => !this.#read.has(name));
    if (unknown === undefined) return;
    throw invalidOption("url", `?${unknown}`, `no parameter but ${[...this.#read].join(", ")}`);
  }
}
