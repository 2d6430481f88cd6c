/** Sessions made by the real packages, read by Sojourn: still logged in, and nothing that is not theirs. */
import { createSessions, isSessionError } from "sojourn";
import { importSessions } from "sojourn/migrate";
import { memoryStore } from "sojourn/stores/memory";
import { afterEach, expect, test, vi } from "vitest";
import { Client } from "../../support/client.ts";
import { type Data, deployed, describeFormats, pairs, UNTIL } from "./format-suite.ts";
import { formats, type Old } from "./sites.ts";

afterEach(() => void vi.useRealTimers());

describeFormats(formats);

test("a store or a ledger that is down is an error, and logs nobody out", async () => {
  const make = formats["express-session"];
  const old = await make?.(3600);
  if (!old) throw new Error("no such format");
  const away = { ...old.reader, find: () => Promise.reject(new Error("away")) };
  const { moving } = deployed({ reader: away });
  const failure = await moving
    .open(new Request("https://app.example/", { headers: { cookie: old.cookie } }))
    .catch((error) => error);
  expect(isSessionError(failure, "SOJOURN_STORE_UNAVAILABLE")).toBe(true);
});

test("nothing is read where no cookie can be sent, and nobody is asked who has a session of ours", async () => {
  const make = formats["iron-session 8"];
  const old = await make?.(3600);
  if (!old) throw new Error("no such format");
  let asked = 0;
  const counting = {
    ...old.reader,
    find: (...args: Parameters<Old["reader"]["find"]>) => {
      asked += 1;
      return old.reader.find(...args);
    },
  };
  const { moving, server } = deployed({ reader: counting });
  const readOnly = await moving.open(new Request("https://app.example/", { headers: { cookie: old.cookie } }), {
    readOnly: true,
  });
  expect([readOnly.userId, asked]).toEqual([undefined, 0]);
  const client = new Client(server);
  await client.keep(await server(new Request("https://app.example/", { headers: { cookie: old.cookie } })));
  await client.fetch("/");
  expect(asked).toBe(1);
});

test("data is what the application makes of it, and without a user it is carried anonymously", async () => {
  const make = formats["cookie-session"];
  const old = await make?.(3600);
  if (!old) throw new Error("no such format");
  const events: unknown[] = [];
  const { visit, sessions } = deployed(old, {
    userId: () => undefined,
    data: ({ data }) => ({ cart: [...(data.cart as string[]), "B-2"] }),
    onImport: (event) => events.push(event),
  });
  const first = await visit(old.cookie);
  expect(first).toMatchObject({ userId: null, cart: ["A-1", "B-2"] });
  expect(await visit(pairs(first.setCookie))).toMatchObject({ userId: null, cart: ["A-1", "B-2"] });
  expect(events).toEqual([{ reader: "cookie-session", userId: undefined }]);
  expect((await sessions.listAll()).items).toHaveLength(1);
});

test.each([
  ["from", { from: "iron" }],
  ["until", { until: "soon" }],
  ["ledger", { ledger: {} }],
])("the option %s is checked at once", (option, wrong) => {
  const sessions = createSessions<Data>({ store: memoryStore() });
  const options = { from: [], until: UNTIL, ledger: memoryStore(), ...wrong } as never;
  expect(() => importSessions(sessions, options)).toThrow(`"${option}"`);
});
