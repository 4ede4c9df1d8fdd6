-- Browsers that the issuer's sign-in page remembers: what the columns mean stands in the migration of SQLite.
CREATE TABLE issuer_sessions (
    secret_hash  bytea   PRIMARY KEY,
    session_id   uuid    NOT NULL,
    app_key      text    COLLATE "C" NOT NULL,
    subject      text    COLLATE "C" NOT NULL,
    code         text    COLLATE "C",
    auth_time    bigint  NOT NULL,
    confirmation bigint  NOT NULL,
    is_changed   boolean NOT NULL,
    expires_at   bigint  NOT NULL
);

CREATE UNIQUE INDEX issuer_sessions_by_id ON issuer_sessions (session_id);
CREATE INDEX issuer_sessions_by_person ON issuer_sessions (app_key, subject, auth_time);
CREATE INDEX issuer_sessions_by_end ON issuer_sessions (expires_at);

-- With an app go its sessions.
CREATE FUNCTION forget_issuer_sessions_of_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM issuer_sessions s WHERE s.app_key = old.app_key;
    RETURN NULL;
END
$$;

CREATE TRIGGER issuer_sessions_of_app_go AFTER DELETE ON apps
    FOR EACH ROW EXECUTE FUNCTION forget_issuer_sessions_of_app();

-- Adds a session; of a person's the latest are kept.
CREATE FUNCTION put_issuer_session(w jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n issuer_sessions := jsonb_populate_record(NULL::issuer_sessions, w -> 'session');
BEGIN
    INSERT INTO issuer_sessions SELECT n.* ON CONFLICT DO NOTHING;
    DELETE FROM issuer_sessions s WHERE s.secret_hash IN (
        SELECT o.secret_hash FROM issuer_sessions o WHERE o.app_key = n.app_key AND o.subject = n.subject
        ORDER BY o.auth_time DESC, o.secret_hash DESC OFFSET (w ->> 'most')::bigint);
END
$$;

-- Forgets sessions that are over; how many rows that were.
CREATE FUNCTION purge_issuer_sessions(w jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM issuer_sessions s WHERE s.secret_hash IN (
        SELECT o.secret_hash FROM issuer_sessions o WHERE o.expires_at <= (w ->> 'now')::bigint
        ORDER BY o.expires_at LIMIT (w ->> 'limit')::bigint);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

-- Makes one write that needs no position.
ALTER FUNCTION write_other(jsonb) RENAME TO write_other_but_issuer_sessions;
CREATE FUNCTION write_other(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
BEGIN
    CASE w ->> 'write'
    WHEN 'put_issuer_session' THEN
        PERFORM put_issuer_session(w);
        RETURN 'true'::jsonb;
    WHEN 'end_issuer_session' THEN
        DELETE FROM issuer_sessions s WHERE s.session_id = (w ->> 'session_id')::uuid;
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN jsonb_build_object('rows', gone);
    WHEN 'purge_issuer_sessions' THEN
        RETURN jsonb_build_object('rows', purge_issuer_sessions(w));
    ELSE
        RETURN write_other_but_issuer_sessions(w);
    END CASE;
END
$$;

-- Each table that can hold a person, and the rows that they are in, in the order in which these are deleted: what leads
-- to others goes last. `$1` are all names of the person, as JSON; MACs are hexadecimal.
ALTER FUNCTION tables_with_people() RENAME TO tables_with_people_but_issuer_sessions;
CREATE FUNCTION tables_with_people() RETURNS TABLE (place text, condition text) LANGUAGE sql AS $$
    SELECT 'issuer_sessions', format('(app_key, subject) IN (SELECT p.app_key, p.subject FROM people p
        WHERE p.phone IN (SELECT jsonb_array_elements_text($1 -> %L))
            OR p.user_id IN (SELECT jsonb_array_elements_text($1 -> %L)))', 'phones', 'user_ids')
    UNION ALL SELECT * FROM tables_with_people_but_issuer_sessions()
$$;
