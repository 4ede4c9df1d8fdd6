-- Guards against codes that are asked for to cost money: what the columns mean stands in the migration of SQLite.

CREATE TABLE guards (
    app_key          text   COLLATE "C" PRIMARY KEY,
    mode             bigint NOT NULL,
    countries        text   COLLATE "C" NOT NULL,
    learned          text   COLLATE "C",
    learned_at       bigint,
    per_day          bigint,
    country_per_day  bigint,
    conversion       bigint,
    client_countries bigint,
    client_numbers   bigint
);

-- What apps had before they had guards goes on working: refusals are told and not made.
INSERT INTO guards (app_key, mode, countries, per_day, country_per_day, conversion, client_countries, client_numbers)
    SELECT app_key, 1, 'auto', 10000, 5000, 50, 3, 10 FROM apps;

CREATE TABLE guard_counts (
    app_key  text   COLLATE "C" NOT NULL,
    place    text   COLLATE "C" NOT NULL,
    span     bigint NOT NULL,
    slot     bigint NOT NULL,
    sent     bigint NOT NULL,
    verified bigint NOT NULL,
    PRIMARY KEY (app_key, place, span, slot)
) WITH (fillfactor = 70);

CREATE INDEX guard_counts_by_age ON guard_counts (span, slot);

CREATE TABLE guard_pauses (
    app_key text   COLLATE "C" NOT NULL,
    country text   COLLATE "C" NOT NULL,
    since   bigint NOT NULL,
    until   bigint NOT NULL,
    times   bigint NOT NULL,
    PRIMARY KEY (app_key, country)
);

-- With an app go its guards.
CREATE FUNCTION forget_guards_of_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM guards g WHERE g.app_key = old.app_key;
    DELETE FROM guard_counts c WHERE c.app_key = old.app_key;
    DELETE FROM guard_pauses p WHERE p.app_key = old.app_key;
    RETURN NULL;
END
$$;

CREATE TRIGGER guards_of_app_go AFTER DELETE ON apps FOR EACH ROW EXECUTE FUNCTION forget_guards_of_app();

