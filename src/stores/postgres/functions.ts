/**
 * The verbs that need a lock first and a look afterwards, as functions of the database. One statement sees the state
 * from before it waited for its lock; in a function every statement takes a look of its own, so what was committed
 * while it waited is seen. That takes one round trip, and works through a transaction pooler as any statement does.
 *
 * Two locks, in this order: a shared one for the store, which `end_all` takes for itself alone, and one for the user.
 * Both are let go after the commit has become visible.
 */
import { facts, laterTimes } from "./columns.ts";
import type { Names } from "./names.ts";
import { dollar } from "./names.ts";

/**
 * Whether somebody listens. Commits that notify wait for each other, each for its own write to the disk, so none
 * notifies for nobody.
 */
export function isWatched(names: Names): string {
  return `EXISTS (SELECT 1 FROM ${names.meta} WHERE name = 'watched' AND value > date_part('epoch', now()))`;
}

/** A payload must be below 8,000 bytes. */
function tell(names: Names): string {
  return `IF watched AND octet_length(ended) < 7900 THEN
      PERFORM pg_notify('${names.channel}', p_origin || ended);
    END IF;`;
}

/** With a look that is older than the lock, these functions would be wrong without notice. */
const READ_COMMITTED = `IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'Sojourn needs transactions that read committed, found %', current_setting('transaction_isolation')
      USING ERRCODE = 'feature_not_supported', HINT = 'ALTER ROLE ... SET default_transaction_isolation = ''read committed''';
  END IF;`;

const lockStore = (names: Names): string => `PERFORM pg_advisory_xact_lock_shared(${names.lock});`;

/** For nobody when `p_user` is null. */
const lockUser = (names: Names): string => `PERFORM pg_advisory_xact_lock(hashtextextended(p_user, ${names.lock}));`;

/** The epoch of a user: everybody's count and the user's own. */
export function epochOf(names: Names, user: string): string {
  return `(SELECT value FROM ${names.meta} WHERE name = 'epoch') || '.' ||
    coalesce((SELECT epoch FROM ${names.epochs} WHERE user_id = ${user}), 0)`;
}

/** Whose instant is everybody's: no user is written as the empty text. */
const EVERYBODY = "''";

/** Writes the instant of a revocation, which never moves back. The count of everybody is in the table of the layout. */
function keepInstant(names: Names, user: string, step: 0 | 1): string {
  return `INSERT INTO ${names.epochs} AS e (user_id, epoch, revoked_at) VALUES (${user}, ${step}, p_at)
    ON CONFLICT (user_id) DO UPDATE SET epoch = e.epoch + ${step}, revoked_at = greatest(e.revoked_at, excluded.revoked_at);`;
}

export function define(name: string, parameters: string, body: string): string {
  return `CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS ${dollar(`
${body}
`)}`;
}

/** The old record is judged first, under its row's lock: what ends or writes it waits, or has been before. */
function judgeOld({ sessions }: Names): string {
  return `IF p_old_key IS NOT NULL THEN
    SELECT s.version INTO present FROM ${sessions} AS s WHERE s.key = p_old_key AND s.expires_at > p_now FOR UPDATE;
    IF NOT FOUND THEN
      RETURN NEXT 'gone';
      RETURN;
    END IF;
    IF present <> p_old_expected THEN
      RETURN NEXT 'conflict';
      RETURN QUERY SELECT unnest(ARRAY[s.payload, ${facts("s.")}]) FROM ${sessions} AS s WHERE s.key = p_old_key;
      RETURN;
    END IF;
  END IF;`;
}

/** Without an epoch there is no admission: nothing is asked. */
function judgeLogin(names: Names): string {
  const { sessions, epochs } = names;
  return `IF p_epoch IS NOT NULL AND (${epochOf(names, "p_user")} IS DISTINCT FROM p_epoch
    OR p_since < (SELECT max(e.revoked_at) FROM ${epochs} AS e WHERE e.user_id IN (${EVERYBODY}, p_user))) THEN
    RETURN NEXT 'revoked';
    RETURN;
  END IF;
  IF EXISTS (SELECT 1 FROM ${sessions} WHERE key = p_key AND expires_at > p_now) THEN
    RETURN NEXT 'exists';
    RETURN;
  END IF;
  IF p_reject AND p_limit <= (SELECT count(*) FROM ${sessions}
      WHERE user_id = p_user AND expires_at > p_now AND key IS DISTINCT FROM p_old_key) THEN
    RETURN NEXT 'limit';
    RETURN;
  END IF;`;
}

/** A tombstone in the old record's place, which is told as an end. */
function bury(names: Names): string {
  const later = laterTimes("p_old_seen", "p_old_expires", "s.");
  return `IF p_old_key IS NOT NULL THEN
    UPDATE ${names.sessions} AS s SET version = p_old_version, created_at = p_old_created, seen_at = ${later.seen},
      expires_at = ${later.expires}, sweep_at = least(s.sweep_at, p_old_expires),
      user_id = p_old_user, payload = p_old_payload
    WHERE s.key = p_old_key;
    ended := p_old_key;
    ${tell(names)}
  END IF;`;
}

