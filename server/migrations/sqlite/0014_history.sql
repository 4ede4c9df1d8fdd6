-- What became of logins and one-time codes. Times are milliseconds since 1970; numbers of enumerations stand in
-- src/store/rows.rs.

-- When somebody first waited for a login, and when its message came: NULL in what an earlier version began.
ALTER TABLE logins ADD COLUMN started_at INTEGER;
ALTER TABLE logins ADD COLUMN message_at INTEGER;

-- Whether the end of a session stands in the history.
ALTER TABLE otp_sessions ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;

-- One row for each login and each session, added with the change that ends it and never changed; another one where a
-- result is taken back later. The ids grow with the commits.
CREATE TABLE history (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    app_key     TEXT    NOT NULL,
    kind        INTEGER NOT NULL,
    ending      INTEGER NOT NULL,
    name        TEXT    NOT NULL, -- the login_id or session_id that webhooks and logs tell
    is_first    INTEGER NOT NULL, -- whether it is the first of its name, which counts
    confirm     INTEGER NOT NULL, -- what confirmed it, or was to
    started_at  INTEGER NOT NULL,
    message_at  INTEGER,          -- of a code: started_at, where WhatsApp took it
    verified_at INTEGER,
    ended_at    INTEGER NOT NULL,
    pace        INTEGER,          -- from started_at to verified_at: a step of the scale in src/store/history.rs
    country     TEXT,             -- of the number
    phone_end   TEXT,             -- its last digits
    recipient   BLOB              -- MAC of the number
) STRICT;

CREATE INDEX history_by_app ON history (app_key, id);
CREATE INDEX history_by_end ON history (ended_at);
-- Logins that no message ever touched, of which an app keeps so many and no more.
CREATE INDEX history_unanswered ON history (app_key, id) WHERE ending = 10;
-- By the first byte alone: new rows go to 256 places, and not to as many as there are people.
CREATE INDEX history_by_recipient ON history (substr(recipient, 1, 1), id) WHERE recipient IS NOT NULL;

-- The history counted by the hour in which things began, from different sides; and by the day, so that a quarter of a year
-- is added up from few rows.
CREATE TABLE usage_hours (
    facet    INTEGER NOT NULL, -- what `value` is of; 10 more where it is counted by the day
    app_key  TEXT    NOT NULL,
    hour     INTEGER NOT NULL, -- since 1970; of a day, its first in UTC
    kind     INTEGER NOT NULL,
    value    TEXT    NOT NULL,
    ends     INTEGER NOT NULL, -- rows; of messages: how many were sent
    started  INTEGER NOT NULL, -- those that count: see is_first
    messages INTEGER NOT NULL, -- of these, those with a message
    verified INTEGER NOT NULL,
    redeemed INTEGER NOT NULL,
    PRIMARY KEY (facet, app_key, hour, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_hours_by_age ON usage_hours (hour);

-- Up to which id the history is counted there; one row.
CREATE TABLE usage_counted (last INTEGER NOT NULL) STRICT;
INSERT INTO usage_counted (last) VALUES (0);
