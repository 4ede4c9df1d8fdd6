-- Times are milliseconds since 1970, hashes SHA-256. Numbers of enumerations stand in src/store/rows.rs.

CREATE TABLE apps (
    app_key                 TEXT    NOT NULL PRIMARY KEY,
    name                    TEXT    NOT NULL,
    secret_key_hash         BLOB,
    require_secret_key      INTEGER NOT NULL,
    hide_phone_from_browser INTEGER NOT NULL,
    allowed_origins         TEXT    NOT NULL, -- separated by spaces
    confirm                 INTEGER NOT NULL,
    phone_hidden            INTEGER NOT NULL,
    created_at              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE logins (
    code            TEXT    NOT NULL PRIMARY KEY,
    app_key         TEXT    NOT NULL,
    state           INTEGER NOT NULL,
    version         INTEGER NOT NULL, -- what a compare-and-swap compares
    deadline        INTEGER NOT NULL, -- when time alone changes the login next
    waited_for      INTEGER NOT NULL,
    phone           TEXT,
    user_id         TEXT,
    verified_at     INTEGER,
    claimed_by      BLOB,
    confirmation    BLOB,
    attempts_left   INTEGER NOT NULL,
    reply_reference TEXT,
    node            INTEGER NOT NULL, -- the process that changed it last
    change          INTEGER NOT NULL  -- position of that change among all of them
) STRICT, WITHOUT ROWID;

CREATE INDEX logins_by_deadline ON logins (deadline);
CREATE INDEX logins_by_change ON logins (change);
CREATE INDEX logins_without_result ON logins (app_key) WHERE state <= 2;
CREATE INDEX logins_awaiting_phone ON logins (user_id) WHERE state = 1;
CREATE INDEX logins_by_reply ON logins (reply_reference) WHERE reply_reference IS NOT NULL;

-- The position of the last change; one row.
CREATE TABLE changes (last INTEGER NOT NULL) STRICT;
INSERT INTO changes (last) VALUES (0);

-- WhatsApp messages that changed something. Their ids hold the sender's number, so only hashes are kept.
CREATE TABLE messages (
    phone_number_id TEXT    NOT NULL,
    message_hash    BLOB    NOT NULL,
    received_at     INTEGER NOT NULL,
    PRIMARY KEY (phone_number_id, message_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_by_age ON messages (received_at);
