/** A browser's cookies for one origin: what an answer sets counts from when the answer arrives, the last one wins. */
export class Browser {
  readonly name: string;
  readonly #jar: Map<string, string>;
  /** Every `Cookie` header that this browser ever had, the first one first. */
  readonly had: string[];

  constructor(name: string, cookie: string) {
    this.name = name;
    this.#jar = new Map(
      cookie
        .split("; ")
        .filter((pair) => pair !== "")
        .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    );
    this.had = cookie === "" ? [] : [cookie];
  }

  get cookie(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** A request as this browser sends it now. */
  request(cookie: string = this.cookie): Request {
    return new Request("https://app.example/", cookie === "" ? {} : { headers: { cookie } });
  }

  /** An answer arrives. */
  keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf("="));
      if (attributes.some((attribute) => attribute.toLowerCase() === "max-age=0")) this.#jar.delete(name);
      else this.#jar.set(name, pair.slice(name.length + 1));
    }
    if (this.cookie !== "" && this.had.at(-1) !== this.cookie) this.had.push(this.cookie);
  }
}
