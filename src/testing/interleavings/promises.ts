/**
 * The checks that hold a run against the promises of the library: some at once, even when a request was refused and may
 * come again, and some in the end, when those that were told to come again have. That nobody waits for ever is seen in
 * `interleavings.ts`.
 */
import type { Aftermath, Opened } from "./aftermath.ts";
import { deedOf } from "./deeds.ts";
import type { PromiseName } from "./promise-name.ts";
import { acknowledged, type Outcome, type World } from "./world.ts";

/** A promise that was not kept. */
export interface Broken {
  readonly promise: PromiseName;
  readonly what: string;
}

type Check = (world: World, after: Aftermath) => readonly Broken[] | Broken | undefined;

const nameOf = ({ actor, deed }: Outcome): string => `${deed} (${actor})`;
const done = (world: World): readonly Outcome[] => world.outcomes.filter(acknowledged);

/** Whose session it ends: what is meant for a user leaves an anonymous browser alone. */
function endsOf({ scenario }: World, { deed, user }: Outcome): readonly string[] {
  const { ends = [], widely } = deedOf(deed);
  if (deed === "revokeOthers" && user !== "ann") return user === "bob" ? ["Z"] : [];
  const spared = widely && deed !== "revokeAll" && scenario.visitor === "anonymous" && !hasLogin(scenario.deeds);
  return spared ? ends.filter((browser) => browser !== "X") : ends;
}

function hasLogin(deeds: readonly string[]): boolean {
  return deeds.some((deed) => deedOf(deed).becomes !== undefined);
}

/** Whether some deed of the run, acknowledged or not, ends this browser's session. */
function mayBeEnded(world: World, browser: string): boolean {
  return world.outcomes.some((outcome) => endsOf(world, outcome).includes(browser));
}

/** Who logged out in order to log in as another user leaves nobody without a session. */
function mayBeLeftWithout(world: World, browser: string): boolean {
  return world.outcomes.some(
    (outcome) => endsOf(world, outcome).includes(browser) && !(acknowledged(outcome) && deedOf(outcome.deed).becomes),
  );
}

function firstUser(world: World, browser: string): string | undefined {
  if (browser === "X") return world.scenario.visitor === "ann" ? "ann" : undefined;
  return browser === "Y" ? "ann" : "bob";
}

/** Whom a browser may have in the end; undefined stands for nobody. */
function usersOf(world: World, browser: string): readonly (string | undefined)[] {
  const first = firstUser(world, browser);
  if (browser !== "X") return [first];
  const logins = world.outcomes.filter(({ deed }) => deedOf(deed).becomes !== undefined);
  const users = (outcomes: readonly Outcome[]) => outcomes.map(({ deed }) => deedOf(deed).becomes);
  const certain = logins.filter(acknowledged);
  return certain.length > 0 ? users(certain) : [first, ...users(logins)];
}

const told: Check = (world) =>
  world.outcomes
    .filter(({ status }) => status === 500 || status === 0)
    .map((outcome) => ({
      promise: "a failure is told by its own status",
      what: `${nameOf(outcome)} was answered ${outcome.status} (${outcome.code})`,
    }));

/** An acknowledged write was in the store, or went out with its own answer, at some time. */
const kept: Check = (world) =>
  done(world)
    .filter(({ mark, carried }) => mark !== undefined && !carried && !wasStored(world, mark))
    .map((outcome) => ({
      promise: "what was acknowledged was kept",
      what: `${nameOf(outcome)} was answered ${outcome.status}, and ${outcome.mark} was never stored`,
    }));

function wasStored({ stored }: World, mark: string): boolean {
  for (const payload of stored) if (payload.includes(mark)) return true;
  return false;
}

/** Where nobody ends the session or changes its user, acknowledged writes are in what the client has. */
const there: Check = (world, { holds }) => {
  const x = holds.get("X");
  if (!x || mayBeEnded(world, "X") || changesUser(world)) return undefined;
  const all = JSON.stringify([x.data, x.messages]);
  const writes = done(world).filter(({ mark, deed }) => mark !== undefined && isExact(world, deed));
  return writes
    .filter(({ mark }) => !all.includes(mark as string))
    .map((outcome) => ({
      promise: "what was acknowledged is there",
      what: `${nameOf(outcome)} was answered ${outcome.status}, and ${outcome.mark} is not in ${all}`,
    }));
};

/** Data in a cookie is the last answer's; messages are in the store in both modes. */
function isExact({ scenario }: World, deed: string): boolean {
  return scenario.mode === "server" || deed === "flash";
}

/** From a user to another, or to two at once. */
function changesUser(world: World): boolean {
  const users = world.outcomes.flatMap(({ deed }) => deedOf(deed).becomes ?? []);
  const first = firstUser(world, "X");
  return new Set(first === undefined ? users : [first, ...users]).size > 1;
}

