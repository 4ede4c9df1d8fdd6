-- Guards against codes that are asked for to cost money. Times are milliseconds since 1970; numbers of enumerations stand
-- in src/store/rows.rs.

-- What an app's guards are set to; an app without a row has what a new one has.
CREATE TABLE guards (
    app_key         TEXT    NOT NULL PRIMARY KEY,
    mode            INTEGER NOT NULL,
    countries       TEXT    NOT NULL, -- `auto`, `any`, or countries separated by spaces
    learned         TEXT,             -- those of its first verified logins, once there are enough
    learned_at      INTEGER,
    per_day         INTEGER,          -- codes of the app; NULL: as many as it asks for
    country_per_day INTEGER,
    conversion      INTEGER,          -- in percent of what it was; NULL: not looked at
    client_countries INTEGER,         -- that one address may ask for in an hour; NULL: as many as it likes
    client_numbers  INTEGER
) STRICT, WITHOUT ROWID;

-- What apps had before they had guards goes on working: refusals are told and not made.
INSERT INTO guards (app_key, mode, countries, per_day, country_per_day, conversion, client_countries, client_numbers)
    SELECT app_key, 1, 'auto', 10000, 5000, 50, 3, 10 FROM apps;

-- Codes that were sent, and those of them that were typed, by where they went and when they were asked for.
CREATE TABLE guard_counts (
    app_key  TEXT    NOT NULL,
    place    TEXT    NOT NULL, -- empty: anywhere; a country; or the MAC of a range of numbers
    span     INTEGER NOT NULL, -- of `slot`: 0 is a minute, 1 a day
    slot     INTEGER NOT NULL, -- since 1970
    sent     INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    PRIMARY KEY (app_key, place, span, slot)
) STRICT, WITHOUT ROWID;

CREATE INDEX guard_counts_by_age ON guard_counts (span, slot);

-- Countries that an app's codes are not sent to for a time; the last pause of each.
CREATE TABLE guard_pauses (
    app_key TEXT    NOT NULL,
    country TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    times   INTEGER NOT NULL, -- pauses in a row
    PRIMARY KEY (app_key, country)
) STRICT, WITHOUT ROWID;
