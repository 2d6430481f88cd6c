/**
 * A store for express-session with promises in place of callbacks, whose error for "no such session" is an absence
 * here.
 */
import type { ExpressSessionData, ExpressStore } from "./module.ts";

/** A store of express-session, with promises. */
export interface PromisedStore {
  get(sid: string): Promise<ExpressSessionData | null>;
  set(sid: string, session: ExpressSessionData): Promise<void>;
  destroy(sid: string): Promise<void>;
}

export function promised(store: ExpressStore): PromisedStore {
  return {
    get: (sid) =>
      new Promise((resolve, reject) => {
        store.get(sid, (error, session) => {
          if (error && !isAbsence(error)) reject(asError(error));
          else resolve(error || !session ? null : session);
        });
      }),
    set: (sid, session) =>
      new Promise((resolve, reject) => {
        store.set(sid, session, (error) => (error ? reject(asError(error)) : resolve()));
      }),
    destroy: (sid) =>
      new Promise((resolve, reject) => {
        store.destroy(sid, (error) => (error && !isAbsence(error) ? reject(asError(error)) : resolve()));
      }),
  };
}

/** express-session takes this code for "no such session", and stores over files rely on it. */
function isAbsence(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ENOENT";
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error("The store of express-session failed.", { cause: error });
}