const ended: Check = (world, after) =>
  done(world).flatMap((outcome) =>
    endsOf(world, outcome).flatMap((browser) =>
      survivors(after, browser, outcome)
        .filter((survivor) => !isExplained(world, outcome, browser, survivor))
        .map(({ id, userId }): Broken => {
          const which = id === world.ids.get(browser) ? "its old session" : "a successor of it";
          return {
            promise: "what ended stays ended",
            what: `${nameOf(outcome)} was answered ${outcome.status}, and ${which} (${userId}) works in ${browser}`,
          };
        }),
    ),
  );

/** What lives on of a browser's first session: it, its successors, whoever holds them. */
function survivors(
  { reaches, alive }: Aftermath,
  browser: string,
  end: Outcome,
): readonly Pick<Opened, "id" | "userId">[] {
  const { deed } = end;
  const alsoAnonymous = deed === "revokeAll" || !deedOf(deed).widely;
  const own = (reaches.get(browser) ?? []).filter(
    ({ userId, data }) => userId !== undefined || (alsoAnonymous && JSON.stringify(data).includes(`cart${browser}`)),
  );
  if (browser !== "X") return own;
  const others = new Set([...(reaches.get("Y") ?? []), ...(reaches.get("Z") ?? [])].map(({ id }) => id));
  const unheld = alive.filter(({ id, userId }) => userId !== undefined && !others.has(id));
  return [...own, ...unheld.filter(({ id }) => !own.some((opened) => opened.id === id))];
}

/** A login that came later, or beside it where only this session was meant, is another session. */
function isExplained(
  world: World,
  end: Outcome,
  browser: string,
  { id, userId }: Pick<Opened, "id" | "userId">,
): boolean {
  if (browser !== "X" || id === world.ids.get("X")) return browser === "X" && hasMiss(world, end);
  const { becomes, widely } = deedOf(end.deed);
  if (end.deed === "revoke" && userId !== firstUser(world, "X")) return true;
  if (becomes !== undefined && becomes === userId) return true;
  if (hasMiss(world, end)) return true;
  return world.outcomes.some((login) => {
    if (deedOf(login.deed).becomes !== userId) return false;
    if (widely && userId === "bob" && end.deed !== "revokeAll") return true;
    return widely ? login.startedAt > end.startedAt : login.answeredAt > end.firstStartedAt;
  });
}

/** A replay ends what it finds; of an id that was replaced meanwhile it cannot be told from noise. */
function hasMiss(world: World, { deed }: Outcome): boolean {
  return deed === "replay" && world.outcomes.some(({ deed }) => /login|rotate|reauthenticate/.test(deed));
}

const one: Check = (world, { holds }) => {
  const calls = world.outcomes.filter(
    ({ deed, user }) => deed === "revokeOthers Y" || (deed === "revokeOthers" && user === "ann"),
  );
  const [call] = calls;
  const others = world.outcomes.filter((outcome) => !calls.includes(outcome));
  if (!call || others.some((outcome) => endsOf(world, outcome).length > 0)) return undefined;
  const others2 = new Set(calls.map(({ deed }) => deed));
  const left = ["X", "Y"].filter((browser) => holds.get(browser)?.userId === "ann");
  if (others2.size < 2 && !calls.some(acknowledged)) return undefined;
  const leftBob = holds.get("X")?.userId === "bob" ? ["X as bob"] : [];
  const login = others.find(({ deed }) => deedOf(deed).becomes !== undefined);
  if (login && call.deed === "revokeOthers Y" && left.includes("Y")) return undefined;
  if (left.length + leftBob.length === 1) return undefined;
  if (leftBob.length === 1 && left.length === 0) return undefined;
  return {
    promise: "revokeOthers leaves exactly one",
    what: `left are ${[...left, ...leftBob].join(" and ") || "none"}`,
  };
};

/** Whom nobody ends holds a session of the right user. */
const right: Check = (world, { holds }) =>
  ["X", "Y", "Z"].flatMap((browser): readonly Broken[] => {
    if (mayBeLeftWithout(world, browser)) return [];
    const users = usersOf(world, browser);
    const found = holds.get(browser);
    if (found && users.includes(found.userId)) return [];
    const has = found ? `is ${found.userId ?? "nobody"}` : "has no session";
    const wanted = users.map((user) => user ?? "anonymous").join(" or ");
    return [{ promise: "nobody else is logged in or out", what: `browser ${browser} ${has}, and should be ${wanted}` }];
  });

const data: Check = (world, { holds }) =>
  ["X", "Y", "Z"].flatMap((browser): readonly Broken[] => {
    const found = holds.get(browser);
    if (!found || mayBeEnded(world, browser) || (browser === "X" && changesUser(world))) return [];
    if (JSON.stringify(found.data).includes(`cart${browser}`)) return [];
    return [{ promise: "the session's data stays", what: `browser ${browser} has ${JSON.stringify(found.data)}` }];
  });

