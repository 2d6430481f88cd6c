/**
 * The refusals of the server as errors that can be acted on: a right that its user lacks, or a session that is too
 * large.
 */
import { SessionError } from "../../errors.ts";

/** What the server says to a user that may not do something, by itself or in a script. */
const REFUSED = /NOPERM|ACL failure|executing the script can't/;

/** And when a value is longer than it takes. */
const TOO_LARGE = /invalid bulk length|exceeds maximum allowed size/;

/** Which right a refusal is about, as `ACL SETUSER` writes it. */
function missing(message: string, prefix: string): string {
  const [, command] = /'([a-z][a-z|-]*)' command/i.exec(message) ?? [];
  if (command !== undefined) return `+${command.toLowerCase()}`;
  if (/channel/i.test(message)) return `&${prefix}ended`;
  if (/\bkeys?\b/i.test(message)) return `~${prefix}*`;
  return "a right to run a command";
}

/** A refusal of the server's, with what to grant; any other error as it is. */
export function explain(error: unknown, prefix: string): unknown {
  const message = String((error as Error | undefined)?.message);
  if (TOO_LARGE.test(message)) {
    return new SessionError(
      "SOJOURN_RECORD_TOO_LARGE",
      "Redis takes no value as large as this session: 512 MB, or what its proto-max-bulk-len says. Nothing was stored.",
    );
  }
  if (!REFUSED.test(message)) return error;
  return lacks(missing(message, prefix), error);
}

/** @param rights As `ACL SETUSER` writes them. */
export function lacks(rights: string, cause?: unknown): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `NOPERM: the user of the Redis connection lacks ${rights}. All that the store needs is in docs/redis.md, "Least ` +
      'privileges".',
    cause,
  );
}
