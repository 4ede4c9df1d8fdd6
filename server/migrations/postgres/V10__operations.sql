-- What operators see and set beside what was there: columns and tables are told of in the migration of SQLite.

-- Does one act on guards, and tells the app where it is to be told; false where it is not done.
ALTER FUNCTION carry_out_guard(jsonb) RENAME TO carry_out_guard_itself;
CREATE FUNCTION carry_out_guard(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT carry_out_guard_itself(w) THEN
        RETURN false;
    END IF;
    IF w ? 'event' THEN
        PERFORM queue_event(w -> 'event');
    END IF;
    RETURN true;
END
$$;

-- Does what an administrator does to endpoints; false where it is not done.
ALTER FUNCTION carry_out_webhook(jsonb) RENAME TO carry_out_webhook_itself;
CREATE FUNCTION carry_out_webhook(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF w ->> 'act' <> 'webhook_update' THEN
        RETURN carry_out_webhook_itself(w);
    END IF;
    UPDATE webhook_endpoints e SET url = coalesce(w ->> 'url', e.url), events = coalesce(w ->> 'events', e.events)
        WHERE e.endpoint_id = w ->> 'endpoint_id';
    RETURN FOUND;
END
$$;

CREATE TABLE nodes (
    node       bigint PRIMARY KEY,
    host       text   NOT NULL,
    version    text   NOT NULL,
    started_at bigint NOT NULL,
    seen_at    bigint NOT NULL
) WITH (fillfactor = 50);

-- Notes that a process is there, and forgets those that have not been for long or are too many.
CREATE FUNCTION put_node(w jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n nodes := jsonb_populate_record(NULL::nodes, w);
BEGIN
    INSERT INTO nodes AS o (node, host, version, started_at, seen_at)
        VALUES (n.node, n.host, n.version, n.started_at, n.seen_at)
    ON CONFLICT (node) DO UPDATE SET host = excluded.host, version = excluded.version,
        started_at = excluded.started_at, seen_at = excluded.seen_at;
    DELETE FROM nodes o WHERE o.node <> n.node AND (o.seen_at < (w ->> 'before')::bigint
        OR o.seen_at > (w ->> 'beyond')::bigint
        OR o.node IN (SELECT m.node FROM nodes m ORDER BY m.seen_at DESC OFFSET (w ->> 'most')::bigint));
END
$$;

-- Makes one write that needs no position.
ALTER FUNCTION write_other(jsonb) RENAME TO write_other_but_nodes;
CREATE FUNCTION write_other(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    CASE w ->> 'write'
    WHEN 'put_node' THEN
        PERFORM put_node(w);
    WHEN 'remove_node' THEN
        DELETE FROM nodes o WHERE o.node = (w ->> 'node')::bigint;
    ELSE
        RETURN write_other_but_nodes(w);
    END CASE;
    RETURN 'true'::jsonb;
END
$$;

ALTER TABLE apps ADD COLUMN history_days bigint;

-- Adds or replaces an app. A node of the version before says nothing of its history, which stays as it is.
ALTER FUNCTION put_app(jsonb, boolean) RENAME TO put_app_itself;
CREATE FUNCTION put_app(w jsonb, is_new boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT put_app_itself(w, is_new) THEN
        RETURN false;
    END IF;
    UPDATE apps a SET history_days = (w ->> 'history_days')::bigint
        WHERE a.app_key = w ->> 'app_key' AND w ? 'history_days';
    RETURN true;
END
$$;

-- Forgets what is old or too much, of some apps sooner; how many rows that were. What is not counted yet stays.
ALTER FUNCTION purge_history(jsonb) RENAME TO purge_history_of_all;
CREATE FUNCTION purge_history(w jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    gone bigint := purge_history_of_all(w);
    rows bigint;
    below bigint;
    counted bigint := (SELECT last FROM usage_counted);
    most bigint := (w ->> 'limit')::bigint;
    short record;
BEGIN
    FOR short IN SELECT a.app_key, (w ->> 'now')::bigint - a.history_days * 86400000 AS before
        FROM apps a WHERE a.history_days IS NOT NULL LOOP
        -- Rows are nearly in the order of their ends, so that behind this id there are none.
        SELECT h.id INTO below FROM history h WHERE h.ended_at > short.before + (w ->> 'skew')::bigint
            ORDER BY h.ended_at LIMIT 1;
        DELETE FROM history h WHERE h.id IN (SELECT o.id FROM history o WHERE o.app_key = short.app_key
            AND o.id <= least(counted, below) AND o.ended_at < short.before ORDER BY o.id LIMIT most);
        GET DIAGNOSTICS rows = ROW_COUNT;
        gone := gone + rows;
    END LOOP;
    RETURN gone;
END
$$;