/** Answers with the status, after "ok" with the keys that were evicted, after "conflict" with the old record. */
function admit(names: Names): string {
  const { sessions } = names;
  const parameters = `p_key text, p_version bigint, p_created timestamptz, p_seen timestamptz, p_expires timestamptz,
  p_user text, p_payload text, p_now timestamptz, p_epoch text, p_since float8, p_limit bigint, p_reject boolean,
  p_origin text, p_old_key text DEFAULT NULL, p_old_expected bigint DEFAULT NULL, p_old_version bigint DEFAULT NULL,
  p_old_created timestamptz DEFAULT NULL, p_old_seen timestamptz DEFAULT NULL, p_old_expires timestamptz DEFAULT NULL,
  p_old_user text DEFAULT NULL, p_old_payload text DEFAULT NULL`;
  return define(
    names.admit,
    parameters,
    `DECLARE
  ended text;
  present bigint;
  watched boolean := p_origin IS NOT NULL AND ${isWatched(names)};
BEGIN
  ${READ_COMMITTED}
  ${lockStore(names)}
  ${lockUser(names)}
  ${judgeOld(names)}
  ${judgeLogin(names)}
  INSERT INTO ${sessions} AS s (key, version, created_at, seen_at, expires_at, sweep_at, user_id, payload)
    VALUES (p_key, p_version, p_created, p_seen, p_expires, p_expires, p_user, p_payload)
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, created_at = excluded.created_at,
      seen_at = excluded.seen_at, expires_at = excluded.expires_at, sweep_at = excluded.sweep_at,
      user_id = excluded.user_id, payload = excluded.payload
    WHERE s.expires_at <= p_now;
  IF NOT FOUND THEN
    RETURN NEXT 'exists';
    RETURN;
  END IF;
  RETURN NEXT 'ok';
  ${bury(names)}
  IF p_limit IS NULL OR p_reject THEN
    RETURN;
  END IF;
  FOR ended IN DELETE FROM ${sessions} WHERE user_id = p_user AND expires_at > p_now AND key = ANY (ARRAY(
      SELECT key FROM ${sessions} WHERE user_id = p_user AND expires_at > p_now AND key <> p_key
      ORDER BY created_at DESC, key DESC OFFSET greatest(p_limit - 1, 0)
    )) RETURNING key
  LOOP
    RETURN NEXT ended;
    ${tell(names)}
  END LOOP;
END`,
  );
}

/**
 * Deletes the rows that a query of keys gives, in its order and no more than it gives. The query locks them: it skips
 * what has gone meanwhile and goes on to the next, so that an answer below the limit means that none is left.
 */
function end(names: Names, which: string): string {
  return `FOR ended IN DELETE FROM ${names.sessions} WHERE key = ANY (ARRAY(
      SELECT key FROM ${names.sessions} WHERE ${which} LIMIT p_limit FOR UPDATE
    )) RETURNING key
  LOOP
    RETURN NEXT ended;
    ${tell(names)}
  END LOOP;`;
}

/** Answers with a null alone when the session to spare is not a live one of this user. */
function endUser(names: Names): string {
  const which = "user_id = p_user AND expires_at > p_now AND key IS DISTINCT FROM p_except ORDER BY created_at, key";
  return define(
    names.endUser,
    "p_user text, p_except text, p_limit bigint, p_now timestamptz, p_origin text, p_at float8",
    `DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND ${isWatched(names)};
BEGIN
  ${READ_COMMITTED}
  ${lockStore(names)}
  ${lockUser(names)}
  IF p_except IS NOT NULL THEN
    PERFORM 1 FROM ${names.sessions} WHERE key = p_except AND user_id = p_user AND expires_at > p_now FOR UPDATE;
    IF NOT FOUND THEN
      RETURN NEXT NULL;
      RETURN;
    END IF;
  END IF;
  ${keepInstant(names, "p_user", 1)}
  ${end(names, which)}
END`,
  );
}

function endAll(names: Names): string {
  return define(
    names.endAll,
    "p_limit bigint, p_now timestamptz, p_origin text, p_at float8",
    `DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND ${isWatched(names)};
BEGIN
  ${READ_COMMITTED}
  PERFORM pg_advisory_xact_lock(${names.lock});
  UPDATE ${names.meta} SET value = value + 1 WHERE name = 'epoch';
  ${keepInstant(names, EVERYBODY, 0)}
  ${end(names, "expires_at > p_now ORDER BY key")}
END`,
  );
}

export function functions(names: Names): readonly string[] {
  return [admit(names), endUser(names), endAll(names)];
}
