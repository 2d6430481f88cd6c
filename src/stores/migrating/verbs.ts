/**
 * The five verbs by key over a pair of stores, of which `delete` is `Pair.end`, and the verb `end` where both stores
 * have it.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import type { EndStore, UpdateResult } from "../store.ts";
import type { Found, Pair } from "./pair.ts";
import { across, MOVES, TRIES } from "./pair.ts";
import { label, labelled, type Side, slotOf, unlabel, versionText } from "./slot.ts";

/**
 * With `moves`, what is found away from home is brought home first; what cannot be moved is answered from where it is.
 */
export async function get(pair: Pair, moves: boolean, key: SessionKey): Promise<StoredRecord | null> {
  for (let turn = 1; ; turn++) {
    const found = await pair.look(key);
    if (!found) return null;
    if (!moves || found.side === pair.home || turn === MOVES) return labelled(found.side, found.record);
    const attempt = await pair.move(key, found);
    if (attempt.status === "moved") return labelled(pair.home, attempt.record);
    if (attempt.status === "stays") return labelled(found.side, found.record);
  }
}

export async function create(pair: Pair, key: SessionKey, record: SessionRecord): Promise<Version | null> {
  const { home } = pair;
  if (await isAway(pair, key)) return null;
  for (let turn = 0; turn < TRIES; turn++) {
    const version = await pair.stores[home].create(key, record);
    if (version !== null) return label(home, version);
    if (await pair.look(key)) return null;
    const slot = await pair.slot(home, key);
    if (slot === null) continue;
    // A session of this key is being ended right now.
    if (slot.kind === "ending") return null;
    if (slot.kind === "record") return null;
    const result = await pair.stores[home].update(key, record, slot.version);
    if (result.status === "ok") return label(home, result.version);
  }
  throw pair.busy();
}

/** Whether a new session at home would be the second of its key. */
export async function isAway(pair: Pair, key: SessionKey): Promise<boolean> {
  const slot = await pair.slot(across(pair.home), key);
  if (slot === null || slot.kind === "ending") return false;
  return slot.kind === "record" || (await pair.look(key)) !== null;
}

export function update(pair: Pair, key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
  return write(pair, key, expected, (side, version) => pair.stores[side].update(key, record, version));
}

/** An end by a store's own verb, which tells those who watch. */
export function endVerb(pair: Pair, stores: Readonly<Record<Side, EndStore>>): Pick<EndStore, "end"> {
  return {
    end: (key, record, expected) =>
      write(pair, key, expected, (side, version) => stores[side].end(key, record, version)),
  };
}

/** In whichever store the version is of: no other record can have it. */
async function write(
  pair: Pair,
  key: SessionKey,
  expected: Version,
  work: (side: Side, version: Version) => Promise<UpdateResult>,
): Promise<UpdateResult> {
  const known = unlabel(expected);
  if (known) {
    const result = await work(known.side, known.version);
    if (result.status === "ok") return { status: "ok", version: label(known.side, result.version) };
    if (result.status === "conflict" && slotOf(result.current).kind === "record") {
      return { status: "conflict", current: labelled(known.side, result.current) };
    }
  }
  const found = await pair.look(key);
  return found ? { status: "conflict", current: labelled(found.side, found.record) } : { status: "gone" };
}

/**
 * A touch leaves no trace in a version, so a mover may take what it read before. One that does so has put
 * its copy there already: it is helped, and then the session is touched where it is now.
 */
export async function touch(
  pair: Pair,
  moves: boolean,
  key: SessionKey,
  seenAt: number,
  expiresAt: number,
): Promise<boolean> {
  for (let turn = 0; turn < TRIES; turn++) {
    const found = await pair.look(key);
    if (!found) return false;
    if (!(await pair.stores[found.side].touch(key, seenAt, expiresAt))) continue;
    // From where everybody moves them to, nobody moves them away.
    if (moves && found.side === pair.home) return true;
    if (await isUndisturbed(pair, key, found)) return true;
  }
  throw pair.busy();
}

async function isUndisturbed(pair: Pair, key: SessionKey, { side, record }: Found): Promise<boolean> {
  const target = await pair.slot(across(side), key);
  if (target?.kind === "record") return false;
  if (target?.kind !== "copy" || target.of !== versionText(record.version)) return true;
  await pair.move(key, { side, record, home: target });
  return false;
}
