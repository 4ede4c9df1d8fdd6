-- What a login costs. People are found by their indexes, however few they were when a connection first looked for them: what looks for all of a
-- list at once is planned as a walk over the whole table while that is small, and the plan is kept while it grows.

-- Whoever has one of these names, each once. A part for each name, so that each is found by its index; OFFSET keeps the
-- parts for each MAC from being joined to the table as a whole. In this language the plan is made once for a connection.
CREATE OR REPLACE FUNCTION people_found(q jsonb) RETURNS SETOF people LANGUAGE plpgsql STABLE ROWS 2 AS $$
DECLARE
    of_app constant text := q ->> 'app_key';
BEGIN
    RETURN QUERY SELECT p.* FROM people p
        WHERE p.phone_name = q ->> 'phone_name' AND (of_app IS NULL OR p.app_key = of_app)
    UNION SELECT p.* FROM people p
        WHERE p.user_id = q ->> 'user_id' AND (of_app IS NULL OR p.app_key = of_app)
    UNION SELECT p.* FROM people p
        WHERE p.parent_user_id = q ->> 'parent_user_id' AND (of_app IS NULL OR p.app_key = of_app)
    UNION SELECT p.* FROM jsonb_array_elements_text(q -> 'left_phone') AS x (mac)
        CROSS JOIN LATERAL (SELECT l.* FROM people l WHERE l.left_phone = x.mac::bytea OFFSET 0) p
        WHERE of_app IS NULL OR p.app_key = of_app;
END
$$;

-- Writes people, and what apps are told of them.
CREATE OR REPLACE FUNCTION write_people(w jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone record;
BEGIN
    IF w IS NULL THEN
        RETURN;
    END IF;
    -- All of them first: what one had may be another's now.
    FOR gone IN SELECT x.app_key, x.subject
        FROM jsonb_to_recordset((w -> 'put') || (w -> 'removed')) AS x (app_key text, subject text) LOOP
        DELETE FROM people p WHERE p.app_key = gone.app_key AND p.subject = gone.subject;
    END LOOP;
    INSERT INTO people SELECT * FROM jsonb_populate_recordset(NULL::people, w -> 'put');
    IF jsonb_typeof(w -> 'told') = 'object' THEN
        UPDATE people p SET told = greatest(p.told, (w #>> '{told,changes}')::bigint)
            WHERE p.app_key = w #>> '{told,app_key}' AND p.subject = w #>> '{told,subject}';
    END IF;
    IF w -> 'events' <> '[]' THEN
        PERFORM queue_event(e) FROM jsonb_array_elements(w -> 'events') e;
    END IF;
END
$$;

-- Queues an event for the endpoints that want it, of which most servers have none; how many those are.
CREATE OR REPLACE FUNCTION queue_event(w jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoints) THEN
        RETURN 0;
    END IF;
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