const secret: Check = (_world, { reaches }) =>
  [...reaches.entries()].flatMap(([browser, all]) =>
    all.flatMap((opened): readonly Broken[] => {
      const owners = JSON.stringify([opened.data, opened.messages]).match(/\b(?:ann|bob)(?=\/)/g) ?? [];
      if (owners.every((owner) => owner === opened.userId)) return [];
      const what = `${opened.userId ?? "nobody"} in browser ${browser} has ${JSON.stringify(opened.data)}`;
      return [{ promise: "no data of another user", what }];
    }),
  );

const single: Check = (world, { alive, reaches }) => {
  // Where the first session is over, nothing says that two tabs that log in are of one browser.
  const logins = world.outcomes.filter(({ deed }) => deedOf(deed).becomes !== undefined);
  const tabs = new Set(logins.map(({ actor }) => actor));
  if (tabs.size > 1 && mayBeEnded(world, "X")) return undefined;
  const others = new Set([...(reaches.get("Y") ?? []), ...(reaches.get("Z") ?? [])].map(({ id }) => id));
  const own = alive.filter(({ id, userId }) => userId !== undefined && !others.has(id));
  if (own.length < 2) return undefined;
  const users = own.map(({ userId }) => userId).join(" and ");
  return { promise: "one browser has one session", what: `browser X has left sessions of ${users}` };
};

const USES = /^(?:visit|write|update|flash)$/;

/** Some use was written down, and is so still; those that came within the touch interval of it need not be. */
const used: Check = (world, { holds }) => {
  const x = holds.get("X");
  if (!x || world.scenario.age !== "touch due" || x.lastSeenAt >= world.begunAt) return undefined;
  const use = done(world).find(({ deed, live }) => live && USES.test(deed));
  if (!use) return undefined;
  return { promise: "a use is remembered", what: `${nameOf(use)} used it, and it was last seen before that` };
};

const welcome: Check = (world) => {
  if (world.failures > 0 || mayBeEnded(world, "X") || changesUser(world)) return undefined;
  return world.outcomes
    .filter((outcome) => outcome.live && /^(?:visit|.*write|update|flash|csrf token)$/.test(outcome.deed))
    .filter((outcome) => !acknowledged(outcome) && !(outcome.status === 409 && mayComeAgain(world, outcome)))
    .map((outcome) => ({
      promise: "a request that was live is not refused",
      what: `${nameOf(outcome)} was answered ${outcome.status} (${outcome.code})`,
    }));
};

/** Data in a cookie cannot follow a session to its new id: that is told, and the request comes again. */
function mayComeAgain(world: World, { deed }: Outcome): boolean {
  return deedOf(deed).writes === true && !isExact(world, deed);
}

const honest: Check = (world) => {
  if (world.events.length === 0 || world.outcomes.some(({ deed }) => deed === "replay")) return undefined;
  // Whose answer took a minute, and brought no cookie because the session had ended by then, shows the old id again.
  if (world.failures > 0 && world.outcomes.some(({ deed }) => deed === "late logout")) return undefined;
  return { promise: "nobody is taken for a thief", what: `${world.events.length} events "reuse"` };
};

/** As many of ann's sessions as there are devices, or as the limit says. */
const limit: Check = (world, { alive }) => {
  const { limit, visitor } = world.scenario;
  if (!limit || world.outcomes.some((outcome) => endsOf(world, outcome).length > 0)) return undefined;
  if (world.outcomes.some(({ deed }) => deedOf(deed).becomes === "bob")) return undefined;
  const login = world.outcomes.filter(({ deed }) => deedOf(deed).becomes === "ann");
  const devices = visitor === "ann" || login.length > 0 ? 2 : 1;
  const wanted = Math.min(limit.sessions, devices);
  const found = alive.filter(({ userId }) => userId === "ann").length;
  if (found === wanted) return undefined;
  return {
    promise: "the limit is exact",
    what: `ann has ${found} sessions on ${devices} devices, limit ${limit.sessions}`,
  };
};

const AT_ONCE: readonly Check[] = [told, kept, ended, right, data, secret, used, welcome, honest];
const IN_THE_END: readonly Check[] = [told, kept, there, ended, one, right, data, secret, single, honest, limit];

export function brokenAtOnce(world: World, after: Aftermath): readonly Broken[] {
  return AT_ONCE.flatMap((check) => check(world, after) ?? []);
}

export function brokenInTheEnd(world: World, after: Aftermath): readonly Broken[] {
  return IN_THE_END.flatMap((check) => check(world, after) ?? []);
}
