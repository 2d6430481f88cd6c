/** What of a session a page is told. */
import type { SessionFacts } from "../../client/facts.ts";
import { isSessionError, type Session } from "../../index.ts";

/** What must be asked before the commit. */
export interface Told<Public> {
  readonly public: Public | null;
  readonly csrfToken: string | undefined;
}

export function tellOf<Data extends object, Public>(
  choose: ((session: Session<Data>) => Public | Promise<Public>) | undefined,
): (session: Session<Data>, csrf: boolean) => Promise<Told<Public>> {
  return async (session, csrf) => ({
    public: choose ? await choose(session) : null,
    csrfToken: csrf ? await tokenOf(session) : undefined,
  });
}

/** None where there can be none: a session that was replaced a moment ago, one that no cookie can be sent for. */
async function tokenOf<Data extends object>(session: Session<Data>): Promise<string | undefined> {
  try {
    return await session.csrfToken();
  } catch (error) {
    if (isSessionError(error) && error.code !== "SOJOURN_STORE_UNAVAILABLE") return undefined;
    throw error;
  }
}

export function factsOf<Data extends object, Public>(
  session: Session<Data>,
  { public: shown, csrfToken }: Told<Public>,
  now: number,
  stream: boolean,
): SessionFacts<Public> {
  const known = session.userId !== undefined;
  return {
    userId: session.userId ?? null,
    public: shown,
    level: session.level ?? null,
    idleMs: known ? Math.max(0, session.expiresAt.getTime() - now) : null,
    lifetimeMs: known ? Math.max(0, session.endsAt.getTime() - now) : null,
    because: session.anonymousBecause ?? null,
    stream,
    ...(csrfToken === undefined ? {} : { csrfToken }),
  };
}
