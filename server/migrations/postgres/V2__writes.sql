-- What a node writes at once is one call of `write_group`: one statement, one transaction, one round trip. Everybody who
-- writes locks the row of `changes` first, so that groups follow one another and nothing here has to expect that a row
-- which it has looked at changes; src/store/postgres/mod.rs says what else hangs on that. Statements within a function
-- see what was committed before they began, also while the first of them waited.

-- Waits until nobody else writes, and takes so many positions; the last of them.
CREATE FUNCTION begin_writing(amount bigint) RETURNS bigint LANGUAGE sql AS $$
    UPDATE changes SET last = last + amount RETURNING last
$$;

-- Counts one more in a window of this length; false, and nothing counted, beyond `most`. A window that begins in the
-- future was begun by a clock that was wrong.
CREATE FUNCTION count_message(whose bytea, moment bigint, span bigint, most bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox_counts AS o (name, since, count) SELECT whose, moment, 1 WHERE most > 0
    ON CONFLICT (name) DO UPDATE SET
        count = CASE WHEN o.since > moment - span AND o.since <= moment THEN o.count + 1 ELSE 1 END,
        since = CASE WHEN o.since > moment - span AND o.since <= moment THEN o.since ELSE moment END
        WHERE o.count < most OR o.since <= moment - span OR o.since > moment;
    RETURN FOUND;
END
$$;

-- Queues a message of a login: 1 where it is queued, 2 where the same waits already, 3 where the person has got as many
-- as may be, 4 where the app's logins have cost as many.
CREATE FUNCTION queue_message(
    of_login text, which bigint, person bytea, moment bigint, most_per_person bigint, most_per_app bigint, latest bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM outbox o WHERE o.code = of_login AND o.kind = which AND o.state <= 1) THEN
        RETURN 2;
    END IF;
    IF NOT count_message(person, moment, 3600000, most_per_person) THEN
        RETURN 3;
    END IF;
    IF NOT count_message(convert_to(split_part(of_login, '-', 1), 'UTF8'), moment, 86400000, most_per_app) THEN
        RETURN 4;
    END IF;
    INSERT INTO outbox AS o (code, serial, kind, state, recipient, queued_at, due_at, tries)
        VALUES (of_login, 1, which, 0, person, moment, moment, 0)
    ON CONFLICT (code) DO UPDATE SET
        serial = o.serial + 1, kind = which, state = 0, recipient = person, queued_at = moment, tries = 0,
        due_at = CASE WHEN o.state <= 1 THEN moment ELSE least(greatest(o.due_at, moment), latest) END;
    RETURN 1;
END
$$;

-- Changes logins, in their order; `first` is the position of the first. An outcome is 0 where the change is applied, 1
-- where the login is not at the expected version, 2 where its message has brought about a change before.
CREATE FUNCTION write_logins(
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
        confirmation bytea, attempts_left bigint, reply_reference text, lang text, phone_number_id text,
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
                claimed_by, confirmation, attempts_left, reply_reference, lang, node, change)
            VALUES (c.code, left(c.code, 8), c.state, c.version, c.deadline, c.waited_for, c.phone, c.user_id,
                c.verified_at, c.claimed_by, c.confirmation, c.attempts_left, c.reply_reference, c.lang, this_node,
                first + c.number)
            ON CONFLICT DO NOTHING;
            is_applied := FOUND;
        ELSE
            UPDATE logins l SET state = c.state, version = c.version, deadline = c.deadline,
                waited_for = c.waited_for, phone = c.phone, user_id = c.user_id, verified_at = c.verified_at,
                claimed_by = c.claimed_by, confirmation = c.confirmation, attempts_left = c.attempts_left,
                reply_reference = c.reply_reference, lang = c.lang, node = this_node, change = first + c.number
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

-- Takes one turn in a recipient's row; false where the row would then reach beyond `until`. No row reaches beyond its own
-- `until`: one that lies twice as far ahead was written by a clock that was ahead, and not by a node whose clock differs
-- a little.
CREATE FUNCTION take_turn(whose bytea, moment bigint, pause bigint, until bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO otp_recipients AS r (recipient, free_at) VALUES (whose, moment + pause)
    ON CONFLICT (recipient) DO UPDATE SET
        free_at = CASE WHEN r.free_at > until + (until - moment) THEN moment ELSE greatest(r.free_at, moment) END + pause
        WHERE r.free_at > until + (until - moment) OR greatest(r.free_at, moment) + pause <= until;
    RETURN FOUND;
END
$$;

CREATE FUNCTION put_phone(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    p otp_phones := jsonb_populate_record(NULL::otp_phones, w);
BEGIN
    IF p.version = 1 THEN
        INSERT INTO otp_phones (subject, version, live_session, expires_at, attempts_left, sending, sending_until,
            cooldown_until, wrong_at, wrong_in_row, changed_at)
        SELECT p.subject, p.version, p.live_session, p.expires_at, p.attempts_left, p.sending, p.sending_until,
            p.cooldown_until, p.wrong_at, p.wrong_in_row, p.changed_at
        WHERE NOT EXISTS (SELECT FROM otp_aliases a WHERE a.subject = p.subject)
        ON CONFLICT DO NOTHING;
    ELSE
        UPDATE otp_phones o SET version = p.version, live_session = p.live_session, expires_at = p.expires_at,
            attempts_left = p.attempts_left, sending = p.sending, sending_until = p.sending_until,
            cooldown_until = p.cooldown_until, wrong_at = p.wrong_at, wrong_in_row = p.wrong_in_row,
            changed_at = p.changed_at
        WHERE o.subject = p.subject AND o.version = p.version - 1;
    END IF;
    RETURN FOUND;
END
$$;

CREATE FUNCTION join_phones(source bytea, at_version bigint, target bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF at_version > 0 THEN
        DELETE FROM otp_phones p WHERE p.subject = source AND p.version = at_version;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    -- What led to `source` leads on: one step is enough to find a row.
    UPDATE otp_aliases a SET account = target WHERE a.account = source;
    INSERT INTO otp_aliases (subject, account)
        SELECT source, target WHERE NOT EXISTS (SELECT FROM otp_phones p WHERE p.subject = source)
        ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

-- How many codes there are now in this month; NULL where that would be more than `most`.
CREATE FUNCTION count_send(of_app text, in_month bigint, most bigint) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO otp_usage AS u (app_key, calls_since, calls, month, sends, not_requested)
        SELECT of_app, 0, 0, in_month, 1, 0 WHERE most > 0
    ON CONFLICT (app_key) DO UPDATE SET
        sends = CASE WHEN u.month = in_month THEN u.sends + 1 ELSE 1 END, month = in_month
        WHERE u.month <> in_month OR u.sends < most
    RETURNING sends
$$;

-- Makes one write; `refusal` says why not, where it is refused.
CREATE FUNCTION write_code(w jsonb, OUT refusal text, OUT sends bigint) LANGUAGE plpgsql AS $$
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
            created_at, delivery)
        VALUES (s.session_id, s.app_key, s.subject, s.phone, s.meta, s.code_mac, s.digits, s.is_test, s.used,
            s.created_at, s.delivery);
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

-- Makes all of these writes or none, and counts the call in any case; where nothing is to be taken back, `is_simple`
-- says so, and the first alone can be refused.
CREATE FUNCTION write_codes(task jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    call jsonb := task -> 'call';
    now_calls bigint;
    now_since bigint;
    now_sends bigint;
    refused text;
    w jsonb;
    one record;
BEGIN
    IF call IS NOT NULL THEN
        INSERT INTO otp_usage AS u (app_key, calls_since, calls, month, sends, not_requested)
            VALUES (call ->> 'app_key', (call ->> 'now')::bigint, 1, 0, 0, 0)
        ON CONFLICT (app_key) DO UPDATE SET
            calls = CASE WHEN u.calls_since > (call ->> 'since')::bigint THEN least(u.calls + 1, 4294967295) ELSE 1 END,
            calls_since = CASE WHEN u.calls_since > (call ->> 'since')::bigint
                THEN least(u.calls_since, (call ->> 'now')::bigint) ELSE (call ->> 'now')::bigint END
        RETURNING calls, calls_since INTO now_calls, now_since;
        IF now_calls > (call ->> 'most')::bigint THEN
            RETURN jsonb_build_object('calls', now_calls, 'since', now_since, 'refusal', 'rate');
        END IF;
    END IF;
    IF (task ->> 'is_simple')::boolean THEN
        FOR w IN SELECT value FROM jsonb_array_elements(task -> 'writes') LOOP
            one := write_code(w);
            refused := one.refusal;
            EXIT WHEN refused IS NOT NULL;
            now_sends := coalesce(one.sends, now_sends);
        END LOOP;
    ELSE
        BEGIN
            FOR w IN SELECT value FROM jsonb_array_elements(task -> 'writes') LOOP
                one := write_code(w);
                refused := one.refusal;
                IF refused IS NOT NULL THEN
                    -- Takes back what this block has written.
                    RAISE EXCEPTION USING ERRCODE = 'LG001';
                END IF;
                now_sends := coalesce(one.sends, now_sends);
            END LOOP;
        EXCEPTION WHEN SQLSTATE 'LG001' THEN
            now_sends := NULL;
        END;
    END IF;
    RETURN jsonb_build_object('calls', now_calls, 'since', now_since, 'refusal', refused, 'sends', now_sends);
END
$$;

-- Takes a message that waits, and a turn in its recipient's row.
CREATE FUNCTION begin_message(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    of_login text := w ->> 'code';
    which bigint := (w ->> 'serial')::bigint;
    person bytea := (w ->> 'recipient')::bytea;
    moment bigint := (w ->> 'now')::bigint;
    pause bigint := (w ->> 'pause')::bigint;
    burst bigint := (w ->> 'burst')::bigint;
    later bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM outbox o WHERE o.code = of_login AND o.serial = which AND o.state = 0) THEN
        RETURN jsonb_build_object('begun', 'gone');
    END IF;
    IF NOT take_turn(person, moment, pause, moment + pause * burst) THEN
        SELECT free_at - pause * greatest(burst - 1, 0) INTO later FROM otp_recipients r WHERE r.recipient = person;
        later := least(greatest(coalesce(later, moment), moment + 1), moment + pause * burst);
        UPDATE outbox o SET due_at = later WHERE o.code = of_login AND o.serial = which;
        RETURN jsonb_build_object('begun', 'later', 'at', later);
    END IF;
    UPDATE outbox o SET state = 1, due_at = (w ->> 'until')::bigint, tries = o.tries + 1
        WHERE o.code = of_login AND o.serial = which;
    RETURN jsonb_build_object('begun', 'taken');
END
$$;

-- Makes one write that needs no position.
CREATE FUNCTION write_other(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    rows bigint := 0;
BEGIN
    CASE w ->> 'write'
    WHEN 'nothing' THEN
        NULL;
    WHEN 'begin_message' THEN
        RETURN begin_message(w);
    WHEN 'act' THEN
        RETURN to_jsonb(administer(w));
    WHEN 'export_person' THEN
        RETURN export_person(w);
    WHEN 'forget_person' THEN
        RETURN forget_person(w);
    WHEN 'insert_key' THEN
        RETURN to_jsonb(insert_key(w -> 'key'));
    WHEN 'note_key_uses' THEN
        -- A moment that lies ahead was noted by a clock that was wrong.
        UPDATE secret_keys s SET last_used_at = u.at
            FROM jsonb_to_recordset(w -> 'uses') AS u (app_key text, key_id text, at bigint)
            WHERE s.app_key = u.app_key AND s.key_id = u.key_id AND (s.last_used_at IS NULL
                OR s.last_used_at <= u.at - (w ->> 'pause')::bigint OR s.last_used_at > u.at);
    WHEN 'trim_audit' THEN
        rows := trim_audit((w ->> 'before')::bigint, (w ->> 'limit')::bigint);
    WHEN 'end_message' THEN
        UPDATE outbox SET state = (w ->> 'state')::bigint, due_at = (w ->> 'due_at')::bigint
            WHERE code = w ->> 'code' AND serial = (w ->> 'serial')::bigint;
        INSERT INTO otp_recipients AS r (recipient, free_at)
            SELECT (w ->> 'recipient')::bytea, (w ->> 'free_at')::bigint WHERE w ->> 'free_at' IS NOT NULL
        ON CONFLICT (recipient) DO UPDATE SET free_at = greatest(r.free_at, excluded.free_at);
    WHEN 'drop_message' THEN
        DELETE FROM outbox WHERE code = w ->> 'code' AND serial = (w ->> 'serial')::bigint;
    WHEN 'delivery' THEN
        -- A session whose person has left stays without one, however late a status comes.
        UPDATE otp_sessions SET delivery = greatest(delivery, (w ->> 'delivery')::bigint),
            wa_id = CASE WHEN phone IS NOT NULL THEN coalesce(w ->> 'wa_id', wa_id) END,
            user_id = CASE WHEN phone IS NOT NULL THEN coalesce(w ->> 'user_id', user_id) END
        WHERE session_id = (w ->> 'session_id')::uuid;
    WHEN 'trim_lapsed' THEN
        DELETE FROM logins WHERE code IN (SELECT code FROM logins
            WHERE state = 9 AND app_key = w ->> 'app_key' ORDER BY deadline LIMIT (w ->> 'limit')::bigint);
        GET DIAGNOSTICS rows = ROW_COUNT;
    WHEN 'purge_outbox_counts' THEN
        DELETE FROM outbox_counts WHERE name IN (SELECT name FROM outbox_counts
            WHERE since < (w ->> 'before')::bigint OR since > (w ->> 'now')::bigint LIMIT (w ->> 'limit')::bigint);
        GET DIAGNOSTICS rows = ROW_COUNT;
    WHEN 'purge_messages' THEN
        UPDATE messages SET received_at = (w ->> 'now')::bigint WHERE received_at > (w ->> 'now')::bigint;
        DELETE FROM messages WHERE (phone_number_id, message_hash) IN (SELECT phone_number_id, message_hash
            FROM messages WHERE received_at < (w ->> 'before')::bigint LIMIT (w ->> 'limit')::bigint);
        GET DIAGNOSTICS rows = ROW_COUNT;
    WHEN 'purge_codes' THEN
        rows := purge_codes((w ->> 'now')::bigint, (w ->> 'person_kept')::bigint, (w ->> 'kept')::bigint,
            (w ->> 'turns')::bigint, (w ->> 'limit')::bigint);
    END CASE;
    RETURN jsonb_build_object('rows', rows);
END
$$;

-- Takes people out of sessions that are over, and forgets what is old; how many rows that concerned.
CREATE FUNCTION purge_codes(moment bigint, person_kept bigint, kept bigint, turns bigint, most bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    total bigint := 0;
    rows bigint;
BEGIN
    UPDATE otp_sessions SET phone = NULL, meta = NULL, wa_id = NULL, user_id = NULL WHERE session_id IN
        (SELECT session_id FROM otp_sessions WHERE phone IS NOT NULL
            AND (created_at < moment - person_kept OR created_at > moment + person_kept) LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    total := total + rows;
    DELETE FROM otp_sessions WHERE session_id IN (SELECT session_id FROM otp_sessions
        WHERE created_at < moment - kept OR created_at > moment + kept LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    total := total + rows;
    DELETE FROM otp_answers WHERE call_hash IN (SELECT call_hash FROM otp_answers
        WHERE created_at < moment - kept OR created_at > moment + kept LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    total := total + rows;
    -- A recipient's row is empty once its moment has passed.
    DELETE FROM otp_recipients WHERE recipient IN (SELECT recipient FROM otp_recipients
        WHERE free_at < moment OR free_at > moment + turns LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    total := total + rows;
    -- Counts of wrong guesses outlast a clock that was ahead.
    UPDATE otp_phones SET changed_at = moment WHERE changed_at > moment + kept;
    DELETE FROM otp_phones WHERE subject IN
        (SELECT subject FROM otp_phones WHERE changed_at < moment - kept LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    total := total + rows;
    -- An alias always leads to a row.
    DELETE FROM otp_aliases a WHERE NOT EXISTS (SELECT FROM otp_phones p WHERE p.subject = a.account);
    RETURN total;
END
$$;

-- Writes a group: logins that are waited for the first time, which come by the thousand, in one statement; then the
-- other changes, the one-time codes and the rest, each in its order.
CREATE FUNCTION write_group(
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
        done := array_append(done, write_other(one)::text);
    END LOOP;
END
$$;
