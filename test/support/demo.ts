/** The demo application, started for a test on a free port with a database of its own. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CookieJar } from "tough-cookie";
import { onTestFinished } from "vitest";
import { type Demo, type DemoOptions, startDemo } from "../../demo/server.ts";
import type { Settings } from "../../demo/settings.ts";
import { seedUsers, type Users } from "../../demo/users.ts";

export const SECRET = `k1:${randomBytes(32).toString("base64url")}`;

export const ANN = { name: "ann", password: "lantern-orchard-7" };
export const BEN = { name: "ben", password: "copper-meadow-4" };

/** Once for all tests of a file: a good hash takes its time. */
const seeded: Promise<Users> = seedUsers();

/** Ends with the test that started it. */
export async function openDemo(options: Partial<Settings> & DemoOptions = {}): Promise<Demo> {
  const { clock, users = await seeded, ...settings } = options;
  process.env.SOJOURN_SECRET = SECRET;
  const store = settings.store ?? `sqlite:${join(await temporaryFolder(), "demo.db")}`;
  const defaults: Omit<Settings, "store"> = {
    mode: "server",
    host: "127.0.0.1",
    port: 0,
    https: false,
    production: false,
  };
  const demo = await startDemo({ ...defaults, ...settings, store }, { clock, users });
  onTestFinished(() => demo.close());
  return demo;
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sojourn-demo-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An HTTP client with a cookie jar, which can fill in the forms of a page. */
export class FormClient {
  readonly jar: CookieJar = new CookieJar();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(path, this.#url).href;
    const headers = new Headers(init.headers);
    const cookie = await this.jar.getCookieString(url);
    if (cookie) headers.set("cookie", cookie);
    const response = await fetch(url, { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) await this.jar.setCookie(line, url);
    return response;
  }

  /** As a program asks: no HTML. */
  async text(path = "/"): Promise<string> {
    return (await this.fetch(path)).text();
  }

  /** As a browser asks. */
  async page(path: string): Promise<string> {
    return (await this.fetch(path, { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } })).text();
  }

  /** Opens the page, takes the token from its form, and sends the fields to `action`. */
  async submit(page: string, action: string, fields: Record<string, string> = {}): Promise<Response> {
    const csrf = csrfTokenOf(await this.page(page));
    return this.post(action, { csrf, ...fields });
  }

  post(action: string, fields: Record<string, string>): Promise<Response> {
    return this.fetch(action, {
      method: "POST",
      headers: { accept: "text/html", origin: new URL(this.#url).origin },
      body: new URLSearchParams(fields),
    });
  }

  login(user: { readonly name: string; readonly password: string }): Promise<Response> {
    return this.submit("/login", "/login", user);
  }
}

export function csrfTokenOf(page: string): string {
  return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
}
