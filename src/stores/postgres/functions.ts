import type { Names } from "./names.ts";
import { dollar } from "./names.ts";

/*
 * The three verbs that need a lock first and a look afterwards. One statement sees the state from before it waited
 * for its lock; in a function every statement takes a look of its own, so what was committed while it
 * waited is seen. That takes one round trip, and works through a transaction pooler as any statement does.
 *
 * Two locks, in this order: a shared one for the store, which `end_all` takes for itself alone, and one for the user. Both
 * are let go after the commit has become visible.
 */

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

function lockUser(names: Names): string {
  return `PERFORM pg_advisory_xact_lock_shared(${names.lock});
  PERFORM pg_advisory_xact_lock(hashtextextended(p_user, ${names.lock}));`;
}

/** The epoch of a user: everybody's count and the user's own. */
export function epochOf(names: Names, user: string): string {
  return `(SELECT value FROM ${names.meta} WHERE name = 'epoch') || '.' ||
    coalesce((SELECT epoch FROM ${names.epochs} WHERE user_id = ${user}), 0)`;
}

function define(name: string, parameters: string, body: string): string {
  return `CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS ${dollar(`
${body}
`)}`;
}

/** Answers with the status, and after "ok" with the keys that were evicted. */
function admit(names: Names): string {
  const { sessions } = names;
  const parameters = `p_key text, p_version bigint, p_created timestamptz, p_seen timestamptz, p_expires timestamptz,
  p_user text, p_payload text, p_now timestamptz, p_epoch text, p_limit bigint, p_reject boolean, p_origin text`;
  return define(
    names.admit,
    parameters,
    `DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND ${isWatched(names)};
BEGIN
  ${READ_COMMITTED}
  ${lockUser(names)}
  IF ${epochOf(names, "p_user")} IS DISTINCT FROM p_epoch THEN
    RETURN NEXT 'revoked';
    RETURN;
  END IF;
  IF EXISTS (SELECT 1 FROM ${sessions} WHERE key = p_key AND expires_at > p_now) THEN
    RETURN NEXT 'exists';
    RETURN;
  END IF;
  IF p_reject AND p_limit <= (SELECT count(*) FROM ${sessions} WHERE user_id = p_user AND expires_at > p_now) THEN
    RETURN NEXT 'limit';
    RETURN;
  END IF;
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

function endUser(names: Names): string {
  const which = "user_id = p_user AND expires_at > p_now AND key IS DISTINCT FROM p_except ORDER BY created_at, key";
  return define(
    names.endUser,
    "p_user text, p_except text, p_limit bigint, p_now timestamptz, p_origin text",
    `DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND ${isWatched(names)};
BEGIN
  ${READ_COMMITTED}
  ${lockUser(names)}
  INSERT INTO ${names.epochs} AS e (user_id, epoch) VALUES (p_user, 1)
    ON CONFLICT (user_id) DO UPDATE SET epoch = e.epoch + 1;
  ${end(names, which)}
END`,
  );
}

function endAll(names: Names): string {
  return define(
    names.endAll,
    "p_limit bigint, p_now timestamptz, p_origin text",
    `DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND ${isWatched(names)};
BEGIN
  ${READ_COMMITTED}
  PERFORM pg_advisory_xact_lock(${names.lock});
  UPDATE ${names.meta} SET value = value + 1 WHERE name = 'epoch';
  ${end(names, "expires_at > p_now ORDER BY key")}
END`,
  );
}

export function functions(names: Names): readonly string[] {
  return [admit(names), endUser(names), endAll(names)];
}
