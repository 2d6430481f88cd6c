/** A token counts in the cookie that it was issued for, and in no other. */
import { describe, expect, it } from "vitest";
import * as base64url from "../../src/crypto/base64url.ts";
import { createKeyRing } from "../../src/crypto/keyring.ts";
import { cookieTransport } from "../../src/transport/cookie.ts";
import { headerTransport } from "../../src/transport/header.ts";
import { anotherServer, MODES, openSite, requestWith, SECRET } from "../support/visitor.ts";

const SHOP = "__Host-shop";
const ADMIN = "__Host-admin";
const SIGNED_BYTES = 23;

/** The token as release 0.1 issued it: the tag covered key, id and generation, and no place. */
async function asBefore(cookie: string): Promise<string> {
  const [name, value = ""] = cookie.split("=");
  const bytes = Uint8Array.from(base64url.decode(value) as Uint8Array);
  const mac = await createKeyRing(SECRET, { audience: "" }).active.mac("token");
  bytes.set((await mac(bytes.slice(0, SIGNED_BYTES))).slice(0, 16), SIGNED_BYTES);
  return `${name}=${base64url.encode(bytes)}`;
}

describe("a cookie that was renamed", () => {
  it.each(MODES)("proves nothing to the other application with the same secret and store: %s", async (mode) => {
    const site = openSite({ cookie: { name: SHOP } }, mode);
    const admin = anotherServer(site, { cookie: { name: ADMIN } }, mode);
    const browser = site.visitor();
    await browser.visit((session) => session.login("1"));
    const cookies = await browser.cookies();
    expect((await site.sessions.open(requestWith(cookies))).userId).toBe("1");
    expect((await admin.open(requestWith(cookies.replaceAll(SHOP, ADMIN)))).userId).toBeUndefined();
    expect(site.events.at(-1)).toMatchObject({ type: "rejected", reason: "foreign" });
  });
});

describe("the header of the same application", () => {
  it("takes the token of the cookie, and the cookie that of the header", async () => {
    const transports = [cookieTransport({ name: SHOP }), headerTransport()] as const;
    const site = openSite({ transports });
    const browser = site.visitor();
    await browser.visit((session) => session.login("ann"));
    const [, token] = (await browser.cookies()).split("=");
    const request = new Request("https://app.example/", { headers: { authorization: `Bearer ${token}` } });
    expect((await site.sessions.open(request)).userId).toBe("ann");
  });
});

describe("two applications with one secret and store", () => {
  const get = (name: string, value: string) => new Request("https://app.example/", { headers: { [name]: value } });

  it.each(MODES)("whose lists begin with the same header have a cookie's name of their own each: %s", async (mode) => {
    const site = openSite({ transports: [headerTransport(), cookieTransport({ name: SHOP })] }, mode);
    const admin = anotherServer(site, { transports: [headerTransport(), cookieTransport({ name: ADMIN })] }, mode);
    const response = await site.sessions.handle(new Request("https://app.example/"), async (session) => {
      await session.login("1");
      return new Response();
    });
    const token = response.headers.get("session-token") ?? "";
    const bearer = get("authorization", `Bearer ${token}`);
    expect((await site.sessions.open(bearer)).userId).toBe("1");
    expect((await site.sessions.open(requestWith(`${SHOP}=${token}`))).userId).toBe("1");
    expect((await admin.open(bearer.clone())).userId).toBeUndefined();
    expect((await admin.open(requestWith(`${ADMIN}=${token}`))).userId).toBeUndefined();
  });

  it.each(MODES)("have a header of their own each: %s", async (mode) => {
    const site = openSite({ transports: [headerTransport({ name: "x-shop" })] }, mode);
    const admin = anotherServer(site, { transports: [headerTransport({ name: "x-admin" })] }, mode);
    const response = await site.sessions.handle(new Request("https://app.example/"), async (session) => {
      await session.login("1");
      return new Response();
    });
    const token = response.headers.get("x-shop") ?? "";
    expect((await site.sessions.open(get("x-shop", token))).userId).toBe("1");
    expect((await admin.open(get("x-admin", token))).userId).toBeUndefined();
  });
});

describe("a token of release 0.1", () => {
  it("is accepted, exchanged within a minute's age, and a replay after that", async () => {
    const site = openSite({ cookie: { name: SHOP } });
    const browser = site.visitor();
    await browser.visit((session) => session.login("ann"));
    const old = await asBefore(await browser.cookies());
    expect((await site.sessions.open(requestWith(old))).userId).toBe("ann");

    site.clock.advance(60_000);
    const answer = await site.sessions.handle(requestWith(old), () => new Response("ok"));
    const [renewed = ""] = (answer.headers.getSetCookie()[0] ?? "").split(";");
    expect(renewed).toMatch(new RegExp(`^${SHOP}=`));
    expect((await site.sessions.open(requestWith(renewed))).userId).toBe("ann");

    // Requests that were under way carry the old one.
    expect((await site.sessions.open(requestWith(old))).userId).toBe("ann");
    await site.sessions.handle(requestWith(renewed), () => new Response("ok"));
    site.clock.advance(60_000);
    expect((await site.sessions.open(requestWith(old))).userId).toBeUndefined();
    expect(site.events.some(({ type }) => type === "reuse")).toBe(true);
  });

  it("is not made by this release, so that what it issues counts in one cookie whatever became of the old", async () => {
    const site = openSite({ cookie: { name: SHOP } });
    const admin = anotherServer(site, { cookie: { name: ADMIN } });
    const browser = site.visitor();
    await browser.visit((session) => session.login("1"));
    const old = await asBefore(await browser.cookies());
    site.clock.advance(60_000);
    const answer = await site.sessions.handle(requestWith(old), () => new Response("ok"));
    const [renewed = ""] = (answer.headers.getSetCookie()[0] ?? "").split(";");
    expect((await site.sessions.open(requestWith(renewed))).userId).toBe("1");
    expect((await admin.open(requestWith(renewed.replace(SHOP, ADMIN)))).userId).toBeUndefined();
  });
});
