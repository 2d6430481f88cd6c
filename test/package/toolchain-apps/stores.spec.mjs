// Run by Jest, as CommonJS and as ES modules, and by vitest: each store under the fake timers that they make by default.
import { createSessions } from "sojourn";
import { fileStore } from "sojourn/stores/file";
import { memoryStore } from "sojourn/stores/memory";
import { sqliteStore } from "sojourn/stores/sqlite";
import { fakeClock } from "sojourn/testing";

/** Apart from those of the other runners. */
const place = () => `./data/${Math.random()}`;
const stores = {
  memory: () => memoryStore(),
  sqlite: () => sqliteStore(place()),
  files: () => fileStore(place()),
};
/** In ES modules Jest is no global. */
const runner = async () => globalThis.vi ?? (await import("@jest/globals")).jest;

beforeEach(async () => void (await runner()).useFakeTimers());
afterEach(async () => void (await runner()).useRealTimers());

const handle = (sessions, handler) => sessions.handle(new Request("https://app.example/"), handler);

test.each(Object.keys(stores))("%s", async (name) => {
  const store = stores[name]();
  const sessions = createSessions({ store });
  const login = () =>
    handle(sessions, async (session) => {
      await Promise.all(Array.from({ length: 5 }, () => session.update("n", (n = 0) => n + 1)));
      await session.login("ann");
      return Response.json(session.data);
    });
  // More than a list of the file store reads without a pause, and logins that wait for each other.
  const answers = await Promise.all(Array.from({ length: 20 }, login));
  expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(Array(20).fill({ n: 5 }));
  expect((await sessions.list("ann")).items.length).toBe(20);
  expect(await sessions.revokeUser("ann")).toBe(20);
  await store.deleteExpired?.();
  await store.close?.();
});

test("time is that of a fake clock", async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const sessions = createSessions({ store, clock, idle: "10m" });
  const response = await handle(sessions, async (session) => {
    await session.login("ann");
    return new Response();
  });
  const cookie = response.headers.get("set-cookie").split(";")[0];
  const visit = () =>
    sessions.handle(new Request("https://app.example/", { headers: { cookie } }), async (session) =>
      Response.json(session.userId ?? null),
    );
  expect(await (await visit()).json()).toBe("ann");
  clock.advance("11m");
  expect(await (await visit()).json()).toBe(null);
});
