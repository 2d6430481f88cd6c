/**
 * Everything that somebody may do in a run (visits, logins, logouts, revocations, a replay, a sweep): what it means for
 * others, and how it is performed.
 */
import { type AllSessions, isSessionError, type Session } from "../../index.ts";
import { isSweepStore } from "../../stores/store.ts";
import { InjectedFailure } from "./stage.ts";
import { browserOf, type Data, type Outcome, type World } from "./world.ts";

/** Who does it: a tab of a browser (X, Y), somebody with X's first token, or the operator. */
type By = "X" | "Y" | "thief" | "operator";

/** What is done, and what it means for others when it is acknowledged. */
export interface Deed {
  readonly by: By;
  /** The browsers whose session it ends. */
  readonly ends?: readonly string[];
  /** Those that it ends are all sessions whose login had begun. */
  readonly widely?: true;
  /** The user that browser X has afterwards. */
  readonly becomes?: "ann" | "bob";
  /** It leaves a mark in the data or in the messages. */
  readonly writes?: true;
  /** It is no sign of life. */
  readonly background?: true;
  /** Browser X must be ann's. */
  readonly needsUser?: true;
  /** What a request does; for the operator see `operate`. */
  readonly act?: (session: Session<Data>, cast: Cast) => unknown;
  /** The handler goes on for a while after its verb. */
  readonly lingers?: true;
  readonly operate?: (cast: Cast) => Promise<unknown>;
}

/** Who acts, and where. */
export interface Cast {
  readonly world: World;
  readonly sessions: AllSessions<Data>;
  readonly outcome: Outcome;
  /** Stops until the scheduler lets it go on. */
  readonly pause: (name: string) => Promise<unknown>;
}

/** Says whose it is, so that it is recognised in other hands. */
export function markOf(owner: string | undefined, what: string): string {
  return `${owner ?? "nobody"}/${what}`;
}

const mark = (session: Session<Data>, { outcome }: Cast): string => {
  outcome.mark = markOf(session.userId, outcome.actor);
  return outcome.mark;
};

const EIGHT_AND_ONE = 9;
const A_MINUTE_AND_MORE = 61_000;

/** A cart that is changed in place, as applications do. */
function pushToCart(session: Session<Data>, what: string): void {
  const { data } = session;
  if (Array.isArray(data.cart)) data.cart.push(what);
  data.hits = Number(data.hits ?? 0) + 1;
}

/** The deeds that the scheduler knows. */
export type DeedName =
  | "visit"
  | "write"
  | "background write"
  | "update"
  | "flash"
  | "csrf token"
  | "login"
  | "login other"
  | "update, login other"
  | "logout, login other"
  | "rotate"
  | "rotate often"
  | "rotate Y"
  | "reauthenticate"
  | "logout"
  | "late logout"
  | "destroy"
  | "revoke"
  | "revokeOthers"
  | "revokeOthers Y"
  | "revokeUser"
  | "revokeAll"
  | "replay"
  | "sweep";

