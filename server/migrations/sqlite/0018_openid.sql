-- The OpenID issuer. Times are milliseconds since 1970, hashes SHA-256.

-- Programs that sign people in through OpenID.
CREATE TABLE openid_clients (
    client_id        TEXT    NOT NULL PRIMARY KEY, -- the app's key, a `-` and 8 symbols
    app_key          TEXT    NOT NULL,
    secret_hash      BLOB,                         -- NULL: a public client
    old_secret_hash  BLOB,                         -- the one before, while it is taken
    old_secret_until INTEGER,
    settings         TEXT    NOT NULL,             -- JSON
    sector           TEXT    NOT NULL,             -- clients of one sector of an app have one salt
    salt             BLOB    NOT NULL,             -- what pairwise subjects are made with
    created_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX openid_clients_by_app ON openid_clients (app_key);

-- Requests that were pushed, or that wait for a person.
CREATE TABLE openid_requests (
    request_hash BLOB    NOT NULL PRIMARY KEY,
    client_id    TEXT    NOT NULL,
    data         BLOB    NOT NULL, -- what it says, sealed
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX openid_requests_by_age ON openid_requests (expires_at);

-- What people let clients have: a code first, and the tokens that hang on it then.
CREATE TABLE openid_grants (
    grant_id      TEXT    NOT NULL PRIMARY KEY,
    client_id     TEXT    NOT NULL,
    app_key       TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    session_id    TEXT,             -- the session in which it was granted
    code_hash     BLOB    NOT NULL,
    code_until    INTEGER NOT NULL,
    code_used_at  INTEGER,
    refresh_hash  BLOB,             -- of the refresh token that is good now
    refresh_until INTEGER,
    data          TEXT    NOT NULL, -- JSON: scopes, how and when the person signed in
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL, -- nothing hangs on it from then on
    revoked_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX openid_grants_by_code ON openid_grants (code_hash);
CREATE INDEX openid_grants_by_client ON openid_grants (client_id);
CREATE INDEX openid_grants_by_subject ON openid_grants (subject);
CREATE INDEX openid_grants_by_session ON openid_grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX openid_grants_by_age ON openid_grants (expires_at);

-- What people agreed that a client is told.
CREATE TABLE openid_consents (
    client_id TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    app_key   TEXT    NOT NULL,
    scope     TEXT    NOT NULL, -- separated by spaces
    given_at  INTEGER NOT NULL,
    PRIMARY KEY (client_id, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX openid_consents_by_subject ON openid_consents (subject);

-- Keys that sign. The one of an algorithm with the greatest generation signs whose time has come.
CREATE TABLE openid_keys (
    algorithm  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    kid        TEXT    NOT NULL,
    sealed     BLOB    NOT NULL, -- the private key
    jwk        TEXT    NOT NULL, -- the public key, JSON
    signs_from INTEGER NOT NULL,
    PRIMARY KEY (algorithm, generation)
) STRICT, WITHOUT ROWID;

-- Devices that ask for somebody to sign in elsewhere.
CREATE TABLE openid_devices (
    device_hash    BLOB    NOT NULL PRIMARY KEY,
    user_code_hash BLOB    NOT NULL,
    client_id      TEXT    NOT NULL,
    scope          TEXT    NOT NULL,
    state          INTEGER NOT NULL,
    subject        TEXT,             -- who approved
    approval       TEXT,             -- how they signed in, JSON
    polled_at      INTEGER,
    pause          INTEGER NOT NULL, -- milliseconds from one question to the next
    expires_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX openid_devices_by_user_code ON openid_devices (user_code_hash);
CREATE INDEX openid_devices_by_subject ON openid_devices (subject) WHERE subject IS NOT NULL;
CREATE INDEX openid_devices_by_age ON openid_devices (expires_at);
