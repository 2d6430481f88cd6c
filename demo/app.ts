/**
 * The application: a counter, a note, a login and a list of devices, on Express.
 *
 * Sojourn is in four places: `expressSession` gives each request its `session`, the handlers use it, the
 * forms carry its CSRF token, and `devices` reaches the sessions that are not this request's own.
 */
import { fileURLToPath } from "node:url";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import type { Sessions, UserSessions } from "sojourn";
import { expressSession } from "sojourn/express";
import { LoginLimit } from "./attempts.ts";
import type { Visit } from "./sessions.ts";
import type { Users } from "./users.ts";
import { devicesPage, noDevicesPage } from "./views/devices.ts";
import { errorPage, errorTitle } from "./views/error.ts";
import { homePage, NOTE_LENGTH } from "./views/home.ts";
import { layout, type Page, type Visitor } from "./views/layout.ts";
import { loginPage, logoutPage, NAME_LENGTH } from "./views/login.ts";

export interface Parts {
  readonly sessions: Sessions<Visit>;
  /** Absent in the stateless mode, which knows of no other sessions. */
  readonly devices: UserSessions<Visit> | undefined;
  readonly users: Users;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Aborts when the server is about to end, so that open streams do not hold it up. */
  readonly closing: AbortSignal;
}

export function createApp(parts: Parts): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use(securityHeaders);
  // Before the session: what needs none should not ask for one.
  app.use(express.static(fileURLToPath(new URL("assets", import.meta.url)), { maxAge: "1h", index: false }));
  app.get("/favicon.ico", (_req, res) => void res.status(204).end());
  app.get("/robots.txt", (_req, res) => void res.type("text").send("User-agent: *\nDisallow: /\n"));
  // Before the session as well: it looks for the CSRF token in the form.
  app.use(express.urlencoded({ extended: false, limit: "10kb" }));
  // An open stream is no sign of life: it must not keep a session from becoming idle.
  app.use("/events", expressSession(parts.sessions, { touch: false }));
  app.use(expressSession(parts.sessions));

  addCounter(app, parts);
  addLogin(app, parts);
  if (parts.devices) addDevices(app, parts, parts.devices);
  else addNoDevices(app, parts);

  onlyBy(app, "/note", "POST");
  onlyBy(app, "/login", "GET, HEAD, POST");
  onlyBy(app, "/logout", "GET, HEAD, POST");
  onlyBy(app, "/devices", "GET, HEAD");
  onlyBy(app, "/", "GET, HEAD");
  app.use((req, res) => notFound(req, res, parts));
  app.use(onError);
  return app;
}

/** `GET /` counts; `POST /note` keeps a line of text. */
function addCounter(app: Express, parts: Parts): void {
  // Whoever asks for the headers only has not come in. Express would run the handler of GET.
  app.head("/", (_req, res) => void res.end());

  app.get("/", async (req, res) => {
    const { session } = req;
    // Exact, however many tabs count at once: it is stored before it resolves.
    const count = await session.update("count", (n) => n + 1);
    const text = (): void => {
      res.type("text").send(`Session${session.isNew ? " created" : ""}: ${session.id}\nCount: ${count}\n`);
    };
    const html = async (): Promise<void> => {
      const seen = await visitor(req, parts, "with forms");
      // Not a flash message: that would be stored, and begin the next session before its first visit.
      const who = session.isNew && req.query.out !== undefined ? { ...seen, flashes: [SIGNED_OUT] } : seen;
      const content = homePage({ visitor: who, session, count, policy: parts.sessions.policy, now: parts.clock() });
      show(res, who, { title: "Counter", path: "/", content });
    };
    await (req.accepts(["text", "html"]) === "html" ? html() : text());
  });

  app.post("/note", withToken, (req, res) => {
    // Plain data: what changed is saved before the response is sent.
    req.session.data.note = field(req, "note").slice(0, NOTE_LENGTH);
    req.session.flash("success", "Your note is kept.");
    res.redirect(303, "/");
  });
}

/** `GET` and `POST` of `/login` and of `/logout`. */
function addLogin(app: Express, parts: Parts): void {
  const limit = new LoginLimit(parts.clock);
  const form = async (req: Request, res: Response, failed?: { name: string; error: string }): Promise<void> => {
    const who = await visitor(req, parts, "with forms");
    show(res, who, { title: "Sign in", path: "/login", content: loginPage({ visitor: who, ...failed }) });
  };

  app.get("/login", (req, res) => (req.session.userId ? res.redirect(303, "/") : form(req, res)));

  app.post("/login", async (req, res) => {
    const name = field(req, "name").slice(0, NAME_LENGTH).trim().toLowerCase();
    const wait = limit.take(name, req.ip);
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1_000);
      res.status(429).set("Retry-After", String(seconds));
      return form(req, res, { name, error: `Too many tries. Wait ${seconds} seconds, then try again.` });
    }
    const user = await parts.users.authenticate(name, field(req, "password"));
    if (!user) {
      res.status(401);
      return form(req, res, { name, error: "The name or the password is wrong." });
    }
    limit.succeed(name);
    const { session } = req;
    // What an anonymous visitor has gathered comes along; what another user has must not.
    if (session.userId && session.userId !== user.id) await session.logout();
    await session.login(user.id, { factors: ["pwd"], persistent: field(req, "remember") !== "" });
    session.flash("success", "You are signed in. The session has a new id, and what was in it came along.");
    res.redirect(303, "/");
  });

  app.get("/logout", async (req, res) => {
    const who = await visitor(req, parts);
    show(res, who, { title: "Sign out", path: "/logout", content: logoutPage(who) });
  });

  // Who is signed in or out by it needs no token of a page: that it comes from a page of ours is enough.
  app.post("/logout", async (req, res) => {
    await req.session.logout();
    res.redirect(303, req.accepts(["text", "html"]) === "html" ? "/?out" : "/");
  });
}

