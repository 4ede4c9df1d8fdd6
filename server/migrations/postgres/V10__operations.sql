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
