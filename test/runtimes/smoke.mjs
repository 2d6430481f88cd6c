/**
 * What must work on every runtime, as plain JavaScript over the packed package: the same cases on
 * Node, Bun, Deno and Workers. No test runner and no assertion library exist on all of them.
 */
import { createSessions } from "sojourn";
import { memoryStore } from "sojourn/stores/memory";

/** A browser's memory for cookies, as much of it as these cases need. */
class Jar {
  cookies = new Map();

  /** Keeps what the response sets, and says how many cookies it set or cleared. */
  take(response) {
    const lines = response.headers.getSetCookie();
    for (const line of lines) {
      const pair = line.split(";", 1)[0];
      const name = pair.slice(0, pair.indexOf("="));
      if (/;\s*max-age=0\b/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(name.length + 1));
    }
    return lines.length;
  }

  copy() {
    const copy = new Jar();
    copy.cookies = new Map(this.cookies);
    return copy;
  }

  header() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

/** One request. The handler's result is the body; `set` counts the cookies that the response touched. */
async function visit(sessions, jar, handler) {
  const headers = jar.cookies.size > 0 ? { cookie: jar.header() } : {};
  const request = new Request("https://app.example/", { headers });
  const response = await sessions.handle(request, async (session) => Response.json((await handler(session)) ?? null));
  return { set: jar.take(response), body: await response.json(), headers: response.headers };
}

const read = (session) => ({ ...session.data });
const write = (data) => (session) => void Object.assign(session.data, data);
const login = (session) => session.login("user-1");
const logout = (session) => session.logout();
const who = (session) => session.userId ?? null;

function secret() {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Made while the module loads, where Workers forbid randomness, timers and I/O. Not a secret: it protects nothing. */
const early = createSessions({ secrets: "hQ0bq3TzW8mXv5Lr1YpKc7Nd2GfJs9Ea4UiOt6RwDxA", store: memoryStore() });

const modes = {
  "server-side, at load": () => early,
  "server-side": () => createSessions({ secrets: secret(), store: memoryStore() }),
  tracked: () => createSessions({ secrets: secret(), store: memoryStore(), data: "cookie" }),
  stateless: () => createSessions({ secrets: secret() }),
};

/** Each is given the mode: a stateless session cannot be revoked, and says so. */
const cases = {
  async "reading creates nothing"(sessions) {
    const jar = new Jar();
    const { set, body } = await visit(sessions, jar, read);
    equal([set, body], [0, {}], "cookies and data of a first visit");
  },

  async "data comes back"(sessions) {
    const jar = new Jar();
    const first = await visit(sessions, jar, write({ basket: ["æ", 1, { deep: true }] }));
    equal(first.set > 0, true, "a cookie was set");
    equal(first.headers.get("cache-control")?.includes("no-store"), true, "the response is not cached");
    const second = await visit(sessions, jar, read);
    equal(second.body, { basket: ["æ", 1, { deep: true }] }, "data of the second visit");
  },

  async "login rotates and keeps the data"(sessions, mode) {
    const jar = new Jar();
    await visit(sessions, jar, write({ basket: 1 }));
    const before = jar.copy();
    await visit(sessions, jar, login);
    equal(jar.header() === before.header(), false, "the cookie stayed the same");
    equal((await visit(sessions, jar, who)).body, "user-1", "the user after login");
    equal((await visit(sessions, jar, read)).body, { basket: 1 }, "the data after login");
    equal((await visit(sessions, before.copy(), who)).body, null, "the user of the old cookie");
    if (mode !== "stateless")
      equal((await visit(sessions, before.copy(), read)).body, {}, "the data of the old cookie");
  },

  async "logout ends it"(sessions, mode) {
    const jar = new Jar();
    await visit(sessions, jar, login);
    const captured = jar.copy();
    await visit(sessions, jar, logout);
    equal((await visit(sessions, jar, who)).body, null, "the user after logout");
    if (mode !== "stateless") equal((await visit(sessions, captured, who)).body, null, "the user of a captured cookie");
  },

  async "a tampered cookie is anonymous"(sessions) {
    const jar = new Jar();
    await visit(sessions, jar, login);
    for (const [name, value] of [...jar.cookies]) {
      const middle = value.length >> 1;
      const other = value[middle] === "A" ? "B" : "A";
      for (const bad of [
        `${value.slice(0, middle)}${other}${value.slice(middle + 1)}`,
        value.slice(1),
        "",
        "%00",
        "é",
      ]) {
        const forged = jar.copy();
        forged.cookies.set(name, bad);
        const headers = new Headers();
        try {
          headers.set("cookie", forged.header());
        } catch {
          continue; // This runtime refuses the bytes itself.
        }
        equal((await visit(sessions, forged, who)).body, null, `the user of a cookie with ${name} tampered`);
      }
    }
  },

  async "requests at once do not lose updates"(sessions, mode) {
    if (!mode.startsWith("server-side")) return; // A cookie holds one answer: the last one.
    const jar = new Jar();
    await visit(sessions, jar, write({ start: 0 }));
    const keys = ["a", "b", "c", "d"];
    await Promise.all(keys.map((key) => visit(sessions, jar.copy(), write({ [key]: 1 }))));
    equal((await visit(sessions, jar, read)).body, { start: 0, a: 1, b: 1, c: 1, d: 1 }, "the data of all of them");
  },
};

/** Runs every case in every mode; the lines say which failed and why. */
export async function smoke() {
  const result = { passed: 0, failed: 0, lines: [] };
  for (const [mode, create] of Object.entries(modes)) {
    for (const [name, check] of Object.entries(cases)) {
      try {
        await check(create(), mode);
        result.passed++;
      } catch (error) {
        result.failed++;
        result.lines.push(`${mode}: ${name}: ${error?.stack ?? error}`);
      }
    }
  }
  return result;
}
