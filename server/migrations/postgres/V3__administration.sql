-- What administrators do, and what is told of a person or forgotten: writes of a group like others, see `write_other`, so
-- that nobody else writes meanwhile, and that each is done whole or not at all.

-- Adds a row of the audit, where there is one to be added.
CREATE FUNCTION note_act(note jsonb, given_fields text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO audit (at, actor, act, subject, fields)
        SELECT (note ->> 'at')::bigint, note ->> 'actor', note ->> 'act', note ->> 'subject', given_fields
        WHERE note ->> 'act' IS NOT NULL
$$;

CREATE FUNCTION put_app(w jsonb, is_new boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    a apps := jsonb_populate_record(NULL::apps, w);
BEGIN
    IF is_new THEN
        INSERT INTO apps (app_key, name, require_secret_key, hide_phone_from_browser, allowed_origins, confirm,
            phone_hidden, created_at, calls_per_minute, monthly_quota, live_only, messages_per_day, disabled_at)
        VALUES (a.app_key, a.name, a.require_secret_key, a.hide_phone_from_browser, a.allowed_origins, a.confirm,
            a.phone_hidden, a.created_at, a.calls_per_minute, a.monthly_quota, a.live_only, a.messages_per_day,
            a.disabled_at)
        ON CONFLICT DO NOTHING;
    ELSE
        UPDATE apps o SET name = a.name, require_secret_key = a.require_secret_key,
            hide_phone_from_browser = a.hide_phone_from_browser, allowed_origins = a.allowed_origins,
            confirm = a.confirm, phone_hidden = a.phone_hidden, created_at = a.created_at,
            calls_per_minute = a.calls_per_minute, monthly_quota = a.monthly_quota, live_only = a.live_only,
            messages_per_day = a.messages_per_day, disabled_at = a.disabled_at
        WHERE o.app_key = a.app_key;
    END IF;
    RETURN FOUND;
END
$$;

-- Adds a key; false where the app has one with its id, has as many good ones as it may, or is none.
CREATE FUNCTION insert_key(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    k secret_keys := jsonb_populate_record(NULL::secret_keys, w);
    is_added boolean;
BEGIN
    INSERT INTO secret_keys (app_key, key_id, key_hash, label, created_at, last_used_at, expires_at)
        SELECT k.app_key, k.key_id, k.key_hash, k.label, k.created_at, k.last_used_at, k.expires_at
        WHERE EXISTS (SELECT FROM apps a WHERE a.app_key = k.app_key)
            AND (SELECT count(*) FROM secret_keys s WHERE s.app_key = k.app_key
                AND (s.expires_at IS NULL OR s.expires_at > k.created_at)) < (w ->> 'most_good')::bigint
        ON CONFLICT DO NOTHING;
    is_added := FOUND;
    -- Of those that ended only the latest are of interest.
    DELETE FROM secret_keys o WHERE o.app_key = k.app_key AND o.key_id IN (SELECT s.key_id FROM secret_keys s
        WHERE s.app_key = k.app_key AND s.expires_at <= k.created_at
        ORDER BY s.expires_at DESC OFFSET (w ->> 'most_ended')::bigint);
    RETURN is_added;
END
$$;

-- Has a key that is good at this moment end then, if it does not end before; false where there is no such key.
CREATE FUNCTION end_key(of_app text, id text, moment bigint, until bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE secret_keys s SET expires_at = least(s.expires_at, until)
        WHERE s.app_key = of_app AND s.key_id = id AND (s.expires_at IS NULL OR s.expires_at > moment);
    RETURN FOUND;
END
$$;

-- Disables an app, or enables it again; false where it is so, or there is none.
CREATE FUNCTION disable_app(of_app text, since bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE apps a SET disabled_at = since
        WHERE a.app_key = of_app AND (a.disabled_at IS NULL) = (since IS NOT NULL);
    RETURN FOUND;
END
$$;

-- Deletes an app with all that is its own; false where there is none.
CREATE FUNCTION delete_app(of_app text) RETURNS boolean LANGUAGE plpgsql AS $$
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
    DELETE FROM secret_keys k WHERE k.app_key = of_app;
    DELETE FROM apps a WHERE a.app_key = of_app;
    RETURN FOUND;
END
$$;

-- Adds an operator, or gives one another role; false where nothing would change, or no owner would be left.
CREATE FUNCTION put_operator(w jsonb, owner bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    n operators := jsonb_populate_record(NULL::operators, w);
BEGIN
    INSERT INTO operators AS o (name, role, created_at) SELECT n.name, n.role, n.created_at
        WHERE n.role = owner OR EXISTS (SELECT FROM operators e WHERE e.role = owner AND e.name <> n.name)
        ON CONFLICT (name) DO UPDATE SET role = excluded.role WHERE o.role <> excluded.role;
    RETURN FOUND;
END
$$;

-- Removes an operator; false where there is none of this name, or it is the last owner.
CREATE FUNCTION remove_operator(of_name text, owner bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM operators o WHERE o.name = of_name
        AND (o.role <> owner OR (SELECT count(*) FROM operators e WHERE e.role = owner) > 1);
    RETURN FOUND;
END
$$;

-- Does one act; false where it is not done, though a first step of it may be.
CREATE FUNCTION carry_out(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    of_app text := w ->> 'app_key';
    moment bigint := (w ->> 'moment')::bigint;
    until bigint := (w ->> 'until')::bigint;
BEGIN
    CASE w ->> 'act'
    WHEN 'app_create', 'app_update' THEN
        IF NOT put_app(w -> 'app', w ->> 'act' = 'app_create') THEN
            RETURN false;
        END IF;
        IF w ->> 'key' IS NULL THEN
            RETURN true;
        END IF;
        -- It is the only good one from now on.
        UPDATE secret_keys SET expires_at = moment
            WHERE app_key = of_app AND (expires_at IS NULL OR expires_at > moment);
        RETURN insert_key(w -> 'key');
    WHEN 'app_disable', 'app_enable' THEN
        RETURN disable_app(of_app, moment);
    WHEN 'app_delete' THEN
        RETURN delete_app(of_app);
    WHEN 'key_create' THEN
        RETURN insert_key(w -> 'key');
    WHEN 'key_rotate' THEN
        IF NOT end_key(of_app, w ->> 'key_id', moment, until) THEN
            RETURN false;
        END IF;
        RETURN insert_key(w -> 'key');
    WHEN 'key_revoke' THEN
        RETURN end_key(of_app, w ->> 'key_id', moment, until);
    WHEN 'operator_add' THEN
        RETURN put_operator(w -> 'operator', (w ->> 'owner')::bigint);
    WHEN 'operator_remove' THEN
        RETURN remove_operator(w ->> 'name', (w ->> 'owner')::bigint);
    WHEN 'test_number_add' THEN
        INSERT INTO otp_test_numbers (phone, code, cooldown)
            VALUES (w ->> 'phone', w ->> 'code', (w ->> 'cooldown')::boolean)
        ON CONFLICT (phone) DO UPDATE SET code = excluded.code, cooldown = excluded.cooldown;
        RETURN true;
    WHEN 'test_number_remove' THEN
        DELETE FROM otp_test_numbers WHERE phone = w ->> 'phone';
        RETURN FOUND;
    WHEN 'development_data' THEN
        -- The mark is the row of the audit.
        RETURN NOT EXISTS (SELECT FROM audit WHERE act = 'development_data');
    END CASE;
END
$$;

-- Does one act and notes it, or neither.
CREATE FUNCTION administer(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF carry_out(w) THEN
        PERFORM note_act(w -> 'note', w #>> '{note,fields}');
        RETURN true;
    END IF;
    -- Takes back what this block has written.
    RAISE EXCEPTION USING ERRCODE = 'LG001';
EXCEPTION WHEN SQLSTATE 'LG001' THEN
    RETURN false;
END
$$;

-- Forgets acts from before this moment, and keys that ended before it; how many rows that were.
CREATE FUNCTION trim_audit(before bigint, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    acts bigint;
    keys bigint;
BEGIN
    UPDATE retention r SET audit_from = greatest(r.audit_from, before);
    DELETE FROM audit a WHERE a.id IN (SELECT e.id FROM audit e
        WHERE e.at < before AND e.act <> 'development_data' ORDER BY e.id LIMIT most);
    GET DIAGNOSTICS acts = ROW_COUNT;
    DELETE FROM secret_keys k WHERE k.expires_at < before;
    GET DIAGNOSTICS keys = ROW_COUNT;
    RETURN acts + keys;
END
$$;

-- Each table that can hold a person, and the rows that they are in, in the order in which these are deleted: what leads
-- to others goes last. `$1` are all names of the person, as JSON; MACs are hexadecimal.
CREATE FUNCTION tables_with_people() RETURNS TABLE (place text, condition text) LANGUAGE plpgsql AS $$
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
        ('logins', login);
END
$$;

-- The names with the accounts that their subjects count for, and all subjects that count for these.
CREATE FUNCTION with_accounts(names jsonb) RETURNS jsonb LANGUAGE sql AS $$
    WITH given (subject) AS (SELECT jsonb_array_elements_text(names -> 'subjects')::bytea),
        accounts (subject) AS (
            SELECT subject FROM given
            UNION SELECT a.account FROM otp_aliases a WHERE a.subject IN (SELECT subject FROM given)),
        named (subject) AS (
            SELECT subject FROM accounts
            UNION SELECT a.subject FROM otp_aliases a WHERE a.account IN (SELECT subject FROM accounts))
    SELECT names || jsonb_build_object('subjects', coalesce(jsonb_agg('\x' || encode(subject, 'hex')), '[]'))
    FROM named
$$;

-- The columns of a row that are set, but for those that are MACs, hashes, sealed, or ids; the code of a test number lets
-- its holder in.
CREATE FUNCTION shown_columns(place text, columns jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_object_agg(c.key, c.value), '{}') FROM jsonb_each(columns) c
    WHERE c.value <> 'null' AND NOT (place = 'otp_test_numbers' AND c.key = 'code')
        AND NOT EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = place::regclass AND t.attname = c.key
            AND t.atttypid IN ('bytea'::regtype, 'uuid'::regtype))
$$;

CREATE FUNCTION export_person(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    names jsonb := with_accounts(w -> 'names');
    found jsonb := '[]';
    part jsonb;
    t record;
BEGIN
    FOR t IN SELECT * FROM tables_with_people() LOOP
        EXECUTE format('SELECT coalesce(jsonb_agg(jsonb_build_object(''table'', %1$L, ''columns'',
            shown_columns(%1$L, to_jsonb(x)))), ''[]'') FROM %1$I x WHERE %2$s', t.place, t.condition)
            INTO part USING names;
        found := found || part;
    END LOOP;
    PERFORM note_act(w -> 'note', '');
    RETURN found;
END
$$;

-- How many rows of each table that were, tables with none left out.
CREATE FUNCTION forget_person(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    names jsonb := with_accounts(w -> 'names');
    counts jsonb := '{}';
    gone bigint;
    t record;
BEGIN
    FOR t IN SELECT * FROM tables_with_people() LOOP
        EXECUTE format('DELETE FROM %I WHERE %s', t.place, t.condition) USING names;
        GET DIAGNOSTICS gone = ROW_COUNT;
        IF gone > 0 THEN
            counts := counts || jsonb_build_object(t.place, gone);
        END IF;
    END LOOP;
    PERFORM note_act(w -> 'note',
        coalesce((SELECT string_agg(k, ' ' ORDER BY k COLLATE "C") FROM jsonb_object_keys(counts) k), ''));
    RETURN counts;
END
$$;
