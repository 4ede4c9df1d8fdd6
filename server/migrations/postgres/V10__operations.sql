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
