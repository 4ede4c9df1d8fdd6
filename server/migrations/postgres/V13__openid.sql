-- The OpenID issuer: what the columns mean stands in the migration of SQLite.

CREATE TABLE openid_clients (
    client_id        text   COLLATE "C" PRIMARY KEY,
    app_key          text   COLLATE "C" NOT NULL,
    secret_hash      bytea,
    old_secret_hash  bytea,
    old_secret_until bigint,
    settings         text   NOT NULL,
    sector           text   COLLATE "C" NOT NULL,
    salt             bytea  NOT NULL,
    created_at       bigint NOT NULL
);

CREATE INDEX openid_clients_by_app ON openid_clients (app_key);

CREATE TABLE openid_requests (
    request_hash bytea  PRIMARY KEY,
    client_id    text   COLLATE "C" NOT NULL,
    data         bytea  NOT NULL,
    expires_at   bigint NOT NULL
);

CREATE INDEX openid_requests_by_age ON openid_requests (expires_at);

CREATE TABLE openid_grants (
    grant_id      text   COLLATE "C" PRIMARY KEY,
    client_id     text   COLLATE "C" NOT NULL,
    app_key       text   COLLATE "C" NOT NULL,
    subject       text   COLLATE "C" NOT NULL,
    session_id    text   COLLATE "C",
    code_hash     bytea  NOT NULL,
    code_until    bigint NOT NULL,
    code_used_at  bigint,
    refresh_hash  bytea,
    refresh_until bigint,
    data          text   NOT NULL,
    created_at    bigint NOT NULL,
    expires_at    bigint NOT NULL,
    revoked_at    bigint
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX openid_grants_by_code ON openid_grants (code_hash);
CREATE INDEX openid_grants_by_client ON openid_grants (client_id);
CREATE INDEX openid_grants_by_subject ON openid_grants (subject);
CREATE INDEX openid_grants_by_session ON openid_grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX openid_grants_by_age ON openid_grants (expires_at);

CREATE TABLE openid_consents (
    client_id text   COLLATE "C" NOT NULL,
    subject   text   COLLATE "C" NOT NULL,
    app_key   text   COLLATE "C" NOT NULL,
    scope     text   COLLATE "C" NOT NULL,
    given_at  bigint NOT NULL,
    PRIMARY KEY (client_id, subject)
);

CREATE INDEX openid_consents_by_subject ON openid_consents (subject);

CREATE TABLE openid_keys (
    algorithm  bigint NOT NULL,
    generation bigint NOT NULL,
    kid        text   COLLATE "C" NOT NULL,
    sealed     bytea  NOT NULL,
    jwk        text   NOT NULL,
    signs_from bigint NOT NULL,
    PRIMARY KEY (algorithm, generation)
);

CREATE TABLE openid_devices (
    device_hash    bytea  PRIMARY KEY,
    user_code_hash bytea  NOT NULL,
    client_id      text   COLLATE "C" NOT NULL,
    scope          text   COLLATE "C" NOT NULL,
    state          bigint NOT NULL,
    subject        text   COLLATE "C",
    approval       text,
    polled_at      bigint,
    pause          bigint NOT NULL,
    expires_at     bigint NOT NULL
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX openid_devices_by_user_code ON openid_devices (user_code_hash);
CREATE INDEX openid_devices_by_subject ON openid_devices (subject) WHERE subject IS NOT NULL;
CREATE INDEX openid_devices_by_age ON openid_devices (expires_at);

-- With a client goes what it was given.
CREATE FUNCTION forget_openid_client() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM openid_requests r WHERE r.client_id = old.client_id;
    DELETE FROM openid_grants g WHERE g.client_id = old.client_id;
    DELETE FROM openid_consents c WHERE c.client_id = old.client_id;
    DELETE FROM openid_devices d WHERE d.client_id = old.client_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER openid_client_goes AFTER DELETE ON openid_clients FOR EACH ROW EXECUTE FUNCTION forget_openid_client();

-- With an app go its clients.
CREATE FUNCTION forget_openid_clients_of_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM openid_clients c WHERE c.app_key = old.app_key;
    RETURN NULL;
END
$$;

CREATE TRIGGER openid_clients_of_app_go AFTER DELETE ON apps FOR EACH ROW EXECUTE FUNCTION forget_openid_clients_of_app();

-- Does one act on clients; false where it is not done.
CREATE FUNCTION carry_out_client(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    c openid_clients := jsonb_populate_record(NULL::openid_clients, w -> 'client');
BEGIN
    CASE w ->> 'act'
    WHEN 'client_create' THEN
        INSERT INTO openid_clients
        SELECT c.client_id, c.app_key, c.secret_hash, NULL, NULL, c.settings, c.sector,
            coalesce((SELECT o.salt FROM openid_clients o WHERE o.app_key = c.app_key AND o.sector = c.sector LIMIT 1),
                c.salt),
            c.created_at
        WHERE EXISTS (SELECT FROM apps a WHERE a.app_key = c.app_key)
            AND (SELECT count(*) FROM openid_clients o WHERE o.app_key = c.app_key) < (w ->> 'most')::bigint
        ON CONFLICT DO NOTHING;
    WHEN 'client_rotate' THEN
        UPDATE openid_clients o SET secret_hash = c.secret_hash, old_secret_hash = o.secret_hash,
            old_secret_until = c.old_secret_until
            WHERE o.client_id = c.client_id AND o.secret_hash IS NOT NULL;
    WHEN 'client_delete' THEN
        DELETE FROM openid_clients o WHERE o.client_id = c.client_id;
    END CASE;
    RETURN FOUND;
END
$$;

-- Does one act; false where it is not done.
ALTER FUNCTION carry_out(jsonb) RENAME TO carry_out_but_clients;
CREATE FUNCTION carry_out(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF split_part(w ->> 'act', '_', 1) = 'client' THEN
        RETURN carry_out_client(w);
    END IF;
    RETURN carry_out_but_clients(w);
END
$$;

-- Uses the code of a grant, or its refresh token, once. A second time ends all that hangs on it.
CREATE FUNCTION redeem_openid(w jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    moment bigint := (w ->> 'now')::bigint;
    shown bytea := (w ->> 'shown')::bytea;
    of_grant text := w ->> 'grant_id';
BEGIN
    IF of_grant IS NULL THEN
        UPDATE openid_grants g SET code_used_at = moment, refresh_hash = (w ->> 'refresh')::bytea,
            refresh_until = (w ->> 'refresh_until')::bigint, expires_at = (w ->> 'expires_at')::bigint
            WHERE g.code_hash = shown AND g.code_used_at IS NULL AND g.revoked_at IS NULL AND g.code_until > moment;
    ELSE
        UPDATE openid_grants g SET refresh_hash = (w ->> 'refresh')::bytea,
            refresh_until = (w ->> 'refresh_until')::bigint,
            expires_at = greatest(g.expires_at, (w ->> 'expires_at')::bigint)
            WHERE g.grant_id = of_grant AND g.refresh_hash = shown AND g.revoked_at IS NULL AND g.refresh_until > moment;
    END IF;
    IF FOUND THEN
        RETURN 'done';
    END IF;
    IF of_grant IS NULL THEN
        UPDATE openid_grants g SET revoked_at = coalesce(g.revoked_at, moment)
            WHERE g.code_hash = shown AND g.code_used_at IS NOT NULL;
    ELSE
        -- Whoever knows the name of a grant was given a token of it.
        UPDATE openid_grants g SET revoked_at = coalesce(g.revoked_at, moment)
            WHERE g.grant_id = of_grant AND g.refresh_hash IS NOT NULL AND g.refresh_hash <> shown;
    END IF;
    RETURN CASE WHEN FOUND THEN 'replayed' ELSE 'over' END;
END
$$;

-- Adds a grant.
CREATE FUNCTION put_openid_grant(w jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO openid_grants SELECT * FROM jsonb_populate_record(NULL::openid_grants, w)
$$;

-- Deletes what is over; how many rows that were.
CREATE FUNCTION purge_openid(moment bigint, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    gone bigint := 0;
    rows bigint;
BEGIN
    DELETE FROM openid_requests r WHERE r.request_hash IN (SELECT o.request_hash FROM openid_requests o
        WHERE o.expires_at <= moment ORDER BY o.expires_at LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    gone := gone + rows;
    DELETE FROM openid_grants g WHERE g.grant_id IN (SELECT o.grant_id FROM openid_grants o
        WHERE o.expires_at <= moment ORDER BY o.expires_at LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    gone := gone + rows;
    DELETE FROM openid_devices d WHERE d.device_hash IN (SELECT o.device_hash FROM openid_devices o
        WHERE o.expires_at <= moment ORDER BY o.expires_at LIMIT most);
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN gone + rows;
END
$$;

-- Makes one write of the issuer.
CREATE FUNCTION write_openid(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    moment bigint := (w ->> 'now')::bigint;
    hash bytea := (w ->> 'hash')::bytea;
    ended jsonb;
BEGIN
    CASE w ->> 'does'
    WHEN 'put_request' THEN
        INSERT INTO openid_requests SELECT * FROM jsonb_populate_record(NULL::openid_requests, w -> 'request')
            ON CONFLICT DO NOTHING;
    WHEN 'take_request' THEN
        DELETE FROM openid_requests r WHERE r.request_hash = hash;
    WHEN 'grant_request' THEN
        DELETE FROM openid_requests r WHERE r.request_hash = hash;
        IF FOUND THEN
            PERFORM put_openid_grant(w -> 'grant');
            RETURN 'true'::jsonb;
        END IF;
    WHEN 'redeem' THEN
        RETURN to_jsonb(redeem_openid(w));
    WHEN 'revoke' THEN
        UPDATE openid_grants g SET revoked_at = moment WHERE g.grant_id = w ->> 'grant_id' AND g.revoked_at IS NULL;
    WHEN 'end_session' THEN
        WITH over AS (UPDATE openid_grants g SET revoked_at = moment
                WHERE g.session_id = w ->> 'session_id' AND g.revoked_at IS NULL AND g.code_used_at IS NOT NULL
                RETURNING g.grant_id)
            SELECT coalesce(jsonb_agg(o.grant_id), '[]') INTO ended FROM over o;
        RETURN ended;
    WHEN 'put_consent' THEN
        INSERT INTO openid_consents AS o SELECT * FROM jsonb_populate_record(NULL::openid_consents, w -> 'consent')
            ON CONFLICT (client_id, subject) DO UPDATE SET scope = excluded.scope, given_at = excluded.given_at;
    WHEN 'put_key' THEN
        INSERT INTO openid_keys SELECT * FROM jsonb_populate_record(NULL::openid_keys, w -> 'key') ON CONFLICT DO NOTHING;
    WHEN 'drop_keys' THEN
        DELETE FROM openid_keys k WHERE k.algorithm = (w ->> 'algorithm')::bigint
            AND k.generation < (w ->> 'before')::bigint;
    WHEN 'put_device' THEN
        INSERT INTO openid_devices SELECT * FROM jsonb_populate_record(NULL::openid_devices, w -> 'device')
            ON CONFLICT DO NOTHING;
    WHEN 'answer_device' THEN
        UPDATE openid_devices d SET state = (w ->> 'state')::bigint, subject = w ->> 'subject',
            approval = w ->> 'approval' WHERE d.device_hash = hash AND d.state = 0 AND d.expires_at > moment;
    WHEN 'poll_device' THEN
        UPDATE openid_devices d SET polled_at = moment, pause = (w ->> 'pause')::bigint WHERE d.device_hash = hash;
    WHEN 'grant_device' THEN
        DELETE FROM openid_devices d WHERE d.device_hash = hash AND d.state = 1;
        IF FOUND THEN
            PERFORM put_openid_grant(w -> 'grant');
            RETURN 'true'::jsonb;
        END IF;
    WHEN 'purge' THEN
        RETURN jsonb_build_object('rows', purge_openid(moment, (w ->> 'limit')::bigint));
    END CASE;
    RETURN to_jsonb(FOUND);
END
$$;

-- Makes one write that needs no position.
ALTER FUNCTION write_other(jsonb) RENAME TO write_other_but_openid;
CREATE FUNCTION write_other(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    IF w ->> 'write' = 'openid' THEN
        RETURN write_openid(w);
    END IF;
    RETURN write_other_but_openid(w);
END
$$;

-- Each table that can hold a person, and the rows that they are in. The issuer knows people by their subjects, which lead
-- to nobody once the rows of `people` are gone: these go before.
ALTER FUNCTION tables_with_people() RENAME TO tables_with_people_but_openid;
CREATE FUNCTION tables_with_people() RETURNS TABLE (place text, condition text) LANGUAGE sql AS $$
    SELECT t.place, format('subject IN (SELECT p.subject FROM people p WHERE p.phone IN (%1$s %2$L)) OR p.user_id IN (%1$s %3$L)))',
        'SELECT jsonb_array_elements_text($1 ->', 'phones', 'user_ids')
        FROM unnest(ARRAY['openid_consents', 'openid_devices', 'openid_grants']) AS t (place)
    UNION ALL SELECT * FROM tables_with_people_but_openid()
$$;
