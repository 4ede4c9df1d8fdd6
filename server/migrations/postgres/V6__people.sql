-- Who signs in to an app: what the columns mean stands in the migration of SQLite.

CREATE TABLE people (
    app_key        text    COLLATE "C" NOT NULL,
    subject        text    COLLATE "C" NOT NULL,
    version        bigint  NOT NULL,
    phone          text    COLLATE "C",
    phone_name     text    COLLATE "C",
    phone_shown    boolean NOT NULL,
    user_id        text    COLLATE "C",
    parent_user_id text    COLLATE "C",
    identity_key   bytea,
    left_phone     bytea,
    changes        bigint  NOT NULL,
    told           bigint  NOT NULL,
    PRIMARY KEY (app_key, subject)
);

CREATE UNIQUE INDEX people_by_phone ON people (phone_name, app_key) WHERE phone_name IS NOT NULL;
CREATE UNIQUE INDEX people_by_user_id ON people (user_id, app_key) WHERE user_id IS NOT NULL;
CREATE INDEX people_by_parent ON people (parent_user_id) WHERE parent_user_id IS NOT NULL;
CREATE INDEX people_by_left_phone ON people (left_phone) WHERE left_phone IS NOT NULL;

ALTER TABLE logins ADD COLUMN subject text COLLATE "C";
ALTER TABLE logins ADD COLUMN changes bigint NOT NULL DEFAULT 0;

-- Whoever has one of these names, each once. A part for each name, so that each is found by its index.
CREATE FUNCTION people_found(q jsonb) RETURNS SETOF people LANGUAGE sql STABLE AS $$
    SELECT p.* FROM people p WHERE p.phone_name = q ->> 'phone_name'
        AND (q ->> 'app_key' IS NULL OR p.app_key = q ->> 'app_key')
    UNION SELECT p.* FROM people p WHERE p.user_id = q ->> 'user_id'
        AND (q ->> 'app_key' IS NULL OR p.app_key = q ->> 'app_key')
    UNION SELECT p.* FROM people p WHERE p.parent_user_id = q ->> 'parent_user_id'
        AND (q ->> 'app_key' IS NULL OR p.app_key = q ->> 'app_key')
    UNION SELECT p.* FROM people p
        WHERE p.left_phone IN (SELECT jsonb_array_elements_text(q -> 'left_phone')::bytea)
        AND (q ->> 'app_key' IS NULL OR p.app_key = q ->> 'app_key')
$$;

