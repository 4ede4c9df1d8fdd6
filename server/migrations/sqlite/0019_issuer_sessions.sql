-- Browsers that the issuer's sign-in page remembers, each for one person at one app. Times are milliseconds since 1970.
CREATE TABLE issuer_sessions (
    secret_hash  BLOB    NOT NULL PRIMARY KEY, -- of what the browser's cookie holds
    session_id   BLOB    NOT NULL,             -- what tokens call it
    app_key      TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    code         TEXT,                         -- the login that it began with: whoever takes that back ends it
    auth_time    INTEGER NOT NULL,             -- when the person signed in
    confirmation INTEGER NOT NULL,             -- how that was confirmed
    is_changed   INTEGER NOT NULL,             -- whether number or owner were new then
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX issuer_sessions_by_id ON issuer_sessions (session_id);
CREATE INDEX issuer_sessions_by_person ON issuer_sessions (app_key, subject, auth_time);
CREATE INDEX issuer_sessions_by_end ON issuer_sessions (expires_at);
