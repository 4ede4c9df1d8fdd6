-- Codes that other authentication servers make, and that are sent here: what the columns mean stands in the migration of
-- SQLite.

CREATE TABLE gateways (
    gateway_id text   COLLATE "C" PRIMARY KEY,
    app_key    text   COLLATE "C" NOT NULL REFERENCES apps ON DELETE CASCADE DEFERRABLE,
    kind       text   COLLATE "C" NOT NULL,
    secret     bytea,
    old_secret bytea,
    old_until  bigint,
    created_at bigint NOT NULL
);

CREATE INDEX gateways_by_app ON gateways (app_key);

ALTER TABLE otp_sessions ADD COLUMN gateway boolean NOT NULL DEFAULT false;

-- Makes one write; `refusal` says why not, where it is refused. A session says whether its code is another server's; one that
-- a node of the version before begins is none.
CREATE OR REPLACE FUNCTION write_code_itself(w jsonb, OUT refusal text, OUT sends bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    s otp_sessions;
    r otp_answers;
    session uuid := (w ->> 'session_id')::uuid;
BEGIN
    CASE w ->> 'write'
    WHEN 'phone' THEN
        refusal := CASE WHEN NOT put_phone(w) THEN 'stale' END;
    WHEN 'join' THEN
        refusal := CASE WHEN NOT join_phones((w ->> 'source')::bytea, (w ->> 'version')::bigint, (w ->> 'target')::bytea)
            THEN 'stale' END;
    WHEN 'session' THEN
        s := jsonb_populate_record(NULL::otp_sessions, w);
        INSERT INTO otp_sessions (session_id, app_key, subject, phone, meta, code_mac, digits, is_test, used,
            created_at, delivery, gateway)
        VALUES (s.session_id, s.app_key, s.subject, s.phone, s.meta, s.code_mac, s.digits, s.is_test, s.used,
            s.created_at, s.delivery, coalesce(s.gateway, false));
    WHEN 'used' THEN
        UPDATE otp_sessions SET used = (w ->> 'used')::boolean WHERE session_id = session;
    WHEN 'sent' THEN
        UPDATE otp_sessions SET message_hash = (w ->> 'message_hash')::bytea,
            failure = coalesce(failure, (w ->> 'failure')::bigint),
            wa_id = CASE WHEN phone IS NOT NULL THEN coalesce(w ->> 'wa_id', wa_id) END
        WHERE session_id = session;
    WHEN 'failed' THEN
        UPDATE otp_sessions SET delivery = (w ->> 'delivery')::bigint,
            failure = coalesce(failure, (w ->> 'failure')::bigint)
        WHERE session_id = session AND delivery <> (w ->> 'delivery')::bigint;
        refusal := CASE WHEN NOT FOUND THEN 'known' END;
    WHEN 'count_send' THEN
        sends := count_send(w ->> 'app_key', (w ->> 'month')::bigint, (w ->> 'most')::bigint);
        refusal := CASE WHEN sends IS NULL THEN 'quota' END;
    WHEN 'uncount_send' THEN
        UPDATE otp_usage u SET sends = greatest(u.sends - 1, 0)
            WHERE app_key = w ->> 'app_key' AND month = (w ->> 'month')::bigint;
    WHEN 'count_not_requested' THEN
        INSERT INTO otp_usage AS u (app_key, calls_since, calls, month, sends, not_requested)
            VALUES (w ->> 'app_key', 0, 0, 0, 0, 1)
        ON CONFLICT (app_key) DO UPDATE SET not_requested = u.not_requested + 1;
    WHEN 'turn' THEN
        refusal := CASE WHEN NOT take_turn((w ->> 'recipient')::bytea, (w ->> 'now')::bigint, (w ->> 'pause')::bigint,
            (w ->> 'until')::bigint) THEN 'turn' END;
    WHEN 'begin' THEN
        r := jsonb_populate_record(NULL::otp_answers, w);
        INSERT INTO otp_answers AS o (call_hash, body_mac, session_id, created_at)
            VALUES (r.call_hash, r.body_mac, r.session_id, r.created_at)
        ON CONFLICT (call_hash) DO UPDATE SET session_id = excluded.session_id, created_at = excluded.created_at
            WHERE o.answer IS NULL AND o.session_id = (w ->> 'instead_of')::uuid;
        refusal := CASE WHEN NOT FOUND THEN 'known' END;
    WHEN 'response' THEN
        r := jsonb_populate_record(NULL::otp_answers, w);
        INSERT INTO otp_answers AS o (call_hash, body_mac, session_id, answer, created_at)
            VALUES (r.call_hash, r.body_mac, r.session_id, r.answer, r.created_at)
        ON CONFLICT (call_hash) DO UPDATE SET answer = excluded.answer
            WHERE o.answer IS NULL AND o.session_id = excluded.session_id;
        refusal := CASE WHEN NOT FOUND THEN 'known' END;
    WHEN 'forget' THEN
        DELETE FROM otp_answers
            WHERE call_hash = (w ->> 'call_hash')::bytea AND answer IS NULL AND session_id = session;
    END CASE;
END
$$;

-- The history after this id, up to that one, counted. The numbers of facets, kinds and endings stand in src/store/rows.rs.
CREATE OR REPLACE FUNCTION counted_history(after bigint, up_to bigint) RETURNS SETOF usage_hours LANGUAGE sql STABLE AS $$
    WITH h AS (
        SELECT *, is_first AND message_at IS NOT NULL AS has_message,
            is_first AND verified_at IS NOT NULL AS is_verified, is_first AND ending < 10 AS is_redeemed
        FROM history WHERE id > after AND id <= up_to
    ), sides AS (
        SELECT s.facet + d.daily AS facet, s.value, h.*,
            CASE d.daily WHEN 0 THEN h.started_at / 3600000 ELSE h.started_at / 86400000 * 24 END AS hour
        FROM h CROSS JOIN LATERAL (VALUES
            (0::bigint, ''), (1, h.ending::text), (2, coalesce(h.country, '')), (3, h.pace::text),
            (4, CASE WHEN h.kind IN (2, 4) AND h.has_message THEN '0' END)) AS s (facet, value)
        CROSS JOIN (VALUES (0::bigint), (10)) AS d (daily)
        WHERE s.value IS NOT NULL AND (s.facet > 0 OR d.daily = 0)
    )
    SELECT facet, app_key, hour, kind, value, count(*), count(*) FILTER (WHERE is_first),
        count(*) FILTER (WHERE has_message), count(*) FILTER (WHERE is_verified), count(*) FILTER (WHERE is_redeemed)
    FROM sides GROUP BY facet, app_key, hour, kind, value
$$;

-- Does one act on a gateway; false where it is not done.
CREATE FUNCTION carry_out_gateway(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    n gateways := jsonb_populate_record(NULL::gateways, w -> 'gateway');
BEGIN
    CASE w ->> 'act'
    WHEN 'gateway_create' THEN
        INSERT INTO gateways SELECT n.* WHERE EXISTS (SELECT FROM apps a WHERE a.app_key = n.app_key)
            AND (SELECT count(*) FROM gateways g WHERE g.app_key = n.app_key) < (w ->> 'most')::bigint
            ON CONFLICT DO NOTHING;
    WHEN 'gateway_rotate' THEN
        UPDATE gateways g SET old_secret = g.secret, old_until = n.old_until, secret = n.secret
            WHERE g.gateway_id = n.gateway_id;
    WHEN 'gateway_delete' THEN
        DELETE FROM gateways g WHERE g.gateway_id = n.gateway_id;
    END CASE;
    RETURN FOUND;
END
$$;

ALTER FUNCTION carry_out(jsonb) RENAME TO carry_out_but_gateways;
CREATE FUNCTION carry_out(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF split_part(w ->> 'act', '_', 1) = 'gateway' THEN
        RETURN carry_out_gateway(w);
    END IF;
    RETURN carry_out_but_gateways(w);
END
$$;

-- Keeps the secrets of a gateway under another seal, if the first is what it was.
CREATE FUNCTION reseal_gateway(w jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE gateways g SET secret = (w ->> 'secret')::bytea, old_secret = (w ->> 'old_secret')::bytea
        WHERE g.gateway_id = w ->> 'gateway_id' AND g.secret = (w ->> 'was')::bytea;
END
$$;

-- Makes one write that needs no position.
ALTER FUNCTION write_other(jsonb) RENAME TO write_other_but_gateways;
CREATE FUNCTION write_other(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    IF w ->> 'write' = 'reseal_gateway' THEN
        PERFORM reseal_gateway(w);
        RETURN 'true'::jsonb;
    END IF;
    RETURN write_other_but_gateways(w);
END
$$;