-- Whether those that a decision was made upon are as they were.
CREATE FUNCTION are_as_seen(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN w IS NULL OR NOT EXISTS (SELECT FROM jsonb_array_elements(w -> 'seen') s WHERE s -> 'found' <> (
        SELECT coalesce(jsonb_object_agg(p.subject, p.version), '{}') FROM people_found(s -> 'query') p));
END
$$;

-- Writes people, and what apps are told of them.
CREATE FUNCTION write_people(w jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF w IS NULL THEN
        RETURN;
    END IF;
    -- All of them first: what one had may be another's now.
    DELETE FROM people p USING jsonb_to_recordset((w -> 'put') || (w -> 'removed')) AS x (app_key text, subject text)
        WHERE p.app_key = x.app_key AND p.subject = x.subject;
    INSERT INTO people SELECT * FROM jsonb_populate_recordset(NULL::people, w -> 'put');
    UPDATE people p SET told = greatest(p.told, (w #>> '{told,changes}')::bigint)
        WHERE p.app_key = w #>> '{told,app_key}' AND p.subject = w #>> '{told,subject}';
    PERFORM queue_event(e) FROM jsonb_array_elements(w -> 'events') e;
END
$$;

-- Changes people for a message that belongs to no login: 0 where it did, 1 where they are no longer as they were, 2 where
-- the message has done so before.
CREATE FUNCTION change_people(w jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF NOT are_as_seen(w -> 'people') THEN
        RETURN 1;
    END IF;
    IF w ->> 'message_hash' IS NOT NULL THEN
        INSERT INTO messages VALUES (w ->> 'phone_number_id', (w ->> 'message_hash')::bytea,
            (w ->> 'received_at')::bigint) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RETURN 2;
        END IF;
    END IF;
    PERFORM write_people(w -> 'people');
    RETURN 0;
END
$$;

-- Deletes an app with all that is its own; false where there is none.
CREATE OR REPLACE FUNCTION delete_app(of_app text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    subjects bytea[] := ARRAY (SELECT DISTINCT s.subject FROM otp_sessions s WHERE s.app_key = of_app);
BEGIN
    DELETE FROM otp_answers r USING otp_sessions s WHERE s.app_key = of_app AND s.session_id = r.session_id;
    DELETE FROM otp_phones p WHERE p.subject = ANY (subjects)
        OR p.subject IN (SELECT a.account FROM otp_aliases a WHERE a.subject = ANY (subjects));
    DELETE FROM otp_aliases a WHERE a.subject = ANY (subjects) OR a.account = ANY (subjects);
    DELETE FROM otp_sessions s WHERE s.app_key = of_app;
    DELETE FROM otp_usage u WHERE u.app_key = of_app;
    -- Codes begin with the app's key and a `-`, which `.` follows.
    DELETE FROM outbox o WHERE o.code > of_app || '-' AND o.code < of_app || '.';
    DELETE FROM outbox_counts c WHERE c.name = convert_to(of_app, 'UTF8');
    DELETE FROM logins l WHERE l.code > of_app || '-' AND l.code < of_app || '.';
    DELETE FROM people p WHERE p.app_key = of_app;
    DELETE FROM secret_keys k WHERE k.app_key = of_app;
    DELETE FROM apps a WHERE a.app_key = of_app;
    RETURN FOUND;
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
        ('people', login),
        ('logins', login);
END
$$;

-- Changes logins, in their order; `first` is the position of the first. An outcome is 0 where the change is applied, 1
-- where the login is not at the expected version, 2 where its message has brought about a change before.
CREATE OR REPLACE FUNCTION write_logins(
    this_node bigint, first bigint, changes json, OUT outcomes bigint[], OUT queued bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    c record;
    is_known boolean;
    is_applied boolean;
    became bigint;
    -- The message that the task at hand was the first to bring: it may bring about several changes.
    new_task bigint;
    new_number text;
    new_hash bytea;
BEGIN
    outcomes := '{}';
    queued := '{}';
    FOR c IN SELECT * FROM json_to_recordset(changes) AS x (
        number bigint, task bigint, expected bigint, is_delete boolean, code text, state bigint, version bigint,
        deadline bigint, waited_for boolean, phone text, user_id text, verified_at bigint, claimed_by bytea,
        confirmation bytea, attempts_left bigint, reply_reference text, lang text, confirm bigint, asker text,
        subject text, changes bigint, people jsonb, phone_number_id text,
        message_hash bytea, received_at bigint, kind bigint, recipient bytea, owed_at bigint, most_per_person bigint,
        most_per_app bigint, latest bigint
    ) ORDER BY number LOOP
        became := 0;
        is_known := c.message_hash IS NULL OR coalesce(
            c.task = new_task AND c.phone_number_id = new_number AND c.message_hash = new_hash, false);
        IF NOT is_known THEN
            INSERT INTO messages VALUES (c.phone_number_id, c.message_hash, c.received_at) ON CONFLICT DO NOTHING;
            IF NOT FOUND THEN
                outcomes := outcomes || 2::bigint;
                queued := queued || 0::bigint;
                CONTINUE;
            END IF;
        END IF;
        -- Looked at before anything is written: there is nothing to take back then.
        IF NOT are_as_seen(c.people) THEN
            is_applied := false;
        ELSIF c.is_delete THEN
            DELETE FROM logins l WHERE l.code = c.code AND l.version = c.expected;
            is_applied := FOUND;
            IF is_applied THEN
                DELETE FROM outbox o WHERE o.code = c.code;
            END IF;
        ELSIF c.expected IS NULL THEN
            INSERT INTO logins (code, app_key, state, version, deadline, waited_for, phone, user_id, verified_at,
                claimed_by, confirmation, attempts_left, reply_reference, lang, confirm, asker, subject, changes,
                node, change)
            VALUES (c.code, left(c.code, 8), c.state, c.version, c.deadline, c.waited_for, c.phone, c.user_id,
                c.verified_at, c.claimed_by, c.confirmation, c.attempts_left, c.reply_reference, c.lang, c.confirm,
                c.asker, c.subject, coalesce(c.changes, 0), this_node, first + c.number)
            ON CONFLICT DO NOTHING;
            is_applied := FOUND;
        ELSE
            UPDATE logins l SET state = c.state, version = c.version, deadline = c.deadline,
                waited_for = c.waited_for, phone = c.phone, user_id = c.user_id, verified_at = c.verified_at,
                claimed_by = c.claimed_by, confirmation = c.confirmation, attempts_left = c.attempts_left,
                reply_reference = c.reply_reference, lang = c.lang, confirm = c.confirm, asker = c.asker,
                -- A node of an earlier version does not know them.
                subject = CASE WHEN c.changes IS NULL THEN l.subject ELSE c.subject END,
                changes = coalesce(c.changes, l.changes), node = this_node, change = first + c.number
            WHERE l.code = c.code AND l.version = c.expected;
            is_applied := FOUND;
        END IF;
        IF is_applied THEN
            outcomes := outcomes || 0::bigint;
            PERFORM write_people(c.people);
            IF c.message_hash IS NOT NULL THEN
                new_task := c.task;
                new_number := c.phone_number_id;
                new_hash := c.message_hash;
            END IF;
            IF c.kind IS NOT NULL THEN
                became := queue_message(c.code, c.kind, c.recipient, c.owed_at, c.most_per_person, c.most_per_app,
                    c.latest);
            END IF;
        ELSE
            outcomes := outcomes || 1::bigint;
            IF NOT is_known THEN
                -- It brought nothing about, and can be tried again.
                DELETE FROM messages m
                    WHERE m.phone_number_id = c.phone_number_id AND m.message_hash = c.message_hash;
            END IF;
        END IF;
        queued := queued || became;
    END LOOP;
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
        INSERT INTO logins (code, app_key, state, version, deadline, waited_for, attempts_left, confirm, asker, node,
            change)
        SELECT x.code, left(x.code, 8), 0, 1, x.deadline, true, 0, x.confirm, x.asker, this_node, first + x.number
        FROM json_to_recordset(waited) AS x (number bigint, code text, deadline bigint, confirm bigint, asker text)
        ORDER BY x.number
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
        ELSIF one ? 'people' THEN
            done := array_append(done, change_people(one)::text);
        ELSIF one ? 'webhook' THEN
            done := array_append(done, write_webhook(one)::text);
        ELSE
            done := array_append(done, write_other(one)::text);
        END IF;
    END LOOP;
END
$$;
