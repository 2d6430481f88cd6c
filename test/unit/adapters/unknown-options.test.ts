/** A misspelt option of an adapter or a reader is refused where it is set up, and the near one named. */
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { openSession } from "../../../src/adapters/node.ts";
import { isSessionError } from "../../../src/errors.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { openStore } from "../../../src/stores/open.ts";

const sessions = createSessions({ store: memoryStore(), secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc" });
const nothing = (): void => {};

type Make = (entry: never, options: object) => unknown;
/** For each function that takes options: what it is given, a misspelt option, and what was meant. */
type Case = readonly [make: Make, misspelt: string, meant: string];
interface Entry {
  readonly load: () => Promise<object>;
  readonly functions: Readonly<Record<string, Case | "no options">>;
}

const given = (name: string, ...before: unknown[]): Make => {
  return (entry, options) => (entry as Record<string, (...all: unknown[]) => unknown>)[name]?.(...before, options);
};
const over = (name: string, misspelt: string, meant: string, ...before: unknown[]): Case => [
  given(name, sessions, ...before),
  misspelt,
  meant,
];
const reader = (name: string, misspelt: string, meant: string): Case => [
  (entry, options) => (entry as Record<string, (all: object) => unknown>)[name]?.(options),
  misspelt,
  meant,
];

const ADAPTERS = "../../../src/adapters";
const entries: Readonly<Record<string, Entry>> = {
  astro: {
    load: () => import(`${ADAPTERS}/astro.ts`),
    functions: { astroSession: over("astroSession", "locals", "local") },
  },
  "aws-lambda": {
    load: () => import(`${ADAPTERS}/aws-lambda.ts`),
    functions: { lambdaSession: over("lambdaSession", "onerror", "onError", nothing) },
  },
  elysia: {
    load: () => import(`${ADAPTERS}/elysia.ts`),
    functions: { elysiaSession: over("elysiaSession", "adress", "address") },
  },
  endpoint: {
    load: () => import(`${ADAPTERS}/endpoint.ts`),
    functions: {
      sessionEndpoint: over("sessionEndpoint", "heartBeat", "heartbeat"),
      nodeSessionEndpoint: over("nodeSessionEndpoint", "streams", "stream"),
    },
  },
  express: {
    load: () => import(`${ADAPTERS}/express.ts`),
    functions: {
      expressSession: over("expressSession", "CSRF", "csrf"),
      expressCsrf: "no options",
      getSession: "no options",
    },
  },
  fastify: {
    load: () => import(`${ADAPTERS}/fastify.ts`),
    functions: { fastifySession: over("fastifySession", "decorate", "decorator"), getSession: "no options" },
  },
  fetch: {
    load: () => import(`${ADAPTERS}/fetch.ts`),
    functions: {
      withSession: over("withSession", "readonly", "readOnly", nothing),
      withLazySession: over("withLazySession", "isAnswers", "isAnswer", nothing),
    },
  },
  h3: {
    load: () => import(`${ADAPTERS}/h3.ts`),
    functions: { h3Session: over("h3Session", "onErrors", "onError"), getSession: "no options" },
  },
  hono: {
    load: () => import(`${ADAPTERS}/hono.ts`),
    functions: { honoSession: over("honoSession", "lasy", "lazy") },
  },
  koa: {
    load: () => import(`${ADAPTERS}/koa.ts`),
    functions: { koaSession: over("koaSession", "csfr", "csrf"), koaCsrf: "no options" },
  },
  nest: {
    load: () => import(`${ADAPTERS}/nest.ts`),
    functions: {
      SessionModule: [
        (entry, options) =>
          (entry as { SessionModule: { forRoot: Make } }).SessionModule.forRoot(sessions as never, options),
        "route",
        "routes",
      ],
      currentSession: "no options",
      CurrentSession: "no options",
      SignedIn: "no options",
      CsrfGuard: "no options",
    },
  },
  next: {
    load: () => import(`${ADAPTERS}/next.ts`),
    functions: { nextSession: over("nextSession", "touch", "address, csrf, onError", {}) },
  },
  node: {
    load: () => import(`${ADAPTERS}/node.ts`),
    functions: {
      withSession: over("withSession", "onError2", "onError", nothing),
      // They are called for each request and never reject: below.
      openSession: "no options",
      openUpgrade: "no options",
    },
  },
  nuxt: {
    load: () => import(`${ADAPTERS}/nuxt.ts`),
    functions: {
      nuxtSession: over("nuxtSession", "bodies", "body"),
      userSession: over("userSession", "user", "userId"),
      getSession: "no options",
    },
  },
  passport: {
    load: () => import(`${ADAPTERS}/passport.ts`),
    functions: {
      usePassport: [(entry, options) => given("usePassport", {}, sessions)(entry, options), "factor", "factors"],
    },
  },
  "react-router": {
    load: () => import(`${ADAPTERS}/react-router.ts`),
    functions: {
      sessionMiddleware: over("sessionMiddleware", "touches", "touch"),
      getSession: "no options",
      sessionStorage: "no options",
    },
  },
  "socket.io": {
    load: () => import(`${ADAPTERS}/socket.io.ts`),
    functions: {
      ioSession: over("ioSession", "require", "required"),
      ioAllowRequest: "no options",
      getSession: "no options",
    },
  },
  sveltekit: {
    load: () => import(`${ADAPTERS}/sveltekit.ts`),
    functions: { sessionHandle: over("sessionHandle", "build", "building") },
  },
  "tanstack-start": {
    load: () => import(`${ADAPTERS}/tanstack-start.ts`),
    functions: { startSession: over("startSession", "addres", "address") },
  },
  ws: {
    load: () => import(`${ADAPTERS}/ws.ts`),
    functions: { wsUpgrade: over("wsUpgrade", "closecode", "closeCode", {}), getSession: "no options" },
  },
  yoga: {
    load: () => import(`${ADAPTERS}/yoga.ts`),
    functions: { yogaSession: over("yogaSession", "adress", "address") },
  },
  migrate: {
    load: () => import("../../../src/migrate/migrate.ts"),
    functions: {
      importSessions: over("importSessions", "onimport", "onImport"),
      fromAuthJs: reader("fromAuthJs", "cookies", "cookie"),
      fromNextAuth: reader("fromNextAuth", "salt", "secret"),
      fromHonoSessions: reader("fromHonoSessions", "encryption", "encryptionKey"),
      fromH3: reader("fromH3", "maxage", "maxAge"),
      fromIronSession: reader("fromIronSession", "passwords", "password"),
      fromCookieSession: reader("fromCookieSession", "pth", "path"),
      fromKoaSession: reader("fromKoaSession", "stores", "store"),
      fromAuthJsDatabase: reader("fromAuthJsDatabase", "ends", "end"),
      fromBetterAuth: reader("fromBetterAuth", "secret2", "secret"),
      fromLucia: reader("fromLucia", "domains", "domain"),
      fromReactRouter: reader("fromReactRouter", "cookieName", "cookie"),
      fromReactRouterStored: reader("fromReactRouterStored", "reads", "read"),
      fromFastifySecureSession: reader("fromFastifySecureSession", "expire", "expiry"),
      fromExpressSession: reader("fromExpressSession", "name", "cookie"),
      fromFastifySession: reader("fromFastifySession", "cookiePath", "path"),
    },
  },
  "stores/express-session": {
    load: () => import("../../../src/stores/express-session.ts"),
    functions: {
      toExpressStore: [given("toExpressStore", memoryStore(), { Store: class {} }), "touchAfter", "touchEvery"],
      fromExpressStore: "no options",
    },
  },
};

const refusal = (make: () => unknown): Error | undefined => {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  return undefined;
};

test.each(Object.entries(entries))("%s refuses an option that there is not", async (_, { load, functions }) => {
  const entry = await load();
  const exported = Object.entries(entry).filter(([, it]) => typeof it === "function" || "forRoot" in Object(it));
  expect(exported.map(([name]) => name).sort(), "every function is in the table").toEqual(
    Object.keys(functions).sort(),
  );
  for (const [name, each] of Object.entries(functions)) {
    if (each === "no options") continue;
    const [make, misspelt, meant] = each;
    const error = refusal(() => make(entry as never, { [misspelt]: nothing }));
    expect(isSessionError(error, "SOJOURN_INVALID_OPTION"), `${name}: ${error?.message ?? "nothing thrown"}`).toBe(
      true,
    );
    expect(error?.message).toContain(`"${misspelt}"`);
    expect(error?.message).toContain(meant);
  }
});

test("openSession answers 500 for an option that there is not, and says which", async () => {
  const told: unknown[] = [];
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const options = { onError: (error: unknown) => told.push(error), bodies: nothing };
  expect(await openSession(sessions, request, response, options)).toBeUndefined();
  expect(response.statusCode).toBe(500);
  expect(told).toMatchObject([{ code: "SOJOURN_INVALID_OPTION", message: /"bodies".*body/s }]);
});

test("openStore refuses an unknown option beside the URL", async () => {
  const opened = openStore("memory:", { user: false } as object);
  await expect(opened).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION", message: /"user".*users/s });
});
