-- Who may use the console, and keys of programs that administer: what the columns mean stands in the migration of SQLite.

ALTER TABLE operators RENAME TO admins;
ALTER TABLE admins
    ADD COLUMN phone        text   COLLATE "C",
    ADD COLUMN subject      text   COLLATE "C",
    ADD COLUMN apps         text   COLLATE "C",
    ADD COLUMN generation   bigint NOT NULL DEFAULT 0,
    ADD COLUMN signed_in_at bigint;

CREATE UNIQUE INDEX admins_by_phone ON admins (phone) WHERE phone IS NOT NULL;

CREATE TABLE access_keys (
    key_id       text   COLLATE "C" PRIMARY KEY,
    key_hash     bytea  NOT NULL,
    label        text   NOT NULL,
    scopes       text   NOT NULL,
    apps         text   COLLATE "C",
    created_at   bigint NOT NULL,
    last_used_at bigint,
    expires_at   bigint
);

DROP FUNCTION put_operator(jsonb, bigint);
DROP FUNCTION remove_operator(text, bigint);

-- Adds an administrator, or changes one; false where nothing would change, another has the number, or no owner would be
-- left. Another number is another person: nobody has signed in with it, and sessions are over.
CREATE FUNCTION put_admin(w jsonb, owner bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    n admins := jsonb_populate_record(NULL::admins, w);
BEGIN
    INSERT INTO admins AS o (name, role, created_at, phone, apps) SELECT n.name, n.role, n.created_at, n.phone, n.apps
        WHERE (n.role = owner OR EXISTS (SELECT FROM admins e WHERE e.role = owner AND e.name <> n.name))
            AND NOT EXISTS (SELECT FROM admins e WHERE e.phone = n.phone AND e.name <> n.name)
        ON CONFLICT (name) DO UPDATE SET role = excluded.role, phone = excluded.phone, apps = excluded.apps,
            subject = CASE WHEN o.phone IS NOT DISTINCT FROM excluded.phone THEN o.subject END,
            generation = o.generation + (o.phone IS DISTINCT FROM excluded.phone)::int
        WHERE (o.role, o.phone, o.apps) IS DISTINCT FROM (excluded.role, excluded.phone, excluded.apps);
    RETURN FOUND;
END
$$;

-- Does one act on administrators and keys of programs; false where it is not done.
CREATE FUNCTION carry_out_admin(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    owner bigint := (w ->> 'owner')::bigint;
    moment bigint := (w ->> 'moment')::bigint;
    k access_keys;
BEGIN
    CASE w ->> 'act'
    WHEN 'admin_add' THEN
        RETURN put_admin(w -> 'admin', owner);
    WHEN 'admin_remove' THEN
        DELETE FROM admins o WHERE o.name = w ->> 'name'
            AND (o.role <> owner OR (SELECT count(*) FROM admins e WHERE e.role = owner) > 1);
    WHEN 'admin_sign_in' THEN
        UPDATE admins o SET subject = w ->> 'subject', signed_in_at = moment
            WHERE o.name = w ->> 'name' AND o.phone IS NOT NULL
                AND (o.subject IS NULL OR o.subject = w ->> 'subject');
    WHEN 'admin_sign_out' THEN
        UPDATE admins o SET generation = o.generation + 1 WHERE o.name = w ->> 'name';
    WHEN 'access_key_create' THEN
        k := jsonb_populate_record(NULL::access_keys, w -> 'key');
        INSERT INTO access_keys (key_id, key_hash, label, scopes, apps, created_at, expires_at)
            SELECT k.key_id, k.key_hash, k.label, k.scopes, k.apps, k.created_at, k.expires_at
            WHERE (SELECT count(*) FROM access_keys e WHERE e.expires_at IS NULL OR e.expires_at > k.created_at)
                < (w ->> 'most')::bigint
            ON CONFLICT DO NOTHING;
    WHEN 'access_key_revoke' THEN
        UPDATE access_keys o SET expires_at = moment
            WHERE o.key_id = w ->> 'key_id' AND (o.expires_at IS NULL OR o.expires_at > moment);
    WHEN 'access_key_use' THEN
        UPDATE access_keys o SET last_used_at = moment
            WHERE o.key_id = w ->> 'key_id' AND (o.last_used_at IS NULL OR o.last_used_at < (w ->> 'before')::bigint);
    END CASE;
    RETURN FOUND;
END
$$;

-- Does one act and notes it, or neither.
CREATE OR REPLACE FUNCTION administer(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF (CASE split_part(w ->> 'act', '_', 1)
        WHEN 'webhook' THEN carry_out_webhook(w)
        WHEN 'admin' THEN carry_out_admin(w)
        WHEN 'access' THEN carry_out_admin(w)
        ELSE carry_out(w) END) THEN
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
CREATE OR REPLACE FUNCTION trim_audit(before bigint, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    acts bigint;
    keys bigint;
    access bigint;
BEGIN
    UPDATE retention r SET audit_from = greatest(r.audit_from, before);
    DELETE FROM audit a WHERE a.id IN (SELECT e.id FROM audit e
        WHERE e.at < before AND e.act <> 'development_data' ORDER BY e.id LIMIT most);
    GET DIAGNOSTICS acts = ROW_COUNT;
    DELETE FROM secret_keys k WHERE k.expires_at < before;
    GET DIAGNOSTICS keys = ROW_COUNT;
    DELETE FROM access_keys k WHERE k.expires_at < before;
    GET DIAGNOSTICS access = ROW_COUNT;
    RETURN acts + keys + access;
END
$$;

-- Each table that can hold a person, and the rows that they are in, in the order in which these are deleted: what leads
-- to others goes last. `$1` are all names of the person, as JSON; MACs are hexadecimal.
ALTER FUNCTION tables_with_people() RENAME TO other_tables_with_people;
CREATE FUNCTION tables_with_people() RETURNS TABLE (place text, condition text) LANGUAGE sql AS $$
    SELECT 'admins', format('phone IN (SELECT jsonb_array_elements_text($1 -> %L))', 'phones')
    UNION ALL SELECT * FROM other_tables_with_people()
$$;
