/** A misspelt option of a verb is refused: it would do nothing, and nobody would know. */
import { expect, it } from "vitest";
import type { Session } from "../../src/index.ts";
import { cookieTransport } from "../../src/transport/cookie.ts";
import { urlTransport } from "../../src/transport/url.ts";
import { type AnyData, openSite, requestWith } from "../support/visitor.ts";

const INVALID = { code: "SOJOURN_INVALID_OPTION" };

const verbs: Readonly<
  Record<string, (site: ReturnType<typeof openSite>, session: Session<AnyData>, given: object) => unknown>
> = {
  open: ({ sessions }, _session, given) => sessions.open(requestWith(), given),
  handle: ({ sessions }, _session, given) => sessions.handle(requestWith(), () => new Response(), given),
  commit: ({ sessions }, session, given) => sessions.commit(session, given),
  link: ({ sessions }, session, given) => sessions.link(session, "/", given),
  list: ({ sessions }, _session, given) => sessions.list("ann", given),
  listAll: ({ sessions }, _session, given) => sessions.listAll(given),
  revokeUser: ({ sessions }, _session, given) => sessions.revokeUser("bob", given),
  login: (_site, session, given) => session.login("ann", given),
  reauthenticate: (_site, session, given) => session.reauthenticate(given),
  requireFresh: (_site, session, given) => session.requireFresh("1h", given),
};

it.each(Object.entries(verbs))("of %s", async (_name, verb) => {
  const site = openSite({ transports: [cookieTransport(), urlTransport()] });
  const session = await site.visitor().open();
  await session.login("ann", { factors: ["pwd"] });
  for (const given of [{ factor: ["hwk"] }, { tuoch: false }, { staus: 500 }, null, 5, []])
    await expect(async () => verb(site, session, given as object)).rejects.toMatchObject(INVALID);
  expect(session.userId).toBe("ann");
});

it("and factors that are no list, and limits that look like seconds", async () => {
  const session = await openSite().visitor().open();
  await session.login("ann", { factors: ["pwd"] });
  const factors = "pwd" as unknown as string[];
  expect(() => session.requireFresh("1h", { factors })).toThrow(expect.objectContaining(INVALID));
  await expect(session.login("ann", { idle: 1_800 })).rejects.toMatchObject({
    message: expect.stringContaining('"1800s"'),
  });
  await expect(session.login("ann", { lifetime: 86_400 })).rejects.toMatchObject(INVALID);
});
