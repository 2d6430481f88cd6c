/** Sojourn for NestJS, over Express and over Fastify. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connections } from "../support/adapter-suites/connections.ts";
import { crossSite } from "../support/adapter-suites/cross-site.ts";
import { guarantees } from "../support/adapter-suites/guarantees.ts";
import { requests } from "../support/adapter-suites/requests.ts";
import { nests, nestWays } from "./servers/nest.ts";
import { type Started, startParticular } from "./servers/nest-particular.ts";

for (const adapter of nests) {
  requests(adapter);
  crossSite(adapter);
  connections(adapter);
  guarantees(adapter, nestWays[adapter.name]);
}

describe.each(["express", "fastify"] as const)("what is particular to Nest, over %s", (platform) => {
  let app: Started;
  beforeEach(async () => {
    app = await startParticular(platform);
  });
  afterEach(() => app.close());

  it("lets guards refuse with 401, and with the application's own exception", async () => {
    const answer = await app.client.fetch("/private");
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { statusCode: 401, message: "SOJOURN_NOT_AUTHENTICATED" },
    ]);
    await app.client.fetch("/login", { method: "POST" });
    expect(await (await app.client.fetch("/private")).text()).toBe("ann");
  });

  it("redirects after a login, and the next page sees it", async () => {
    const answer = await app.client.fetch("/login", { method: "POST", redirect: "manual" });
    expect([answer.status, answer.headers.get("location"), answer.headers.getSetCookie().length]).toEqual([
      303,
      "/",
      1,
    ]);
  });

  it("saves before the first event of @Sse, and hands its cookie out", async () => {
    const answer = await app.client.fetch("/events");
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(await answer.text()).toContain("data: 2");
    expect(await (await app.client.fetch("/count")).text()).toBe("1");
  });

  it("shows no message of ours to the client", async () => {
    const answer = await app.client.fetch("/unserialisable");
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining("bad")]);
  });

  it("finds the token of a form behind the body parser", async () => {
    const token = await (await app.client.fetch("/token")).text();
    const cookie = await app.client.cookies();
    const headers = { cookie, "content-type": "application/x-www-form-urlencoded" };
    const post = async (body: string): Promise<number> =>
      (await app.send(new Request("https://app.example/form", { method: "POST", headers, body }))).status;
    expect([await post(`csrf=${encodeURIComponent(token)}`), await post("csrf=wrong")]).toEqual([201, 403]);
  });

  it("gives the sessions to services", () => {
    expect(app.injected).toBe(app.sessions);
  });
});
