/**
 * Random interleavings of clients, operators and time over a store whose every call is taken step by step, against
 * what must be true whatever the order.
 */
import { describe, expect, it } from "vitest";
import type { Session } from "../../src/index.ts";
import { internalsOf } from "../../src/session/session.ts";
import type { MemoryStore } from "../../src/stores/memory.ts";
import { fc } from "../support/fast-check.ts";
import { type Jar, openWorld, respond, type World } from "../support/stepwise.ts";
import { type AnyData, requestWith, type TestMode } from "../support/visitor.ts";

const MINUTE = 60_000;
const RUNS = Number(process.env.RUNS ?? 150);

/** What is known to have happened. */
interface Ledger {
  /** Every cookie that was ever handed out. */
  readonly cookies: Set<string>;
  /** Who logged in to which id. */
  readonly users: Map<string, string>;
  /** Ids whose end has been acknowledged, and when. */
  readonly ended: Map<string, number>;
  /** Which id replaced which. */
  readonly edges: { readonly from: string; readonly to: string; readonly why: string; readonly at: number }[];
  /** How often a revocation of a user's sessions began or ended; a login meanwhile may have been revoked. */
  readonly revocations: Map<string, number>;
  readonly doubtful: Set<string>;
  /** Keys whose write was acknowledged, with the id that they were written under. */
  readonly writes: { readonly id: string; readonly key: string }[];
}

type Command =
  | { readonly type: "request"; readonly jar: number; readonly action: string; readonly arrives: boolean }
  | { readonly type: "revoke"; readonly which: number }
  | { readonly type: "revokeUser"; readonly user: string }
  | { readonly type: "sweep" }
  | { readonly type: "tick"; readonly ms: number };

const ACTIONS = [
  "read",
  "set",
  "set",
  "update",
  "login ann",
  "login bob",
  "logout",
  "destroy",
  "rotate",
  "reauthenticate",
];

const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("request" as const),
      jar: fc.nat(1),
      action: fc.constantFrom(...ACTIONS),
      arrives: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("revoke" as const), which: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("revokeUser" as const), user: fc.constantFrom("ann", "bob") }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "sweep" } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("tick" as const),
      ms: fc.constantFrom(1, 1_000),
    }),
  },
);

function emptyLedger(): Ledger {
  return {
    cookies: new Set(),
    users: new Map(),
    ended: new Map(),
    edges: [],
    writes: [],
    revocations: new Map(),
    doubtful: new Set(),
  };
}

describe("everything at once", () => {
  for (const mode of ["server", "tracked"] as const) {
    it(`nothing is resurrected, no session has two users, and acknowledged writes are kept, in mode ${mode}`, {
      timeout: 60_000 + 400 * RUNS,
    }, async () => {
      const phase = fc.record({
        actors: fc.array(fc.array(commands, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        pause: fc.constantFrom(0, 31_000, 61_000, 11 * MINUTE),
      });
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), fc.array(phase, { minLength: 1, maxLength: 3 }), async (scheduler, phases) => {
          const world = openWorld(scheduler, mode, { onReuse: "report" });
          const ledger = emptyLedger();
          const jars: Jar[] = [{ cookie: "" }, { cookie: "" }];
          const play = async (plan: readonly Command[]) => {
            for (const command of plan) await run(world, ledger, jars, command);
          };
          for (const { actors, pause } of phases) {
            await scheduler.waitFor(Promise.all(actors.map(play)));
            world.clock.advance(pause);
          }
          await scheduler.waitFor(audit(world, ledger, mode));
        }),
        { numRuns: 2 * RUNS },
      );
    });
  }
});

async function run(world: World, ledger: Ledger, jars: readonly Jar[], command: Command): Promise<void> {
  const { sessions, scheduler, clock, inner } = world;
  await scheduler.schedule(Promise.resolve(), JSON.stringify(command));
  if (command.type === "tick") clock.advance(command.ms);
  if (command.type === "sweep") await inner.deleteExpired();
  if (command.type === "revoke") {
    const id = [...new Set(ledger.edges.flatMap(({ from, to }) => [from, to]))][command.which];
    if (id === undefined) return;
    await sessions.revoke(id);
    ledger.ended.set(id, clock());
  }
  if (command.type === "revokeUser") {
    const ids = [...ledger.users].filter(([, user]) => user === command.user).map(([id]) => id);
    count(ledger, command.user);
    await sessions.revokeUser(command.user);
    count(ledger, command.user);
    for (const id of ids) ledger.ended.set(id, clock());
  }
  if (command.type === "request") await request(world, ledger, jars[command.jar] as Jar, command);
}

async function request(
  world: World,
  ledger: Ledger,
  jar: Jar,
  { action, arrives }: Extract<Command, { type: "request" }>,
): Promise<void> {
  const session = await openChecked(world, ledger, jar.cookie);
  const { id } = session;
  try {
    await act(world, ledger, session, action);
    const cookie = await respond(world, jar, session, arrives);
    if (cookie !== "") ledger.cookies.add(cookie);
    const { phase, held } = internalsOf(session);
    if (action === "set" && phase === "live" && held) ledger.writes.push({ id: session.id, key: keyOf(session) });
  } catch (error) {
    // A login that was revoked under way may have taken the session's place already.
    ledger.doubtful.add(id);
    const { code } = error as { code?: string };
    if (!["SOJOURN_REVOKED", "SOJOURN_REPLACED", "SOJOURN_ENDED", "SOJOURN_NOT_AUTHENTICATED"].includes(code ?? ""))
      throw error;
  }
}

