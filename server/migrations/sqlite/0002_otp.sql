-- Sessions of one-time codes. Times are milliseconds since 1970; subjects, MACs and keys of calls are 32 bytes.

-- What one app may do with one-time codes.
ALTER TABLE apps ADD COLUMN calls_per_minute INTEGER NOT NULL DEFAULT 120;
ALTER TABLE apps ADD COLUMN monthly_quota    INTEGER; -- NULL: none
ALTER TABLE apps ADD COLUMN live_only        INTEGER NOT NULL DEFAULT 0;

-- One phone at one app: its live code, and the guesses that count across its codes.
CREATE TABLE otp_phones (
    subject        BLOB    NOT NULL PRIMARY KEY, -- hash of app and phone
    version        INTEGER NOT NULL, -- what a compare-and-swap compares
    live_session   BLOB,
    expires_at     INTEGER NOT NULL, -- of the live code
    attempts_left  INTEGER NOT NULL, -- for the live code
    sending        BLOB,             -- the session whose code is being sent
    sending_until  INTEGER NOT NULL, -- when that is given up
    cooldown_until INTEGER NOT NULL,
    wrong_at       TEXT    NOT NULL, -- the latest wrong guesses, as JSON
    wrong_in_row   INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX otp_phones_by_age ON otp_phones (changed_at);

CREATE TABLE otp_sessions (
    session_id   BLOB    NOT NULL PRIMARY KEY,
    app_key      TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    phone        TEXT,    -- as it was asked for; NULL once the session has ended
    meta         TEXT,    -- the app's own JSON
    code_mac     BLOB    NOT NULL,
    is_test      INTEGER NOT NULL,
    used         INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    delivery     INTEGER NOT NULL, -- how far the message has come; only ever grows
    message_hash BLOB,    -- of WhatsApp's id of the message, which holds the number
    wa_id        TEXT,    -- the number that WhatsApp delivers to
    user_id      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX otp_sessions_by_age ON otp_sessions (created_at);
CREATE INDEX otp_sessions_with_person ON otp_sessions (created_at) WHERE phone IS NOT NULL;
CREATE INDEX otp_sessions_by_message ON otp_sessions (message_hash) WHERE message_hash IS NOT NULL;

-- What calls with an Idempotency-Key were answered.
CREATE TABLE otp_answers (
    call_hash  BLOB    NOT NULL PRIMARY KEY, -- of app, route and key
    body_mac   BLOB    NOT NULL,
    session_id BLOB,    -- whose code the call sends
    answer     TEXT,    -- NULL while it is being found
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX otp_answers_by_age ON otp_answers (created_at);

-- How much an app's key is used.
CREATE TABLE otp_usage (
    app_key         TEXT    NOT NULL PRIMARY KEY,
    calls_since     INTEGER NOT NULL,
    calls           INTEGER NOT NULL, -- since then
    month           INTEGER NOT NULL, -- such as 202611
    sends           INTEGER NOT NULL, -- in that month
    not_requested   INTEGER NOT NULL  -- codes whose recipient had not asked for one
) STRICT, WITHOUT ROWID;

-- When the next message may go to a phone, whatever app it is for.
CREATE TABLE otp_recipients (
    recipient BLOB    NOT NULL PRIMARY KEY, -- hash of the phone
    free_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX otp_recipients_by_age ON otp_recipients (free_at);

-- Phones that are never sent to, each with the code that it always has.
CREATE TABLE otp_test_numbers (
    phone TEXT NOT NULL PRIMARY KEY,
    code  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
