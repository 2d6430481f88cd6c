/**
 * What `fromExpressStore` keeps in a store for express-session: texts, in the form of sessions.
 */
import type { ExpressSessionData } from "./module.ts";
import type { PromisedStore } from "./promised.ts";

/** One text, in the form of a session of express-session. */
interface Parcel extends ExpressSessionData {
  readonly sojourn: string;
}

/** The last instant that a `Date` can say. */
const LAST = 8_640_000_000_000_000;

/**
 * One text under one key, over a store of express-session. Such a store takes the expiry from the cookie, each from
 * another part of it (`expires`, `maxAge` or `originalMaxAge`), and has a short one of its own for a cookie without.
 *
 * @param longestTtl Milliseconds beyond which the back end takes an expiry for something else.
 */
export function slotsOf(
  store: PromisedStore,
  longestTtl: number,
): {
  read(slot: string): Promise<string | undefined>;
  write(slot: string, text: string, ttl: number): Promise<void>;
  remove(slot: string): Promise<void>;
} {
  return {
    async read(slot) {
      const session = (await store.get(slot)) as Partial<Parcel> | null;
      return session === null ? undefined : String(session.sojourn);
    },
    write: (slot, text, ttl) => store.set(slot, parcelOf(text, Math.min(ttl, longestTtl))),
    remove: (slot) => store.destroy(slot),
  };
}

function parcelOf(text: string, ttl: number): Parcel {
  const maxAge = Math.ceil(ttl);
  const expires = new Date(Math.min(Date.now() + maxAge, LAST));
  return { cookie: { originalMaxAge: maxAge, maxAge, expires, httpOnly: true, path: "/" }, sojourn: text };
}
