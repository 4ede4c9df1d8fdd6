-- Secret keys of apps, of which an app has several. Times are milliseconds since 1970.

CREATE TABLE secret_keys (
    app_key      TEXT    NOT NULL,
    key_id       TEXT    NOT NULL, -- the first digits of the hash, in lower case
    key_hash     BLOB    NOT NULL, -- SHA-256
    label        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,          -- to the hour
    expires_at   INTEGER,          -- NULL: never
    PRIMARY KEY (app_key, key_id)
) STRICT, WITHOUT ROWID;

-- The one key that an app had is the first of its keys.
INSERT INTO secret_keys (app_key, key_id, key_hash, label, created_at)
    SELECT app_key, lower(substr(hex(secret_key_hash), 1, 8)), secret_key_hash, 'first', created_at
    FROM apps WHERE secret_key_hash IS NOT NULL;

ALTER TABLE apps DROP COLUMN secret_key_hash;

-- Since when an app is disabled; NULL: it is not.
ALTER TABLE apps ADD COLUMN disabled_at INTEGER;