-- Adds to the counts of a place; false where there would be more than `most`.
CREATE FUNCTION add_guard_count(of_app text, of_place text, of_span bigint, of_slot bigint, more bigint, typed bigint, most bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO guard_counts AS c (app_key, place, span, slot, sent, verified)
        SELECT of_app, of_place, of_span, of_slot, more, typed WHERE most IS NULL OR more <= most
    ON CONFLICT (app_key, place, span, slot) DO UPDATE
        SET sent = c.sent + excluded.sent, verified = c.verified + excluded.verified
        WHERE most IS NULL OR c.sent + excluded.sent <= most;
    RETURN FOUND;
END
$$;

-- Counts a code for the guards, or that it was typed, or takes it back; why not, where that is one too many.
CREATE FUNCTION count_for_guards(w jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    of_app text := w ->> 'app_key';
    of_country text := w ->> 'country';
    minute bigint := (w ->> 'minute')::bigint;
    day bigint := (w ->> 'day')::bigint;
    sent_now bigint := (w ->> 'sent')::bigint;
    typed bigint := (w ->> 'verified')::bigint;
BEGIN
    IF sent_now < 0 THEN
        UPDATE guard_counts c SET sent = greatest(c.sent - 1, 0) WHERE c.app_key = of_app
            AND (c.place, c.span, c.slot) IN (('', 1, day), (of_country, 1, day), (of_country, 0, minute),
                (w ->> 'range', 1, day));
        RETURN NULL;
    END IF;
    IF NOT add_guard_count(of_app, '', 1, day, sent_now, typed, (w ->> 'most')::bigint) THEN
        RETURN 'app_day';
    END IF;
    IF NOT add_guard_count(of_app, of_country, 1, day, sent_now, typed, (w ->> 'most_of_country')::bigint) THEN
        -- Where nothing else can be refused, no block takes it back.
        UPDATE guard_counts c SET sent = c.sent - sent_now
            WHERE c.app_key = of_app AND c.place = '' AND c.span = 1 AND c.slot = day;
        RETURN 'country_day';
    END IF;
    IF minute IS NOT NULL THEN
        PERFORM add_guard_count(of_app, of_country, 0, minute, sent_now, typed, NULL);
    END IF;
    PERFORM add_guard_count(of_app, w ->> 'range', 1, day, sent_now, typed, NULL);
    RETURN NULL;
END
$$;

-- Makes one write; `refusal` says why not, where it is refused.
ALTER FUNCTION write_code(jsonb) RENAME TO write_code_itself;
CREATE FUNCTION write_code(w jsonb, OUT refusal text, OUT sends bigint) LANGUAGE plpgsql AS $$
BEGIN
    CASE w ->> 'write'
    WHEN 'guard' THEN
        refusal := count_for_guards(w);
    WHEN 'refused' THEN
        PERFORM note_end(w);
    ELSE
        SELECT x.refusal, x.sends INTO refusal, sends FROM write_code_itself(w) x;
    END CASE;
END
$$;

-- Does one act on guards; false where it is not done.
CREATE FUNCTION carry_out_guard(w jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    g guards := jsonb_populate_record(NULL::guards, w -> 'guards');
    p guard_pauses := jsonb_populate_record(NULL::guard_pauses, w -> 'pause');
BEGIN
    CASE w ->> 'act'
    WHEN 'guard_set' THEN
        INSERT INTO guards AS o (app_key, mode, countries, per_day, country_per_day, conversion, client_countries,
            client_numbers)
        SELECT g.app_key, g.mode, g.countries, g.per_day, g.country_per_day, g.conversion, g.client_countries,
            g.client_numbers WHERE EXISTS (SELECT FROM apps a WHERE a.app_key = g.app_key)
        ON CONFLICT (app_key) DO UPDATE SET mode = excluded.mode, countries = excluded.countries,
            per_day = excluded.per_day, country_per_day = excluded.country_per_day, conversion = excluded.conversion,
            client_countries = excluded.client_countries, client_numbers = excluded.client_numbers;
    WHEN 'guard_learn' THEN
        -- Whoever looks again adds nothing.
        INSERT INTO guards AS o SELECT g.* WHERE EXISTS (SELECT FROM apps a WHERE a.app_key = g.app_key)
        ON CONFLICT (app_key) DO UPDATE SET learned = excluded.learned, learned_at = excluded.learned_at
            WHERE o.learned_at IS NULL;
    WHEN 'guard_pause' THEN
        INSERT INTO guard_pauses AS o SELECT p.* WHERE EXISTS (SELECT FROM apps a WHERE a.app_key = p.app_key)
        ON CONFLICT (app_key, country) DO UPDATE
            SET since = excluded.since, until = excluded.until, times = excluded.times WHERE o.until <= excluded.since;
    WHEN 'guard_resume' THEN
        UPDATE guard_pauses o SET until = p.until, times = 0
            WHERE o.app_key = p.app_key AND o.country = p.country AND o.until > p.until;
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
        WHEN 'guard' THEN carry_out_guard(w)
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

-- Forgets counts of days and minutes before these, and pauses that ended long ago; how many rows that were.
CREATE FUNCTION purge_guards(w jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    counts bigint;
    pauses bigint;
BEGIN
    DELETE FROM guard_counts c WHERE (c.app_key, c.place, c.span, c.slot) IN (
        SELECT o.app_key, o.place, o.span, o.slot FROM guard_counts o
        WHERE (o.span = 0 AND o.slot < (w ->> 'minute')::bigint) OR (o.span = 1 AND o.slot < (w ->> 'day')::bigint)
        LIMIT (w ->> 'limit')::bigint);
    GET DIAGNOSTICS counts = ROW_COUNT;
    DELETE FROM guard_pauses p WHERE p.until < (w ->> 'before')::bigint;
    GET DIAGNOSTICS pauses = ROW_COUNT;
    RETURN counts + pauses;
END
$$;

-- Makes one write that needs no position.
ALTER FUNCTION write_other(jsonb) RENAME TO write_other_itself;
CREATE FUNCTION write_other(w jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    IF w ->> 'write' = 'purge_guards' THEN
        RETURN jsonb_build_object('rows', purge_guards(w));
    END IF;
    RETURN write_other_itself(w);
END
$$;