/** `GET /devices`, and what can be done there: end one, or all but this. `GET /events` tells the others' pages. */
function addDevices(app: Express, parts: Parts, devices: UserSessions<Visit>): void {
  app.get("/devices", signedIn, async (req, res) => {
    const { session } = req;
    const who = await visitor(req, parts, "with forms");
    const { items } = await devices.list(session.userId as string);
    const content = devicesPage({ visitor: who, sessions: items, current: session.id, now: parts.clock() });
    show(res, who, { title: "Devices", path: "/devices", content });
  });

  app.post("/devices/:id/revoke", signedIn, withToken, async (req, res) => {
    const { session } = req;
    // The id comes from the client: only a session of the same user may be ended by it.
    const other = await devices.get(req.params.id as string);
    const ended = other !== null && other.userId === session.userId && (await devices.revoke(other.id));
    session.flash("success", ended ? "That device is signed out." : "That device was signed out already.");
    res.redirect(303, "/devices");
  });

  app.post("/devices/others", signedIn, withToken, async (req, res) => {
    const count = await devices.revokeOthers(req.session);
    req.session.flash(
      "success",
      count === 1 ? "One other device is signed out." : `${count} other devices are signed out.`,
    );
    res.redirect(303, "/devices");
  });

  app.get("/events", (req, res) => {
    const { session } = req;
    res.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    // An event without data is not delivered.
    const ended = "event: ended\ndata: now\n\n";
    if (!session.userId) return void res.end(ended);
    const gone = new AbortController();
    session.signal.addEventListener("abort", () => res.end(ended), { signal: gone.signal });
    parts.closing.addEventListener("abort", () => res.end(), { signal: gone.signal });
    // A comment now and then keeps proxies from closing the stream. It ends after half an hour, and the
    // browser asks anew: whatever was missed is noticed then.
    let beats = 0;
    const heartbeat = setInterval(() => (++beats < 90 ? res.write(":\n\n") : res.end()), 20_000);
    res.on("close", () => {
      clearInterval(heartbeat);
      gone.abort();
    });
    res.write(":\n\n");
  });
}

function addNoDevices(app: Express, parts: Parts): void {
  app.get("/devices", async (req, res) => {
    show(res, await visitor(req, parts), {
      title: "Devices",
      path: "/devices",
      content: noDevicesPage(parts.sessions.policy.mode),
    });
  });
}

const SIGNED_OUT = { kind: "success", text: "You are signed out. This is a new session." } as const;

/**
 * Every form has the session's token, and what changes something for a user asks for it, beside what `expressSession` has
 * checked already: where the request comes from (NIST SP 800-63B-4, 5.1).
 */
const withToken: RequestHandler = async (req, res, next) =>
  (await req.session.verifyCsrfToken(field(req, "csrf"))) ? next() : fail(res, 403);

/** Answers 405 to all methods but these, and says which they are. */
function onlyBy(app: Express, path: string, methods: string): void {
  app.all(path, (req, res) => {
    res.set("Allow", methods);
    if (req.method === "OPTIONS") res.status(204).end();
    else fail(res, 405);
  });
}

const signedIn: RequestHandler = (req, res, next) => (req.session.userId ? next() : res.redirect(303, "/login"));

/** Who looks. Asking for a CSRF token begins a session, so a page without forms does not ask for a stranger. */
async function visitor({ session }: Request, parts: Parts, forms?: "with forms"): Promise<Visitor> {
  const user = parts.users.find(session.userId);
  return {
    user,
    flashes: session.flashes(),
    csrfToken: user || forms ? await session.csrfToken() : "",
    live: user !== undefined && parts.devices !== undefined,
  };
}

function show(res: Response, who: Visitor, page: Page): void {
  res.type("html").send(layout(who, page));
}

/** Whoever is signed in stays so on this page, too. Flashes wait for a page that was meant: browsers ask for icons by themselves. */
async function notFound({ session }: Request, res: Response, parts: Parts): Promise<void> {
  const user = parts.users.find(session.userId);
  const who: Visitor = { user, flashes: [], csrfToken: user ? await session.csrfToken() : "", live: false };
  show(res.status(404), who, { title: errorTitle(404), content: errorPage(404) });
}

/** A field of the form; a field that is missing or sent twice is empty. */
function field(req: Request, name: string): string {
  const value: unknown = (req.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === "string" ? value : "";
}

const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    "Content-Security-Policy":
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    // Not "no-referrer": browsers would send forms with `Origin: null` then, which no check can tell from a stranger's.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  });
  next();
};

/** Errors that know their status (Sojourn's do) answer with it; all others are ours to log. */
const onError: ErrorRequestHandler = (error: { status?: unknown }, _req, res, next) => {
  if (res.headersSent) return next(error);
  const status = typeof error.status === "number" ? error.status : 500;
  if (status >= 500) console.error(error);
  fail(res, status);
};

function fail(res: Response, status: number): void {
  const nobody: Visitor = { user: undefined, flashes: [], csrfToken: "", live: false };
  show(res.status(status), nobody, { title: errorTitle(status), content: errorPage(status) });
}
