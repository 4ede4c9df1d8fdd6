-- Codes that other authentication servers make, and that are sent here. Times are milliseconds since 1970.

CREATE TABLE gateways (
    gateway_id TEXT    NOT NULL PRIMARY KEY,
    app_key    TEXT    NOT NULL,
    kind       TEXT    NOT NULL, -- what calls it: its word in the path
    secret     BLOB,             -- by which a caller is known, sealed; NULL: none yet, so that nobody is
    old_secret BLOB,             -- sealed; callers are known by it too
    old_until  INTEGER,          -- until then
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX gateways_by_app ON gateways (app_key);

-- Whether another server made the session's code: it is not kept here, and cannot be typed here.
ALTER TABLE otp_sessions ADD COLUMN gateway INTEGER NOT NULL DEFAULT 0;
