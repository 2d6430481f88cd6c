import { describe, expect, it } from "vitest";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";

const ORIGIN = "https://app.example";

async function posted(headers: Record<string, string>, field?: (token: string) => unknown) {
  const sessions = createSessions({ store: memoryStore(), secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc" });
  const first = await sessions.open(new Request(ORIGIN));
  const token = await first.csrfToken();
  const cookie = (await sessions.commit(first)).find(({ name }) => name === "set-cookie")?.value.split(";")[0] as string;
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

  it("takes the token from the field or from the parsed body", async () => {
    const allowed = { allowed: true, reason: "token-when-unsure" };
    expect(await posted({}, (token) => token)).toEqual(allowed);
    expect(await posted({}, (token) => ({ csrf: token }))).toEqual(allowed);
  });
});
