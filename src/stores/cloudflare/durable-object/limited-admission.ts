/**
 * A login with a limit, where the sessions of a user are spread over several objects.
 */
import type { AdmitResult } from "../../store.ts";
import { type Held, isBehind } from "./shard-verbs.ts";
import type { LimitedAdmission, Surroundings } from "./wide-verbs.ts";

/**
 * Admits in the user's own object, where the logins of a user take turns: counts in all, inserts in the key's, where
 * the epoch is compared in the same step, and then ends the surplus. When an object fails on the way the login fails,
 * and what it inserted goes again as far as it can be reached; the next login counts anew, from the records themselves.
 */
export async function admitWithin(
  { key, record, admission: { epoch, since, limit = Number.POSITIVE_INFINITY, onLimit } }: LimitedAdmission,
  { ask, all, own, of }: Surroundings,
): Promise<AdmitResult> {
  const { userId } = record;
  if (isBehind(epoch, await ask(own, "epoch", userId))) return { status: "revoked" };
  const held = (await Promise.all(all.map((index) => ask(index, "sessionsOf", userId)))).flat();
  const surplus = Math.ceil(held.length + 1 - limit);
  if (held.some((each) => each.key === key)) return { status: "exists" };
  if (surplus > 0 && onLimit === "reject") return { status: (await ask(of(key), "get", key)) ? "exists" : "limit" };
  const entered = await ask(of(key), "enter", key, record, epoch, since ?? null);
  if (entered.status !== "ok") return entered;
  const oldest = [...held].sort(byAge).slice(0, Math.max(surplus, 0));
  try {
    const evicted = await Promise.all(
      all.map(async (index) => {
        const keys = oldest.map((each) => each.key).filter((each) => of(each) === index);
        return keys.length > 0 ? ask(index, "evict", userId, keys) : [];
      }),
    );
    return { ...entered, evicted: evicted.flat() };
  } catch (error) {
    await ask(of(key), "delete", key).catch(() => false);
    throw error;
  }
}

function byAge(a: Held, b: Held): number {
  return a.createdAt - b.createdAt || (a.key < b.key ? -1 : 1);
}
