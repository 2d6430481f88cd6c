/**
 * How a run is looked at in the end: what each cookie that a browser ever had opens, and which sessions are alive.
 */
import type { SessionInfo, SessionKey } from "../../index.ts";
import { browserOf, type Data, type World } from "./world.ts";

/** What a cookie opens. */
export interface Opened {
  readonly id: SessionKey;
  readonly userId: string | undefined;
  readonly data: Data;
  readonly messages: readonly string[];
  readonly lastSeenAt: number;
}

/** What there is when all is quiet. */
export interface Aftermath {
  /** What each browser's cookies open now; nothing when that is no session. */
  readonly holds: ReadonlyMap<string, Opened>;
  /** What any cookie opens that the browser ever had. */
  readonly reaches: ReadonlyMap<string, readonly Opened[]>;
  /** Every live session. */
  readonly alive: readonly SessionInfo[];
}

export async function lookAround(world: World): Promise<Aftermath> {
  const holds = new Map<string, Opened>();
  const reaches = new Map<string, readonly Opened[]>();
  for (const name of ["X", "Y", "Z"]) {
    const browser = browserOf(world, name);
    const found: Opened[] = [];
    for (const cookie of browser.had) {
      const opened = await openedBy(world, browser.request(cookie));
      if (opened && !found.some(({ id }) => id === opened.id)) found.push(opened);
      if (opened && cookie === browser.cookie) holds.set(name, opened);
    }
    reaches.set(name, found);
  }
  return { holds, reaches, alive: (await world.probe.listAll({ limit: 1_000 })).items };
}

async function openedBy({ probe }: World, request: Request): Promise<Opened | undefined> {
  const session = await probe.open(request, { touch: false });
  if (session.isNew) return undefined;
  return {
    id: session.id,
    userId: session.userId,
    data: structuredClone(session.data),
    messages: session.flashes().map(({ text }) => text),
    lastSeenAt: session.lastSeenAt.getTime(),
  };
}
