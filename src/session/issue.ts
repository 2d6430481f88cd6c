/**
 * The value that a client is handed, made only when the client can keep it.
 */
import { type Awaitable, chain } from "../awaitable.ts";
import { SessionError } from "../errors.ts";
import type { Next } from "../record/held.ts";
import type { Identity } from "../token/identity.ts";
import { checkSize } from "./guards.ts";
import type { Internals } from "./internals.ts";

/**
 * The value of this record. Where the flash messages are in it, too, and leave no room, the oldest of them go: the
 * latest stays, and so does the data.
 *
 * @throws SOJOURN_COOKIE_TOO_LARGE
 */
export function issueValue(session: Internals, identity: Identity, { content, times }: Next): Awaitable<string> {
  const { bearer, carries } = session.context;
  return chain(bearer.issue({ identity, content, record: times }), (value) => {
    const { flash } = content.meta;
    try {
      checkSize(session, value);
      return value;
    } catch (error) {
      if (carries !== "everything" || !flash || flash.length < 2 || !isTooLarge(error)) throw error;
    }
    const meta = { ...content.meta, flash: flash.slice(1) };
    return issueValue(session, identity, { times, content: { ...content, meta } });
  });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof SessionError && error.code === "SOJOURN_COOKIE_TOO_LARGE";
}