const DEEDS: Readonly<Record<DeedName, Deed>> = {
  visit: { by: "X", act: (session) => session.data },
  write: {
    by: "X",
    writes: true,
    act: (session, cast) => {
      session.data[`by${cast.outcome.actor}`] = mark(session, cast);
    },
  },
  "background write": {
    by: "X",
    writes: true,
    background: true,
    act: (session, cast) => {
      session.data[`by${cast.outcome.actor}`] = mark(session, cast);
    },
  },
  update: {
    by: "X",
    writes: true,
    act: (session, cast) => {
      const added = mark(session, cast);
      return session.update("added", (list) => [...((list as string[] | undefined) ?? []), added]);
    },
  },
  flash: { by: "X", writes: true, act: (session, cast) => session.flash("info", mark(session, cast)) },
  "csrf token": { by: "X", act: (session) => session.csrfToken() },
  login: { by: "X", becomes: "ann", lingers: true, act: (session) => session.login("ann") },
  "login other": {
    by: "X",
    becomes: "bob",
    lingers: true,
    act: (session) => {
      pushToCart(session, "own");
      return session.login("bob");
    },
  },
  "update, login other": {
    by: "X",
    becomes: "bob",
    act: async (session) => {
      await session.update((data) => {
        if (Array.isArray(data.cart)) data.cart.push("own");
      });
      await session.login("bob");
    },
  },
  "logout, login other": {
    by: "X",
    ends: ["X"],
    becomes: "bob",
    act: async (session) => {
      await session.logout();
      await session.login("bob");
    },
  },
  rotate: { by: "X", lingers: true, act: (session) => session.rotate() },
  "rotate often": {
    by: "X",
    act: async (session) => {
      for (let times = 0; times < EIGHT_AND_ONE; times++) await session.rotate();
    },
  },
  "rotate Y": { by: "Y", act: (session) => session.rotate() },
  reauthenticate: { by: "X", needsUser: true, lingers: true, act: (session) => session.reauthenticate() },
  logout: { by: "X", ends: ["X"], lingers: true, act: (session) => session.logout() },
  "late logout": {
    by: "X",
    ends: ["X"],
    act: async (session, { world, pause }) => {
      await pause("a minute");
      world.clock.advance(A_MINUTE_AND_MORE);
      await session.logout();
    },
  },
  destroy: { by: "X", ends: ["X"], act: (session) => session.destroy() },
  revoke: {
    by: "operator",
    ends: ["X"],
    operate: ({ world, sessions }) => sessions.revoke(world.ids.get("X") ?? ""),
  },
  revokeOthers: {
    by: "X",
    ends: ["Y"],
    widely: true,
    needsUser: true,
    act: (session, { sessions }) => sessions.revokeOthers(session),
  },
  "revokeOthers Y": {
    by: "Y",
    ends: ["X"],
    widely: true,
    act: (session, { sessions }) => sessions.revokeOthers(session),
  },
  revokeUser: { by: "operator", ends: ["X", "Y"], widely: true, operate: ({ sessions }) => sessions.revokeUser("ann") },
  revokeAll: { by: "operator", ends: ["X", "Y", "Z"], widely: true, operate: ({ sessions }) => sessions.revokeAll() },
  replay: { by: "thief", ends: ["X"], act: (session) => session.data },
  sweep: {
    by: "operator",
    operate: async ({ world, outcome }) => {
      const store = world.stores.get(outcome.actor);
      if (store && isSweepStore(store)) await store.deleteExpired();
    },
  },
};

export const DEED_NAMES: readonly DeedName[] = Object.keys(DEEDS) as readonly DeedName[];

export function deedOf(name: string): Deed {
  const deed: Deed | undefined = Object.hasOwn(DEEDS, name) ? DEEDS[name as DeedName] : undefined;
  if (!deed) throw new RangeError(`there is no deed ${JSON.stringify(name)}; the deeds are ${DEED_NAMES.join(", ")}`);
  return deed;
}

/** Does it, from the request to the answer. Never rejects: what went wrong is in the outcome. */
export async function perform(world: World, outcome: Outcome, sessions: AllSessions<Data>): Promise<void> {
  const { actor } = outcome;
  const deed = deedOf(outcome.deed);
  const clockwise = { reads: [], writes: ["clock"] };
  const pause = (name: string): Promise<unknown> => world.stage.hold({ actor, name, footprint: clockwise });
  await pause("start");
  outcome.startedAt = world.steps;
  outcome.firstStartedAt ||= world.steps;
  outcome.startedTime = world.clock();
  const cast: Cast = { world, sessions, outcome, pause };
  try {
    if (deed.operate) {
      await deed.operate(cast);
      outcome.status = 200;
    } else await request(deed, cast);
  } catch (error) {
    outcome.status = isSessionError(error) ? error.status : error instanceof InjectedFailure ? 503 : 500;
    outcome.code = isSessionError(error) ? error.code : String(error);
  }
  outcome.answeredAt = world.steps;
}

async function request(deed: Deed, cast: Cast): Promise<void> {
  const { world, sessions, outcome, pause } = cast;
  const browser = browserOf(world, deed.by === "Y" ? "Y" : "X");
  const sent = browser.request(deed.by === "thief" ? world.stolen : undefined);
  const response = await sessions.handle(
    sent,
    async (session) => {
      outcome.live = !session.isNew;
      outcome.user = session.userId;
      try {
        await deed.act?.(session, cast);
      } catch (error) {
        outcome.code = isSessionError(error) ? error.code : String(error);
        throw error;
      }
      if (deed.lingers) await pause("answer");
      return new Response(null);
    },
    { touch: deed.background !== true },
  );
  if (outcome.mark !== undefined && response.ok) outcome.carried = await carries(world, response, outcome.mark);
  outcome.status = response.status;
  if (deed.by !== "thief") browser.keep(response);
}

/** Whether the cookie that an answer sets brings the mark. */
async function carries({ probe, stage }: World, response: Response, mark: string): Promise<boolean> {
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0] ?? "")
    .join("; ");
  if (cookie === "") return false;
  const request = new Request("https://app.example/", { headers: { cookie } });
  const session = await stage.inside(() => probe.open(request, { touch: false }));
  return JSON.stringify(session.data).includes(mark);
}
