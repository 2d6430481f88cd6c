import { describe, expect, it } from "vitest";
import { cookieTransport } from "../../../src/transport/cookie.ts";
import { headerTransport } from "../../../src/transport/header.ts";
import { urlTransport } from "../../../src/transport/url.ts";
import { MODES, openSite, requestWith } from "../../support/visitor.ts";

const transports = [cookieTransport(), urlTransport()] as const;

describe("link()", () => {
  it("carries the session to a client without cookies, which gets none, and sends no Referer on", async () => {
    const { sessions, visitor } = openSite({ transports });
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value: href } = await browser.visit((session) => sessions.link(session, "/report.pdf?a=1"));
    const response = await sessions.handle(
      new Request(`https://app.example${href}`),
      () => new Response("not looked at"),
    );
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    const session = await sessions.open(new Request(`https://app.example${href}`));
    expect(session.userId).toBe("ann");
    const headers = await sessions.commit(session);
    expect(headers.filter(({ name }) => name === "set-cookie")).toEqual([]);
    expect(headers).toContainEqual({ op: "set", name: "referrer-policy", value: "no-referrer" });
  });

  it("counts for its address and its time only, and not as a bare token", async () => {
    const { sessions, visitor, clock, events } = openSite({ transports, idle: "1d" });
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value: href } = await browser.visit((session) =>
      sessions.link(session, "/report.pdf", { expiresIn: "1m" }),
    );
    const token = (await browser.cookies()).split("=")[1];
    const changed = [
      href.replace("report", "secret"),
      `/report.pdf?sid=${token}`,
      href.replace(/sig=.*/, ""),
      `${href}&b=1`,
    ];
    for (const other of changed) {
      expect((await sessions.open(new Request(`https://app.example${other}`))).userId).toBeUndefined();
      expect(events.at(-1)).toMatchObject({ type: "rejected", reason: "link" });
    }
    clock.advance(60_000);
    expect((await sessions.open(new Request(`https://app.example${href}`))).userId).toBeUndefined();
  });

  it("of a session that was reached by its id is refused, and without the transport too", async () => {
    const { sessions, visitor } = openSite({ transports });
    const browser = visitor();
    const { value: id } = await browser.visit(async (session) => {
      await session.login("ann");
      return session.id;
    });
    const found = await sessions.get(id);
    if (!found) throw new Error("the session must be there");
    await expect(sessions.link(found, "/")).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
    const plain = openSite();
    await expect(plain.sessions.link(await plain.visitor().open(), "/")).rejects.toMatchObject({
      code: "SOJOURN_UNSUPPORTED",
    });
  });
});

describe("a whole address", () => {
  const sign = (options: Parameters<typeof openSite>[0], href: string) => {
    const { sessions, visitor } = openSite({ transports, ...options });
    return visitor().visit((session) => sessions.link(session, href));
  };

  it("is signed when it is of the host that was asked, or of `csrf.origin`", async () => {
    const { value: href } = await sign({}, "https://app.example/report.pdf");
    expect(href).toMatch(/^https:\/\/app\.example\/report\.pdf\?sid=/);
    const csrf = { origin: "https://files.example" };
    await expect(sign({ csrf }, "https://files.example/a")).resolves.toBeDefined();
    await expect(sign({ csrf }, "https://app.example/a")).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
  });

  it.each([
    "https://other.example/x",
    "https:///other.example",
    "HTTPS://other.example",
    "https://app.example@other.example/",
    "https://app.example.other.example/",
    "https://app.example:8443/",
  ])("of another host is refused: %s", async (href) => {
    await expect(sign({}, href)).rejects.toMatchObject({
      code: "SOJOURN_INVALID_OPTION",
      message: expect.stringContaining("csrf.origin"),
    });
    await expect(sign({ csrf: false }, href)).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
  });
});

describe("what a link carries", () => {
  it.each(MODES)("is no cookie and no bearer's token: %s", async (mode) => {
    const all = [cookieTransport(), headerTransport(), urlTransport()] as const;
    const { sessions, visitor } = openSite({ transports: all }, mode);
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value: href } = await browser.visit((session) => sessions.link(session, "/report.pdf"));
    const sid = new URL(href, "https://app.example").searchParams.get("sid");
    const [name] = (await browser.cookies()).split("=");
    const bearer = new Request("https://app.example/", { headers: { authorization: `Bearer ${sid}` } });
    expect((await sessions.open(requestWith(`${name}=${sid}`))).userId).toBeUndefined();
    expect((await sessions.open(bearer)).userId).toBeUndefined();
    expect((await sessions.open(new Request(`https://app.example${href}`))).userId).toBe("ann");
  });

  it("is no replay after its page was rotated, and tells nobody that the successor arrived", async () => {
    const { sessions, visitor, clock, events } = openSite({ transports, rotateEvery: "1m", rotationGrace: "1s" });
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value: href } = await browser.visit((session) => sessions.link(session, "/x", { expiresIn: "1h" }));
    for (let rotations = 0; rotations < 3; rotations++) {
      clock.advance(61_000);
      await browser.visit();
      await browser.visit();
    }
    expect(events.filter(({ type }) => type === "rotated").length).toBeGreaterThan(2);
    expect((await sessions.open(new Request(`https://app.example${href}`))).userId).toBe("ann");
    expect((await browser.open()).userId).toBe("ann");
    expect(events.some(({ type }) => type === "reuse")).toBe(false);
  });

  it("is no replay after its session got another id", async () => {
    const { sessions, visitor, clock, events } = openSite({ transports });
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const { value: href } = await browser.visit((session) => sessions.link(session, "/x", { expiresIn: "1h" }));
    await browser.visit((session) => session.rotate());
    clock.advance(61_000);
    await sessions.open(new Request(`https://app.example${href}`));
    expect((await browser.open()).userId).toBe("ann");
    expect(events.some(({ type }) => type === "reuse")).toBe(false);
  });
});

describe("the answer to an address with a session in it", () => {
  it.each(["/x?sid=abc", "/x?a=1&sid=abc&exp=1&sig=x", "/x?sid="])("sends no Referer on from %s", async (path) => {
    const { sessions } = openSite({ transports });
    const answer = await sessions.handle(new Request(`https://app.example${path}`), () => new Response("ok"));
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
  });
});

describe("the answer to an address with a `sid`", () => {
  const request = (headers: Record<string, string>, method = "GET") =>
    new Request("https://app.example/x?sid=made-up", { method, headers });
  const policyOf = (answer: Response) => [answer.status, answer.headers.get("referrer-policy")];

  it("sends no Referer on when the request is refused, or the store is down", async () => {
    const { sessions, visitor, instrument } = openSite({ transports });
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const cookie = await browser.cookies();
    const ask = (asked: Request) => sessions.handle(asked, () => new Response("not reached"));
    expect(policyOf(await ask(request({ cookie, "sec-fetch-site": "cross-site" }, "POST")))).toEqual([
      403,
      "no-referrer",
    ]);
    expect(policyOf(await ask(request({ cookie }, "POST")))).toEqual([403, "no-referrer"]);
    instrument.fail("get");
    expect(policyOf(await ask(request({ cookie })))).toEqual([503, "no-referrer"]);
  });

  it("sends none on when what the request changed could not be saved", async () => {
    const { sessions, instrument } = openSite({ transports });
    instrument.fail("create");
    const answer = await sessions.handle(request({}), (session) => {
      session.data.a = 1;
      return new Response("not sent");
    });
    expect(policyOf(answer)).toEqual([503, "no-referrer"]);
  });
});
