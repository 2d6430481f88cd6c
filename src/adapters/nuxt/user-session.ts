/** The session of an event by the names that nuxt-auth-utils made customary: `user` and what else a page shows, in `data`. */
import { checkKnown, invalidOption } from "../../errors.ts";
import type { Session } from "../../index.ts";
import type { NuxtEvent } from "./event.ts";
import { merged } from "./merged.ts";

/** Data that the utilities keep. A page is shown all of it, but for `secure`. */
export interface UserSessionData {
  user?: object | undefined;
  secure?: object | undefined;
}

/** What the utilities give. */
export type UserSession<Data extends UserSessionData> = Data & { readonly id: string };

/** The same, of somebody who is logged in. */
export type KnownUserSession<Data extends UserSessionData> = UserSession<Data> & {
  readonly user: NonNullable<Data["user"]>;
};

/** What `sessionHooks.hook` takes. `fetch` may add to what the page is shown, or throw to refuse it. */
export interface SessionHooks<Data extends UserSessionData> {
  hook(name: "fetch" | "clear", listener: (session: UserSession<Data>, event: NuxtEvent) => unknown): void;
}

/** Whose session it becomes when a `user` is set. */
export interface UserSessionOptions<Data extends UserSessionData> {
  /** Which user that is, of the `user` that is set: your own key, 1 to 255 characters. Default: `user.id`. */
  readonly userId?: ((user: NonNullable<Data["user"]>) => string | undefined) | undefined;
}

/** The server's utilities; `userSession` makes them. */
export interface UserSessionUtilities<Data extends UserSessionData> {
  /** What is known; `user` while somebody is logged in, and never else. */
  getUserSession(event: NuxtEvent): Promise<UserSession<Data>>;
  /** Puts data on top of what is there; another `user` is logged in, with a new session id. Resolves to all of it. */
  setUserSession(event: NuxtEvent, data: Partial<Data>): Promise<UserSession<Data>>;
  /** Puts data in the place of what is there; without a `user`, who was logged in is logged out. */
  replaceUserSession(event: NuxtEvent, data: Partial<Data>): Promise<UserSession<Data>>;
  /** Ends the session. True, for handlers that answer with it. */
  clearUserSession(event: NuxtEvent): Promise<true>;
  /** As `getUserSession`; throws h3's error with 401, or what is asked for, when nobody is logged in. */
  requireUserSession(
    event: NuxtEvent,
    refusal?: { readonly statusCode?: number; readonly message?: string },
  ): Promise<KnownUserSession<Data>>;
  /** A handler for the page's `useUserSession`: GET shows, without `secure`; DELETE clears. */
  userSessionHandler(event: NuxtEvent): Promise<object>;
  readonly sessionHooks: SessionHooks<Data>;
}

/** h3 1 tells its errors by this mark; others are logged as failures, and their messages are hidden. */
class Refusal extends Error {
  static readonly __h3_error__ = true;
  readonly fatal = false;
  readonly unhandled = false;
  readonly statusCode: number;
  readonly statusMessage: string;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.statusMessage = message;
  }

  toJSON(): object {
    return { message: this.message, statusCode: this.statusCode, statusMessage: this.statusMessage };
  }
}

function idOf(user: object): string | undefined {
  const { id } = user as { readonly id?: unknown };
  return typeof id === "string" || typeof id === "number" ? String(id) : undefined;
}

/** @param sessionOf The session of an event. */
export function userSessionOf<Data extends UserSessionData>(
  sessionOf: (event: NuxtEvent) => Session<Data>,
  options: UserSessionOptions<Data>,
): UserSessionUtilities<Data> {
  checkKnown(options, { userId: true });
  const { userId = idOf } = options;
  const listeners = { fetch: [] as Listener<Data>[], clear: [] as Listener<Data>[] };
  const call = async (name: "fetch" | "clear", session: UserSession<Data>, event: NuxtEvent): Promise<void> => {
    for (const listener of listeners[name]) await listener(session, event);
  };

  const shown = ({ data, id, userId: known }: Session<Data>): UserSession<Data> => {
    const { user, ...rest } = structuredClone(data) as UserSessionData;
    return { ...rest, ...(known !== undefined && { user: user ?? { id: known } }), id } as UserSession<Data>;
  };

  const become = async (session: Session<Data>, user: NonNullable<Data["user"]> | undefined): Promise<void> => {
    if (user === undefined) return;
    const id = userId(user);
    if (id === undefined && session.userId === undefined)
      throw invalidOption("user", undefined, "a `user` with an `id`, or the option `userId` of userSession()");
    if (id !== undefined && id !== session.userId) await session.login(id);
  };

  const utilities: UserSessionUtilities<Data> = {
    getUserSession: async (event) => shown(sessionOf(event)),

    async setUserSession(event, data) {
      const session = sessionOf(event);
      await become(session, data.user as NonNullable<Data["user"]> | undefined);
      Object.assign(session.data, merged(session.data, data));
      return shown(session);
    },

    async replaceUserSession(event, data) {
      const session = sessionOf(event);
      if (data.user === undefined && session.userId !== undefined) await session.logout();
      await become(session, data.user as NonNullable<Data["user"]> | undefined);
      for (const key of Object.keys(session.data)) delete session.data[key as keyof Data];
      Object.assign(session.data, structuredClone(data));
      return shown(session);
    },

    async clearUserSession(event) {
      const session = sessionOf(event);
      await call("clear", shown(session), event);
      await session.logout();
      return true;
    },

    async requireUserSession(event, { statusCode = 401, message = "Unauthorized" } = {}) {
      const known = shown(sessionOf(event));
      if (known.user === undefined) throw new Refusal(statusCode, message);
      return known as KnownUserSession<Data>;
    },

    async userSessionHandler(event) {
      const { method } = event.node.req;
      if (method === "DELETE") return { loggedOut: await utilities.clearUserSession(event) };
      if (method !== "GET" && method !== "HEAD") throw new Refusal(405, "Method Not Allowed");
      const session = shown(sessionOf(event));
      await call("fetch", session, event);
      const { secure: _, ...visible } = session;
      return visible;
    },

    sessionHooks: { hook: (name, listener) => void listeners[name].push(listener) },
  };
  return utilities;
}

type Listener<Data extends UserSessionData> = (session: UserSession<Data>, event: NuxtEvent) => unknown;
