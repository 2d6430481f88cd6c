/**
 * The functions that release 0.1.0 calls, by the names that it knows, while its processes run beside those of this
 * one: its logins and revocations go the same way, and what it revokes has an instant too.
 */
import { define } from "./functions.ts";
import type { Names } from "./names.ts";

function admit(names: Names): string {
  return define(
    names.first.admit,
    `p_key text, p_version bigint, p_created timestamptz, p_seen timestamptz, p_expires timestamptz,
  p_user text, p_payload text, p_now timestamptz, p_epoch text, p_limit bigint, p_reject boolean, p_origin text`,
    `BEGIN
  RETURN QUERY SELECT ended FROM ${names.admit}(p_key, p_version, p_created, p_seen, p_expires, p_user, p_payload, p_now,
    p_epoch, NULL::float8, p_limit, p_reject, p_origin) AS ended;
END`,
  );
}

const NOW = "date_part('epoch', p_now) * 1000";

/** That release knows no refusal: when the session to spare is not there, nothing is ended. */
function endUser(names: Names): string {
  return define(
    names.first.endUser,
    "p_user text, p_except text, p_limit bigint, p_now timestamptz, p_origin text",
    `BEGIN
  RETURN QUERY SELECT ended FROM ${names.endUser}(p_user, p_except, p_limit, p_now, p_origin, ${NOW}) AS ended
    WHERE ended IS NOT NULL;
END`,
  );
}

function endAll(names: Names): string {
  return define(
    names.first.endAll,
    "p_limit bigint, p_now timestamptz, p_origin text",
    `BEGIN
  RETURN QUERY SELECT ended FROM ${names.endAll}(p_limit, p_now, p_origin, ${NOW}) AS ended;
END`,
  );
}

export function firstRelease(names: Names): readonly string[] {
  return [admit(names), endUser(names), endAll(names)];
}
