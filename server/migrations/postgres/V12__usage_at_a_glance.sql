-- What is looked at in usage is read, and nothing else: one side of the counts in a time, without those of all other sides.
CREATE INDEX usage_hours_by_side ON usage_hours (facet, hour);
-- This one was taken for that too.
DROP INDEX usage_hours_by_age;

-- What the history has that is not counted yet, as `counted_history` counts it: mostly the rows of the last second.
CREATE FUNCTION uncounted_history() RETURNS SETOF usage_hours LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    counted constant bigint := (SELECT last FROM usage_counted);
    latest constant bigint := (SELECT max(id) FROM history);
BEGIN
    IF latest > counted THEN
        -- Planned for these ids each time: a plan for any two reads the whole history.
        RETURN QUERY EXECUTE 'SELECT * FROM counted_history($1, $2)' USING counted, latest;
    END IF;
END
$$;

-- As before, with what is old in usage found side by side.
CREATE OR REPLACE FUNCTION purge_history_of_all(w jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    counted bigint := (SELECT last FROM usage_counted);
    unanswered bigint := (w ->> 'most_unanswered')::bigint;
    most bigint := (w ->> 'limit')::bigint;
    old bigint;
    excess bigint;
    hours bigint;
BEGIN
    DELETE FROM history h WHERE h.id IN (SELECT o.id FROM history o
        WHERE o.ended_at < (w ->> 'before')::bigint AND o.id <= counted ORDER BY o.ended_at LIMIT most);
    GET DIAGNOSTICS old = ROW_COUNT;
    DELETE FROM history h USING (SELECT x.id FROM (SELECT app_key, count(*) - unanswered AS excess
            FROM history WHERE ending = 10 GROUP BY app_key HAVING count(*) > unanswered) crowded
        CROSS JOIN LATERAL (SELECT o.id FROM history o WHERE o.app_key = crowded.app_key AND o.ending = 10
            AND o.id <= counted ORDER BY o.id LIMIT least(crowded.excess, most)) x) gone WHERE h.id = gone.id;
    GET DIAGNOSTICS excess = ROW_COUNT;
    DELETE FROM usage_hours u WHERE (u.facet, u.app_key, u.hour, u.kind, u.value) IN (
        SELECT o.facet, o.app_key, o.hour, o.kind, o.value FROM generate_series(0::bigint, 14) AS side (facet)
        CROSS JOIN LATERAL (SELECT * FROM usage_hours s
            WHERE s.facet = side.facet AND s.hour < (w ->> 'hour')::bigint LIMIT most) o LIMIT most);
    GET DIAGNOSTICS hours = ROW_COUNT;
    RETURN old + excess + hours;
END
$$;
