/**
 * What `sojourn init` knows of each framework: how a folder shows that it is one, which file makes the sessions, and
 * which one gives them to the framework. Templates hold `{{import}}` and `{{store}}` where the store goes.
 */

/** A file to write; never one that is there. */
export interface Template {
  readonly path: string;
  readonly text: string;
}

export interface Framework {
  /** As people call it. */
  readonly name: string;
  /**
   * The package whose presence in package.json shows it; the first that matches wins, so full stacks come before what
   * they are made of.
   */
  readonly dependency: string;
  /** The page about it, in docs/. */
  readonly page: string;
  readonly files: readonly Template[];
  /** What is left to do by hand, one line each. */
  readonly next: readonly string[];
}

const LAZY = `import { createSessions } from "sojourn";
import { lazySessions } from "sojourn/adapter";
{{import}}

export interface SessionData {
  count?: number;
}

// Made when they are first used, once for the process: builds evaluate this file without a secret.
export const sessions = lazySessions(() => createSessions<SessionData>({ store: {{store}} }));
`;

const EAGER = `import { createSessions } from "sojourn";
{{import}}

export interface SessionData {
  count?: number;
}

export const sessions = createSessions<SessionData>({ store: {{store}} });
`;

const server = (name: string, dependency: string, page: string, line: string): Framework => ({
  name,
  dependency,
  page,
  files: [{ path: "sessions.ts", text: EAGER }],
  next: [line],
});

export const FRAMEWORKS: readonly Framework[] = [
  {
    name: "Next.js",
    dependency: "next",
    page: "docs/frameworks/next.md",
    files: [
      { path: "lib/session-manager.ts", text: LAZY },
      {
        path: "lib/sessions.ts",
        text: `import { cookies, headers } from "next/headers";
import { nextSession } from "sojourn/next";
import { sessions } from "./session-manager";

export const { getSession, sessionAction, withSession } = nextSession(sessions, { cookies, headers });
export { sessions };
`,
      },
    ],
    next: ["Pages: await getSession(). Actions: sessionAction(async (session, form) => …). Routes: withSession(…)."],
  },
  {
    name: "SvelteKit",
    dependency: "@sveltejs/kit",
    page: "docs/frameworks/sveltekit.md",
    files: [
      { path: "src/lib/server/sessions.ts", text: LAZY },
      {
        path: "src/hooks.server.ts",
        text: `import { building } from "$app/environment";
import { sessionHandle } from "sojourn/sveltekit";
import { sessions } from "./lib/server/sessions";

export const handle = sessionHandle(sessions, { building });
`,
      },
    ],
    next: ["The type of event.locals.session goes into src/app.d.ts, as the page shows."],
  },
  {
    name: "Nuxt",
    dependency: "nuxt",
    page: "docs/frameworks/nuxt.md",
    files: [
      { path: "server/utils/sessions.ts", text: LAZY },
      {
        path: "server/plugins/session.ts",
        text: `import { nuxtSession } from "sojourn/nuxt";
import { sessions } from "../utils/sessions";

export default defineNitroPlugin(nuxtSession(sessions, { body: (event) => readBody(event as never) }));
`,
      },
    ],
    next: ["Event handlers: getSession(sessions, event), from sojourn/nuxt."],
  },
  {
    name: "Astro",
    dependency: "astro",
    page: "docs/frameworks/astro.md",
    files: [
      { path: "src/sessions.ts", text: LAZY },
      {
        path: "src/middleware.ts",
        text: `import { astroSession } from "sojourn/astro";
import { sessions } from "./sessions";

export const onRequest = astroSession(sessions);
`,
      },
    ],
    next: ["Pages: Astro.locals.session, in pages that are not prerendered."],
  },
  {
    name: "TanStack Start",
    dependency: "@tanstack/react-start",
    page: "docs/frameworks/tanstack-start.md",
    files: [
      { path: "src/lib/sessions.server.ts", text: LAZY },
      {
        path: "src/start.ts",
        text: `import { createMiddleware, createStart } from "@tanstack/react-start";
import { type StartContext, startSession } from "sojourn/tanstack-start";
import { type SessionData, sessions } from "./lib/sessions.server";

const session = createMiddleware().server<StartContext<SessionData>>(startSession(sessions));

export const startInstance = createStart(() => ({ requestMiddleware: [session] }));
`,
      },
    ],
    next: ["Server functions and routes: context.session."],
  },
  {
    name: "Solid Start",
    dependency: "@solidjs/start",
    page: "docs/frameworks/solid-start.md",
    files: [
      { path: "src/sessions.ts", text: LAZY },
      {
        path: "src/middleware.ts",
        text: `import { createMiddleware } from "@solidjs/start/middleware";
import { h3Session } from "sojourn/h3";
import { sessions } from "./sessions";

export default createMiddleware([h3Session(sessions)] as never);
`,
      },
    ],
    next: ['vite.config.ts: solidStart({ middleware: "./src/middleware.ts" }).'],
  },
  {
    name: "React Router",
    dependency: "@react-router/dev",
    page: "docs/frameworks/react-router.md",
    files: [{ path: "app/sessions.server.ts", text: LAZY }],
    next: [
      "In app/root.tsx: export const middleware = [sessionMiddleware(sessions)], from sojourn/react-router.",
      "In loaders and actions: getSession(sessions, context).",
    ],
  },
  server("h3", "h3", "docs/frameworks/h3.md", "The first middleware: app.use(h3Session(sessions)), from sojourn/h3."),
  server("Hono", "hono", "README.md", "The first middleware: app.use(honoSession(sessions)), from sojourn/hono."),
  server(
    "Fastify",
    "fastify",
    "README.md",
    "Before your routes: await app.register(fastifySession(sessions)), from sojourn/fastify.",
  ),
  server("Koa", "koa", "README.md", "The first middleware: app.use(koaSession(sessions)), from sojourn/koa."),
  server(
    "Express",
    "express",
    "README.md",
    "The first middleware: app.use(expressSession(sessions)), from sojourn/express.",
  ),
];

/** For a folder that is none of them: `node:http`, or anything with Fetch requests. */
export const PLAIN: Framework = {
  name: "node:http",
  dependency: "",
  page: "README.md",
  files: [{ path: "sessions.ts", text: EAGER }],
  next: ["In a listener: const session = await openSession(sessions, req, res), from sojourn/node."],
};

/** The same for an application without TypeScript. */
export function untyped({ path, text }: Template): Template {
  return {
    path: path.replace(/\.ts$/, ".js"),
    text: text
      .replace(/export interface \w+ \{[^}]*\}\n\n/, "")
      .replace(/<(SessionData|StartContext<SessionData>)>/g, "")
      .replace(/\btype \w+, /g, "")
      .replaceAll(" as never", ""),
  };
}
