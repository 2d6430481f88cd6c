/** What goes wrong in silence is told, once, and only where it helps. */
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { SECRET } from "../../support/visitor.ts";

let warn: MockInstance<typeof process.emitWarning>;

beforeEach(() => {
  vi.resetModules();
  warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const codes = (): unknown[] => warn.mock.calls.map(([, options]) => (options as { code?: string }).code);

/** The package as a process loads it: what was told before is forgotten. */
async function load(environment: string | undefined) {
  vi.stubEnv("NODE_ENV", environment);
  const { createSessions } = await import("../../../src/index.ts");
  const { memoryStore } = await import("../../../src/stores/memory.ts");
  return { createSessions, store: memoryStore() };
}

const visit = (cookie = ""): Request => new Request("http://192.168.1.7:3000/", { headers: { cookie } });

it("says once that the memory store is in production", async () => {
  const { createSessions, store } = await load("production");
  createSessions({ secrets: SECRET, store });
  createSessions({ secrets: SECRET, store });
  expect(codes()).toEqual(["SOJOURN_MEMORY_STORE"]);
});

it("says nothing of the memory store in development and in tests", async () => {
  for (const environment of [undefined, "development", "test"]) {
    const { createSessions, store } = await load(environment);
    createSessions({ secrets: SECRET, store });
  }
  expect(codes()).toEqual([]);
});

it("says once, with the option, that cookies do not come back", async () => {
  const { createSessions, store } = await load(undefined);
  const sessions = createSessions<{ n?: number }>({ secrets: SECRET, store });
  for (let n = 0; n < 5; n++)
    await sessions.handle(visit(), (session) => {
      session.data.n = n;
      return new Response();
    });
  expect(codes()).toEqual(["SOJOURN_NO_COOKIE_CAME_BACK"]);
  expect(warn.mock.calls[0]?.[0]).toContain("cookie: { insecure: true }");
});

it("says nothing of cookies where one came back, in production, and without Secure", async () => {
  for (const [environment, cookie, back] of [
    ["development", undefined, true],
    ["production", undefined, false],
    ["test", undefined, false],
    ["development", { insecure: true }, false],
  ] as const) {
    vi.resetModules();
    const { createSessions } = await load(environment);
    const sessions = createSessions<{ n?: number }>({ secrets: SECRET, cookie });
    let jar = "";
    for (let n = 0; n < 5; n++) {
      const response = await sessions.handle(visit(back ? jar : ""), (session) => {
        session.data.n = n;
        return new Response();
      });
      jar = response.headers.getSetCookie()[0]?.split(";")[0] ?? jar;
    }
  }
  expect(codes()).toEqual([]);
});

it("says once that another application's cookie came, and names the option", async () => {
  const { createSessions, store } = await load("development");
  const [here, there] = [
    createSessions<{ n?: number }>({ secrets: SECRET, store }),
    createSessions<{ n?: number }>({ secrets: SECRET, store, audience: "there" }),
  ];
  const response = await there.handle(visit(), (session) => {
    session.data.n = 1;
    return new Response();
  });
  const cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  for (let n = 0; n < 2; n++) await here.open(visit(cookie));
  expect(codes()).toEqual(["SOJOURN_FOREIGN_COOKIE"]);
  expect(warn.mock.calls[0]?.[0]).toContain("cookie.name");
});
