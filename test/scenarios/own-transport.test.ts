/** A transport that the library does not know, under a name of its own. */
import { expect, it } from "vitest";
import { createSessions, type Transport } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { fakeClock } from "../../src/testing/index.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

/** As of a protocol whose client is handed its value once, when it connects. */
function ticket(handsOut: boolean): Transport {
  return {
    name: "ticket",
    ambient: false,
    handsOut,
    read: (source) => [source.header("x-ticket") ?? ""].filter(Boolean),
    write: (value) => [{ op: "set", name: "x-ticket", value }],
    clear: () => [{ op: "set", name: "x-ticket", value: "" }],
  };
}

it.each([
  [true, 1],
  [false, 0],
])("is rotated by age when it can hand out a new value: %s", async (handsOut, handed) => {
  const clock = fakeClock();
  const sessions = createSessions({
    secrets: SECRET,
    store: memoryStore({ clock }),
    clock,
    transports: [ticket(handsOut)],
  });
  const visit = (value?: string): Promise<Response> =>
    sessions.handle(
      new Request("https://app.example/", { headers: value ? { "x-ticket": value } : {} }),
      async (session) => {
        if (!session.userId) await session.login("ann");
        return new Response(session.userId);
      },
    );
  const value = (await visit()).headers.get("x-ticket") ?? "";
  clock.advance(2 * 3_600_000);
  const later = await visit(value);
  expect([await later.text(), [later.headers.get("x-ticket")].filter(Boolean).length]).toEqual(["ann", handed]);
  await sessions.close();
});
