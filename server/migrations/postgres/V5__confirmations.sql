-- What confirms a login: the most that its app or anybody who waits for it asked for, and, once it is verified, what was
-- done.
ALTER TABLE logins ADD COLUMN confirm bigint NOT NULL DEFAULT 0;
UPDATE logins SET confirm =
    CASE WHEN confirmation IS NOT NULL THEN 2 WHEN reply_reference IS NOT NULL THEN 1 ELSE 0 END;

-- The page that asked for it, as JSON.
ALTER TABLE logins ADD COLUMN asker text;

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
        phone_number_id text,
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
        IF c.is_delete THEN
            DELETE FROM logins l WHERE l.code = c.code AND l.version = c.expected;
            is_applied := FOUND;
            IF is_applied THEN
                DELETE FROM outbox o WHERE o.code = c.code;
            END IF;
        ELSIF c.expected IS NULL THEN
            INSERT INTO logins (code, app_key, state, version, deadline, waited_for, phone, user_id, verified_at,
                claimed_by, confirmation, attempts_left, reply_reference, lang, confirm, asker, node, change)
            VALUES (c.code, left(c.code, 8), c.state, c.version, c.deadline, c.waited_for, c.phone, c.user_id,
                c.verified_at, c.claimed_by, c.confirmation, c.attempts_left, c.reply_reference, c.lang, c.confirm,
                c.asker, this_node,
                first + c.number)
            ON CONFLICT DO NOTHING;
            is_applied := FOUND;
        ELSE
            UPDATE logins l SET state = c.state, version = c.version, deadline = c.deadline,
                waited_for = c.waited_for, phone = c.phone, user_id = c.user_id, verified_at = c.verified_at,
                claimed_by = c.claimed_by, confirmation = c.confirmation, attempts_left = c.attempts_left,
                reply_reference = c.reply_reference, lang = c.lang, confirm = c.confirm, asker = c.asker,
                node = this_node, change = first + c.number
            WHERE l.code = c.code AND l.version = c.expected;
            is_applied := FOUND;
        END IF;
        IF is_applied THEN
            outcomes := outcomes || 0::bigint;
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
        ELSIF one ? 'webhook' THEN
            done := array_append(done, write_webhook(one)::text);
        ELSE
            done := array_append(done, write_other(one)::text);
        END IF;
    END LOOP;
END
$$;
