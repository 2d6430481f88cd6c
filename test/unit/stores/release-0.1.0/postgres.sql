BEGIN;
-- Layout 1
CREATE TABLE IF NOT EXISTS "public"."web" (
  key text COLLATE "C" NOT NULL PRIMARY KEY,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  sweep_at timestamptz NOT NULL,
  user_id text COLLATE "C",
  payload text NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE "public"."web" IS 'Sojourn: one row per session. Expired rows are absent to the application, and swept later.';
COMMENT ON COLUMN "public"."web".key IS 'The public session id: safe to log, no credential.';
COMMENT ON COLUMN "public"."web".sweep_at IS 'When the sweeper looks at the row next.';
CREATE INDEX IF NOT EXISTS "web_by_user" ON "public"."web" (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS "web_by_sweep" ON "public"."web" (sweep_at);
CREATE TABLE IF NOT EXISTS "public"."web_epochs" (
  user_id text COLLATE "C" NOT NULL PRIMARY KEY,
  epoch bigint NOT NULL
);
COMMENT ON TABLE "public"."web_epochs" IS 'Sojourn: how often the sessions of a user were revoked; a login that began before is refused.';
CREATE TABLE IF NOT EXISTS "public"."web_meta" (
  name text NOT NULL PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO "public"."web_meta" (name, value) VALUES ('epoch', 0) ON CONFLICT (name) DO NOTHING;
CREATE OR REPLACE FUNCTION "public"."web_admit"(p_key text, p_version bigint, p_created timestamptz, p_seen timestamptz, p_expires timestamptz,
  p_user text, p_payload text, p_now timestamptz, p_epoch text, p_limit bigint, p_reject boolean, p_origin text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $sojourn1$
DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND EXISTS (SELECT 1 FROM "public"."web_meta" WHERE name = 'watched' AND value > date_part('epoch', now()));
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'Sojourn needs transactions that read committed, found %', current_setting('transaction_isolation')
      USING ERRCODE = 'feature_not_supported', HINT = 'ALTER ROLE ... SET default_transaction_isolation = ''read committed''';
  END IF;
  PERFORM pg_advisory_xact_lock_shared((1034395270412195688)::bigint);
  PERFORM pg_advisory_xact_lock(hashtextextended(p_user, (1034395270412195688)::bigint));
  IF (SELECT value FROM "public"."web_meta" WHERE name = 'epoch') || '.' ||
    coalesce((SELECT epoch FROM "public"."web_epochs" WHERE user_id = p_user), 0) IS DISTINCT FROM p_epoch THEN
    RETURN NEXT 'revoked';
    RETURN;
  END IF;
  IF EXISTS (SELECT 1 FROM "public"."web" WHERE key = p_key AND expires_at > p_now) THEN
    RETURN NEXT 'exists';
    RETURN;
  END IF;
  IF p_reject AND p_limit <= (SELECT count(*) FROM "public"."web" WHERE user_id = p_user AND expires_at > p_now) THEN
    RETURN NEXT 'limit';
    RETURN;
  END IF;
  INSERT INTO "public"."web" AS s (key, version, created_at, seen_at, expires_at, sweep_at, user_id, payload)
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
  FOR ended IN DELETE FROM "public"."web" WHERE user_id = p_user AND expires_at > p_now AND key = ANY (ARRAY(
      SELECT key FROM "public"."web" WHERE user_id = p_user AND expires_at > p_now AND key <> p_key
      ORDER BY created_at DESC, key DESC OFFSET greatest(p_limit - 1, 0)
    )) RETURNING key
  LOOP
    RETURN NEXT ended;
    IF watched AND octet_length(ended) < 7900 THEN
      PERFORM pg_notify('sojourn_0e5ae9049a435768', p_origin || ended);
    END IF;
  END LOOP;
END
$sojourn1$;
CREATE OR REPLACE FUNCTION "public"."web_end_user"(p_user text, p_except text, p_limit bigint, p_now timestamptz, p_origin text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $sojourn1$
DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND EXISTS (SELECT 1 FROM "public"."web_meta" WHERE name = 'watched' AND value > date_part('epoch', now()));
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'Sojourn needs transactions that read committed, found %', current_setting('transaction_isolation')
      USING ERRCODE = 'feature_not_supported', HINT = 'ALTER ROLE ... SET default_transaction_isolation = ''read committed''';
  END IF;
  PERFORM pg_advisory_xact_lock_shared((1034395270412195688)::bigint);
  PERFORM pg_advisory_xact_lock(hashtextextended(p_user, (1034395270412195688)::bigint));
  INSERT INTO "public"."web_epochs" AS e (user_id, epoch) VALUES (p_user, 1)
    ON CONFLICT (user_id) DO UPDATE SET epoch = e.epoch + 1;
  FOR ended IN DELETE FROM "public"."web" WHERE key = ANY (ARRAY(
      SELECT key FROM "public"."web" WHERE user_id = p_user AND expires_at > p_now AND key IS DISTINCT FROM p_except ORDER BY created_at, key LIMIT p_limit FOR UPDATE
    )) RETURNING key
  LOOP
    RETURN NEXT ended;
    IF watched AND octet_length(ended) < 7900 THEN
      PERFORM pg_notify('sojourn_0e5ae9049a435768', p_origin || ended);
    END IF;
  END LOOP;
END
$sojourn1$;
CREATE OR REPLACE FUNCTION "public"."web_end_all"(p_limit bigint, p_now timestamptz, p_origin text) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $sojourn1$
DECLARE
  ended text;
  watched boolean := p_origin IS NOT NULL AND EXISTS (SELECT 1 FROM "public"."web_meta" WHERE name = 'watched' AND value > date_part('epoch', now()));
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'Sojourn needs transactions that read committed, found %', current_setting('transaction_isolation')
      USING ERRCODE = 'feature_not_supported', HINT = 'ALTER ROLE ... SET default_transaction_isolation = ''read committed''';
  END IF;
  PERFORM pg_advisory_xact_lock((1034395270412195688)::bigint);
  UPDATE "public"."web_meta" SET value = value + 1 WHERE name = 'epoch';
  FOR ended IN DELETE FROM "public"."web" WHERE key = ANY (ARRAY(
      SELECT key FROM "public"."web" WHERE expires_at > p_now ORDER BY key LIMIT p_limit FOR UPDATE
    )) RETURNING key
  LOOP
    RETURN NEXT ended;
    IF watched AND octet_length(ended) < 7900 THEN
      PERFORM pg_notify('sojourn_0e5ae9049a435768', p_origin || ended);
    END IF;
  END LOOP;
END
$sojourn1$;
INSERT INTO "public"."web_meta" (name, value) VALUES ('layout', 1), ('compatible', 1)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value;
COMMIT;