const keys = new WeakMap<Session<AnyData>, string>();
let made = 0;

function keyOf(session: Session<AnyData>): string {
  const key = keys.get(session) ?? `k${made++}`;
  keys.set(session, key);
  return key;
}

/** What was ended before the request began must not be in it, and who is in it must have logged in to it. */
async function openChecked({ sessions }: World, ledger: Ledger, cookie: string): Promise<Session<AnyData>> {
  const endedBefore = new Set(ledger.ended.keys());
  const session = await sessions.open(requestWith(cookie));
  if (!session.isNew) {
    expect(endedBefore.has(session.id)).toBe(false);
    expect(session.userId).toBe(ledger.users.get(session.id));
  }
  return session;
}

async function act({ clock, events }: World, ledger: Ledger, session: Session<AnyData>, action: string): Promise<void> {
  const before = internalsOf(session).held ? session.id : undefined;
  const [verb, user] = action.split(" ");
  const owner = user ?? session.userId ?? "";
  // Another user's data is left behind.
  if (before && session.userId !== undefined && session.userId !== owner) ledger.doubtful.add(before);
  const revocations = ledger.revocations.get(owner) ?? 0;
  if (verb === "read") expect(session.data).toBeTypeOf("object");
  if (verb === "set") session.data[keyOf(session)] = true;
  if (verb === "update") await session.update("count", (count = 0) => count + 1);
  if (verb === "login" && user) await session.login(user);
  if (verb === "rotate") await session.rotate();
  if (verb === "reauthenticate") await session.reauthenticate();
  if (verb === "login" || verb === "rotate" || verb === "reauthenticate") {
    // A login takes the place of what its browser's session has become meanwhile.
    const place = events.findLast((event) => event.type === "rotated" && event.id === session.id);
    const from = place?.type === "rotated" ? place.previousId : "";
    const whose = ledger.users.get(from);
    if (whose !== undefined && whose !== session.userId) ledger.doubtful.add(from);
    // Of two logins at once the second takes the first one's place, and leaves behind what that took along, when it is another user's.
    if (ledger.edges.some((edge) => edge.from === from && ledger.users.get(edge.to) !== session.userId))
      ledger.doubtful.add(from);
    if (session.id !== from && internalsOf(session).held)
      ledger.edges.push({ from, to: session.id, why: verb, at: clock() });
    if (session.userId !== undefined) ledger.users.set(session.id, session.userId);
    if (revocations % 2 === 1 || revocations !== (ledger.revocations.get(owner) ?? 0)) ledger.doubtful.add(session.id);
  }
  if (verb === "destroy") await session.destroy();
  if (verb === "logout") await session.logout();
  // An id that was replaced ends what replaced it.
  const meant = before ?? internalsOf(session).proof.key;
  if ((verb === "destroy" || verb === "logout") && meant) ledger.ended.set(meant, clock());
}

/** When all is quiet. */
async function audit(world: World, ledger: Ledger, mode: TestMode): Promise<void> {
  const { inner } = world;
  for (const cookie of ledger.cookies) await openChecked(world, ledger, cookie);
  for (const id of ledger.ended.keys()) expect(await isLive(inner, id)).toBe(false);
  for (const { from, to, why, at } of ledger.edges) {
    const endedAt = ledger.ended.get(from);
    // A login is a session of its own; and what was replaced is remembered for a minute.
    if (endedAt === undefined || why === "login" || endedAt - at >= MINUTE) continue;
    expect(await isLive(inner, to)).toBe(false);
  }
  if (mode === "tracked") return;
  for (const { id, key } of ledger.writes) {
    const heirs = descendants(ledger, id);
    // Ending an id that was replaced ends what replaced it.
    const family = heirs.flatMap((heir) => ancestors(ledger, heir));
    if (family.some((each) => ledger.ended.has(each) || ledger.doubtful.has(each))) continue;
    const rows = await Promise.all(heirs.map((heir) => inner.get(heir)));
    expect(rows.some((row) => row?.payload.includes(`"${key}":true`))).toBe(true);
  }
}

function count({ revocations }: Ledger, user: string): void {
  revocations.set(user, (revocations.get(user) ?? 0) + 1);
}

function descendants({ edges }: Ledger, id: string): string[] {
  const found = new Set([id]);
  for (const each of found) for (const { from, to } of edges) if (from === each) found.add(to);
  return [...found];
}

function ancestors({ edges }: Ledger, id: string): string[] {
  const found = new Set([id]);
  for (const each of found) for (const { from, to } of edges) if (to === each) found.add(from);
  return [...found];
}

async function isLive(inner: MemoryStore, id: string): Promise<boolean> {
  const row = await inner.get(id);
  return row !== null && !("t" in (JSON.parse(row.payload.split("\n")[0] as string) as object));
}
