-- What apps are told by webhooks: what the columns mean stands in the migration of SQLite.

CREATE TABLE webhook_endpoints (
    endpoint_id  text   COLLATE "C" PRIMARY KEY,
    app_key      text   COLLATE "C" NOT NULL REFERENCES apps ON DELETE CASCADE DEFERRABLE,
    url          text   NOT NULL,
    events       text   NOT NULL,
    secret       bytea  NOT NULL,
    old_secret   bytea,
    old_until    bigint,
    created_at   bigint NOT NULL,
    disabled_at  bigint,
    disabled_for bigint,
    succeeded_at bigint
) WITH (fillfactor = 50);

CREATE INDEX webhook_endpoints_by_app ON webhook_endpoints (app_key);

CREATE TABLE webhook_deliveries (
    event_id    text   COLLATE "C" NOT NULL,
    endpoint_id text   COLLATE "C" NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE DEFERRABLE,
    kind        text   COLLATE "C" NOT NULL,
    payload     text   NOT NULL,
    phone       text   COLLATE "C",
    user_id     text   COLLATE "C",
    state       bigint NOT NULL,
    queued_at   bigint NOT NULL,
    due_at      bigint NOT NULL,
    until       bigint NOT NULL,
    tries       bigint NOT NULL,
    status      bigint,
    failure     text   COLLATE "C",
    ended_at    bigint,
    PRIMARY KEY (event_id, endpoint_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (endpoint_id, due_at) WHERE state = 0;
CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (endpoint_id, queued_at);
CREATE INDEX webhook_deliveries_with_person ON webhook_deliveries (phone) WHERE phone IS NOT NULL;

-- Stores an event for each endpoint that wants it, or for one that is named; how many that were.
CREATE FUNCTION queue_event(w jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
BEGIN
    INSERT INTO webhook_deliveries (event_id, endpoint_id, kind, payload, phone, user_id, state, queued_at, due_at,
        until, tries)
    SELECT w ->> 'event_id', e.endpoint_id, w ->> 'kind', w ->> 'payload', w ->> 'phone', w ->> 'user_id', 0,
        (w ->> 'at')::bigint, (w ->> 'at')::bigint, (w ->> 'until')::bigint, 0
    FROM webhook_endpoints e WHERE e.disabled_at IS NULL AND CASE
        WHEN w ->> 'endpoint_id' IS NOT NULL THEN e.endpoint_id = w ->> 'endpoint_id'
        ELSE (w ->> 'app_key' IS NULL OR e.app_key = w ->> 'app_key')
            AND (e.events = '' OR w ->> 'kind' = ANY (string_to_array(e.events, ' '))) END
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN rows;
END
$$;

CREATE FUNCTION put_webhook(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    n webhook_endpoints := jsonb_populate_record(NULL::webhook_endpoints, w);
BEGIN
    INSERT INTO webhook_endpoints SELECT n.* WHERE EXISTS (SELECT FROM apps a WHERE a.app_key = n.app_key)
        AND (SELECT count(*) FROM webhook_endpoints e WHERE e.app_key = n.app_key) < (w ->> 'most')::bigint
        ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

-- Has an endpoint be told nothing; false where it is not, or there is none.
CREATE FUNCTION disable_webhook(id text, moment bigint, why bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE webhook_endpoints e SET disabled_at = moment, disabled_for = why
        WHERE e.endpoint_id = id AND e.disabled_at IS NULL;
    RETURN FOUND;
END
$$;

-- Does what an administrator does to endpoints; false where it is not done.
CREATE FUNCTION carry_out_webhook(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    id text := w ->> 'endpoint_id';
    moment bigint := (w ->> 'moment')::bigint;
    given_up bigint := (w ->> 'until')::bigint;
BEGIN
    CASE w ->> 'act'
    WHEN 'webhook_add' THEN
        RETURN put_webhook(w -> 'endpoint');
    WHEN 'webhook_rotate' THEN
        UPDATE webhook_endpoints e SET old_secret = e.secret, old_until = given_up, secret = (w ->> 'secret')::bytea
            WHERE e.endpoint_id = id;
    WHEN 'webhook_disable' THEN
        RETURN disable_webhook(id, moment, (w ->> 'why')::bigint);
    WHEN 'webhook_enable' THEN
        UPDATE webhook_endpoints e SET disabled_at = NULL, disabled_for = NULL
            WHERE e.endpoint_id = id AND e.disabled_at IS NOT NULL;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        UPDATE webhook_deliveries d SET due_at = moment, until = given_up, tries = 0
            WHERE d.endpoint_id = id AND d.state = 0;
        RETURN true;
    WHEN 'webhook_delete' THEN
        DELETE FROM webhook_endpoints e WHERE e.endpoint_id = id;
    WHEN 'webhook_replay' THEN
        UPDATE webhook_deliveries d SET state = 0, due_at = moment, until = given_up, tries = 0, ended_at = NULL
            WHERE d.endpoint_id = id AND CASE WHEN w ->> 'event_id' IS NOT NULL THEN d.event_id = w ->> 'event_id'
                ELSE d.state = 2 AND d.queued_at >= (w ->> 'since')::bigint END;
    WHEN 'webhook_test' THEN
        RETURN queue_event(w -> 'event') > 0;
    END CASE;
    RETURN FOUND;
END
$$;

-- Notes how a try ended; whether that disabled the endpoint.
CREATE FUNCTION end_delivery(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    id text := w ->> 'endpoint_id';
    moment bigint := (w ->> 'at')::bigint;
    new_state bigint := (w ->> 'state')::bigint;
BEGIN
    UPDATE webhook_deliveries d SET state = new_state, tries = d.tries + 1, status = (w ->> 'status')::bigint,
        failure = w ->> 'failure', due_at = coalesce((w ->> 'due_at')::bigint, d.due_at),
        ended_at = CASE WHEN new_state > 0 THEN moment END
        WHERE d.event_id = w ->> 'event_id' AND d.endpoint_id = id AND d.state = 0;
    IF new_state = 1 THEN
        UPDATE webhook_endpoints e SET succeeded_at = moment WHERE e.endpoint_id = id;
    ELSIF new_state = 2 AND ((w ->> 'is_certain')::boolean OR NOT EXISTS (SELECT FROM webhook_endpoints e
        JOIN webhook_deliveries d USING (endpoint_id)
        WHERE endpoint_id = id AND d.event_id = w ->> 'event_id' AND e.succeeded_at >= d.queued_at)) THEN
        RETURN disable_webhook(id, moment, (w ->> 'why')::bigint);
    END IF;
    RETURN false;
END
$$;

-- Takes away what is old or too much; how many rows that were, and how many events will not be told.
CREATE FUNCTION purge_deliveries(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    moment bigint := (w ->> 'now')::bigint;
    before bigint := (w ->> 'before')::bigint;
    horizon bigint := (w ->> 'horizon')::bigint;
    waiting bigint := (w ->> 'most_waiting')::bigint;
    most bigint := (w ->> 'limit')::bigint;
    old bigint;
    dropped bigint;
    rows bigint;
BEGIN
    DELETE FROM webhook_deliveries d WHERE (d.event_id, d.endpoint_id) IN (SELECT o.event_id, o.endpoint_id
        FROM webhook_deliveries o WHERE o.ended_at IS NOT NULL AND (o.ended_at < before OR o.ended_at > horizon)
        LIMIT most);
    GET DIAGNOSTICS old = ROW_COUNT;
    -- Of endpoints that are disabled: the others give up by themselves.
    DELETE FROM webhook_deliveries d WHERE (d.event_id, d.endpoint_id) IN (SELECT o.event_id, o.endpoint_id
        FROM webhook_deliveries o WHERE o.state = 0 AND o.until < before LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    DELETE FROM webhook_deliveries d USING (
        SELECT x.event_id, x.endpoint_id FROM (SELECT endpoint_id, count(*) - waiting AS excess
            FROM webhook_deliveries WHERE state = 0 GROUP BY endpoint_id HAVING count(*) > waiting) crowded
        CROSS JOIN LATERAL (SELECT o.event_id, o.endpoint_id FROM webhook_deliveries o
            WHERE o.endpoint_id = crowded.endpoint_id AND o.state = 0 ORDER BY o.queued_at
            LIMIT least(crowded.excess, most)) x) gone
        WHERE d.event_id = gone.event_id AND d.endpoint_id = gone.endpoint_id;
    GET DIAGNOSTICS rows = ROW_COUNT;
    -- Due so far ahead is what a clock wrote that was wrong.
    UPDATE webhook_deliveries d SET due_at = moment WHERE d.state = 0 AND d.due_at > horizon;
    RETURN jsonb_build_object('old', old, 'dropped', dropped + rows);
END
$$;

-- Makes one write of webhooks.
CREATE FUNCTION write_webhook(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    CASE w ->> 'webhook'
    WHEN 'put' THEN
        RETURN to_jsonb(put_webhook(w -> 'endpoint'));
    WHEN 'reseal' THEN
        UPDATE webhook_endpoints e SET secret = (w ->> 'secret')::bytea, old_secret = (w ->> 'old_secret')::bytea
            WHERE e.endpoint_id = w ->> 'endpoint_id' AND e.secret = (w ->> 'was')::bytea;
        RETURN to_jsonb(FOUND);
    WHEN 'event' THEN
        RETURN to_jsonb(queue_event(w));
    WHEN 'end' THEN
        RETURN to_jsonb(end_delivery(w));
    WHEN 'purge' THEN
        RETURN purge_deliveries(w);
    END CASE;
END
$$;

-- Does one act and notes it, or neither.
CREATE OR REPLACE FUNCTION administer(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF (CASE WHEN starts_with(w ->> 'act', 'webhook_') THEN carry_out_webhook(w) ELSE carry_out(w) END) THEN
        PERFORM note_act(w -> 'note', w #>> '{note,fields}');
        RETURN true;
    END IF;
    -- Takes back what this block has written.
    RAISE EXCEPTION USING ERRCODE = 'LG001';
EXCEPTION WHEN SQLSTATE 'LG001' THEN
    RETURN false;
END
$$;

-- Each table that can hold a person, and the rows that they are in, in the order in which these are deleted: what leads
-- to others goes last. `$1` are all names of the person, as JSON; MACs are hexadecimal.
CREATE OR REPLACE FUNCTION tables_with_people() RETURNS TABLE (place text, condition text) LANGUAGE plpgsql AS $$
DECLARE
    texts constant text := 'IN (SELECT jsonb_array_elements_text($1 -> %L))';
    macs constant text := 'IN (SELECT jsonb_array_elements_text($1 -> %L)::bytea)';
    in_phones constant text := format(texts, 'phones');
    in_user_ids constant text := format(texts, 'user_ids');
    in_recipients constant text := format(macs, 'recipients');
    in_subjects constant text := format(macs, 'subjects');
    in_calls constant text := format(macs, 'calls');
    login constant text := format('phone %s OR user_id %s', in_phones, in_user_ids);
    session constant text := format('phone %1$s OR wa_id %1$s OR user_id %2$s OR subject %3$s',
        in_phones, in_user_ids, in_subjects);
BEGIN
    RETURN QUERY VALUES
        ('otp_answers', format('call_hash %s OR session_id IN (SELECT session_id FROM otp_sessions WHERE %s)',
            in_calls, session)),
        ('outbox', format('recipient %s OR code IN (SELECT code FROM logins WHERE %s)', in_recipients, login)),
        ('outbox_counts', format('name %s', in_recipients)),
        ('otp_recipients', format('recipient %s', in_recipients)),
        ('otp_phones', format('subject %s', in_subjects)),
        ('otp_aliases', format('subject %1$s OR account %1$s', in_subjects)),
        ('otp_test_numbers', format('phone %s', in_phones)),
        ('otp_sessions', session),
        ('webhook_deliveries', login),
        ('logins', login);
END
$$;

-- Writes a group: logins that are waited for the first time, which come by the thousand, in one statement; then the
-- other changes, the one-time codes and the rest, each in its order. An event of a change or of codes comes last, and
-- only where that is written.
CREATE OR REPLACE FUNCTION write_group(
    this_node bigint, amount bigint, waited json, changes json, codes jsonb, others jsonb,
    OUT last_change bigint, OUT inserted bigint[], OUT outcomes bigint[], OUT queued bigint[], OUT coded text[],
    OUT done text[]
) LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
    one jsonb;
BEGIN
    last_change := begin_writing(amount);
    first := last_change - amount + 1;
    WITH added AS (
        INSERT INTO logins (code, app_key, state, version, deadline, waited_for, attempts_left, node, change)
        SELECT x.code, left(x.code, 8), 0, 1, x.deadline, true, 0, this_node, first + x.number
        FROM json_to_recordset(waited) AS x (number bigint, code text, deadline bigint) ORDER BY x.number
        ON CONFLICT DO NOTHING RETURNING change
    )
    SELECT coalesce(array_agg(added.change - first), '{}') INTO inserted FROM added;
    SELECT x.outcomes, x.queued INTO outcomes, queued FROM write_logins(this_node, first, changes) x;
    coded := '{}';
    FOR one IN SELECT value FROM jsonb_array_elements(codes) LOOP
        coded := array_append(coded, write_codes(one)::text);
    END LOOP;
    done := '{}';
    FOR one IN SELECT value FROM jsonb_array_elements(others) LOOP
        IF one ? 'of_change' THEN
            IF outcomes[(one ->> 'of_change')::bigint + 1] = 0 THEN
                PERFORM queue_event(one);
            END IF;
        ELSIF one ? 'of_codes' THEN
            IF coded[(one ->> 'of_codes')::bigint + 1]::jsonb ->> 'refusal' IS NULL THEN
                PERFORM queue_event(one);
            END IF;
        ELSIF one ? 'webhook' THEN
            done := array_append(done, write_webhook(one)::text);
        ELSE
            done := array_append(done, write_other(one)::text);
        END IF;
    END LOOP;
END
$$;
