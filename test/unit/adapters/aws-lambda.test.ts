/**
 * Faked here are the events of API Gateway, payload formats 1.0 and 2.0 (the latter is that of function URLs, too), by what AWS
 * documents of them: in 1.0 headers keep their case and cookies are one; in 2.0 names are lower case and cookies a list.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type LambdaEvent, type LambdaResult, lambdaSession } from "../../../src/adapters/aws-lambda.ts";
import { createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { instrumentedStore } from "../../../src/testing/index.ts";

interface Data {
  count?: number;
}

const store = instrumentedStore(memoryStore());
const sessions = createSessions<Data>({
  secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc",
  store: store.store,
});

type Ask = (cookies: readonly string[], site?: string) => LambdaEvent;

const formats: Record<string, Ask> = {
  "1.0": (cookies, site = "same-origin") => ({
    httpMethod: "POST",
    path: "/",
    headers: { Host: "app.example", Cookie: cookies.join("; "), "Sec-Fetch-Site": site },
    requestContext: { identity: { sourceIp: "198.51.100.7" } },
  }),
  "2.0": (cookies, site = "same-origin") => ({
    rawPath: "/",
    cookies,
    headers: { host: "app.example", "sec-fetch-site": site },
    requestContext: { http: { method: "POST", sourceIp: "198.51.100.7" } },
  }),
};

const linesOf = ({ cookies, multiValueHeaders }: LambdaResult): string[] =>
  [...(cookies ?? []), ...(multiValueHeaders?.["set-cookie"] ?? [])].map(String);
const cookiesOf = (result: LambdaResult): string[] => linesOf(result).map((line) => line.split(";")[0] as string);

const login = lambdaSession(sessions, async (session: Session<Data>) => {
  await session.login("ann");
  return { statusCode: 303, headers: { location: "/" }, multiValueHeaders: { "Set-Cookie": ["other=1"] } };
});
const me = lambdaSession(sessions, async (session) => ({ body: session.userId ?? "nobody" }));

afterEach(() => {
  vi.restoreAllMocks();
  store.restore();
});

describe.each(Object.entries(formats))("lambdaSession() with payload format %s", (_format, event) => {
  it("answers a login with its cookie beside the application's, records the address, and knows the user then", async () => {
    const answer = await login(event([]));
    expect([answer.statusCode, answer.headers?.location]).toEqual([303, "/"]);
    expect(linesOf(answer)).toEqual(["other=1", expect.stringMatching(/^__Host-.*; HttpOnly/)]);
    expect((await me(event(cookiesOf(answer)))).body).toBe("ann");
    expect((await sessions.list("ann")).items.at(-1)?.device?.network).toContain("198.51.100");
  });

  it("leaves alone what has nothing to say", async () => {
    expect(linesOf(await me(event([])))).toEqual([]);
  });

  it("throws on what the handler throws, unless a login has taken effect: that one reaches the client with a 500", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const fail = lambdaSession(sessions, async () => Promise.reject(new Error("no")));
    await expect(fail(event([]))).rejects.toThrow("no");
    const late = lambdaSession(sessions, async (session) => {
      await session.login("bob");
      session.data.count = 99;
      throw new Error("no");
    });
    const answer = await late(event([]));
    expect(answer.statusCode).toBe(500);
    const read = lambdaSession(sessions, async (session) => ({ body: `${session.userId} ${session.data.count}` }));
    expect((await read(event(cookiesOf(answer)))).body).toBe("bob undefined");
  });

  it("saves nothing of an answer of 500", async () => {
    const known = cookiesOf(await login(event([])));
    const fail = lambdaSession(sessions, async (session) => {
      session.data.count = 99;
      return { statusCode: 500 };
    });
    await fail(event(known));
    const read = lambdaSession(sessions, async (session) => ({ body: String(session.data.count) }));
    expect((await read(event(known))).body).toBe("undefined");
  });

  it("refuses a cross-site request with 403, and answers 503 while the store is down", async () => {
    const known = cookiesOf(await login(event([])));
    const foreign = await me(event(known, "cross-site"));
    expect([foreign.statusCode, linesOf(foreign)]).toEqual([403, []]);
    store.fail("get");
    const down = await me(event(known));
    expect([down.statusCode, down.headers?.["retry-after"], linesOf(down)]).toEqual([503, "1", []]);
  });
});
