import { describe, expect, it } from "vitest";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";

const ORIGIN = "https://app.example";
const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

async function posted(headers: Record<string, string>, field?: (token: string) => unknown) {
  const sessions = createSessions({ store: memoryStore(), secrets: SECRET });
  const first = await sessions.open(new Request(ORIGIN));
  const token = await first.csrfToken();
  const cookie = (await sessions.commit(first))
    .find(({ name }) => name === "set-cookie")
    ?.value.split(";")[0] as string;
  const request = new Request(ORIGIN, { method: "POST", headers: { cookie, ...headers } });
  return sessions.protect(request, await sessions.open(request), () => field?.(token));
}

describe("protect()", () => {
  it("lets a request of the application's own pages through without a token", async () => {
    expect(await posted({ "sec-fetch-site": "same-origin" })).toEqual({ allowed: true, reason: "same-origin" });
  });

  it("refuses another site's, whatever token it brings", async () => {
    const answer = await posted({ "sec-fetch-site": "cross-site" }, (token) => token);
    expect(answer).toEqual({ allowed: false, reason: "cross-site" });
  });

  it("tells a missing token from a wrong one where the browser says nothing", async () => {
    expect(await posted({})).toEqual({ allowed: false, reason: "missing-token" });
    expect(await posted({}, () => "x".repeat(86))).toEqual({ allowed: false, reason: "wrong-token" });
    expect(await posted({ "x-csrf-token": "no" })).toEqual({ allowed: false, reason: "wrong-token" });
  });

  it("asks nobody for a body whose cookie proves nothing: an attacker's upload is not read into memory", async () => {
    const sessions = createSessions({
      store: memoryStore(),
      secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc",
    });
    const headers = { cookie: `__Host-Http-session=${"A".repeat(52)}` };
    const request = new Request(ORIGIN, { method: "POST", headers });
    let asked = false;
    const answer = await sessions.protect(request, await sessions.open(request), () => {
      asked = true;
    });
    expect([answer, asked]).toEqual([{ allowed: false, reason: "missing-token" }, false]);
  });

  it("takes the token from the field or from the parsed body", async () => {
    const allowed = { allowed: true, reason: "token-when-unsure" };
    expect(await posted({}, (token) => token)).toEqual(allowed);
    expect(await posted({}, (token) => ({ csrf: token }))).toEqual(allowed);
  });
});

describe("handle()", () => {
  it("reads no more of a form than a token needs", async () => {
    const sessions = createSessions({ store: memoryStore(), secrets: SECRET });
    const first = await sessions.open(new Request(ORIGIN));
    await first.csrfToken();
    const cookie = (await sessions.commit(first)).find(({ name }) => name === "set-cookie")?.value.split(";")[0];
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(97));
      },
    });
    const headers = { cookie: cookie as string, "content-type": "application/x-www-form-urlencoded" };
    const request = new Request(ORIGIN, { method: "POST", headers, body, duplex: "half" } as RequestInit);
    const response = await sessions.handle(request, async () => new Response("not reached"));
    expect(response.status).toBe(403);
    expect(sent).toBeLessThan(2_000_000);
  });
});
