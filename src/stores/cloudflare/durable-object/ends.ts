/**
 * How the sessions of a user, or of everybody, are ended where they are spread over several objects.
 */
import type { SessionKey } from "../../../record.ts";
import type { SparingEnd, Surroundings } from "./wide-verbs.ts";

/** What ends sessions in several objects asks them. */
export type Ending = Pick<Surroundings, "ask" | "all">;

/**
 * Ends a user's sessions: a revocation first reaches all objects, so that none takes a login from before, and then ends
 * what is there.
 */
export async function endOfUser(
  { ask, all }: Ending,
  own: number,
  { userId, except, limit, at }: Omit<SparingEnd, "except" | "place"> & { readonly except: SessionKey | null },
): Promise<readonly SessionKey[]> {
  const epoch = await ask(own, "moveEpoch", userId);
  const counts = await Promise.all(all.map((index) => ask(index, "markUser", userId, epoch, except, at)));
  return endIn(all, counts, limit, (index, share) => ask(index, "endOfUser", userId, except, share));
}

/** The same for everybody. */
export async function endOfAll({ ask, all }: Ending, limit: number, at: number): Promise<readonly SessionKey[]> {
  const epoch = await ask(0, "moveEverybody");
  const counts = await Promise.all(all.map((index) => ask(index, "markEverybody", epoch, at)));
  return endIn(all, counts, limit, (index, share) => ask(index, "endOfAll", share));
}

/**
 * In the user's own object, where such calls of a user take turns: of two sessions that each end all others at once,
 * the second finds that it was ended.
 */
export async function endWithin(
  { userId, except, limit, at }: SparingEnd,
  { ask, all, own, of }: Surroundings,
): Promise<readonly SessionKey[] | null> {
  if (!(await ask(of(except), "isOwnedBy", except, userId))) return null;
  return endOfUser({ ask, all }, own, { userId, except, limit, at });
}

/**
 * Ends no more than `limit` over all of them, of which each has so many. Where there is room, each may end some more: a
 * login of the new epoch may have come in, and who is the older of two is not for the clocks of two servers to say.
 */
async function endIn(
  all: readonly number[],
  counts: readonly number[],
  limit: number,
  end: (index: number, share: number) => Promise<readonly SessionKey[]>,
): Promise<readonly SessionKey[]> {
  let left = limit;
  const room = Math.floor(Math.max(0, limit - counts.reduce((sum, count) => sum + count, 0)) / counts.length);
  const shares = counts.map((count) => {
    const share = Math.min(count + room, left);
    left -= share;
    return count > 0 ? share : 0;
  });
  const ended = await Promise.all(
    all.map(async (index) => ((shares[index] ?? 0) > 0 ? end(index, shares[index] ?? 0) : [])),
  );
  return ended.flat();
}
