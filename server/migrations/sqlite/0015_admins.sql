-- Who may use the console: operators have the name that they have elsewhere, and are let in by WhatsApp. Without a
-- number they are known, and cannot sign in.
ALTER TABLE operators RENAME TO admins;
ALTER TABLE admins ADD COLUMN phone        TEXT;                       -- whom the console lets in, until somebody has signed in
ALTER TABLE admins ADD COLUMN subject      TEXT;                       -- who signed in first; nobody else does from then on
ALTER TABLE admins ADD COLUMN apps         TEXT;                       -- the apps that they see, separated by spaces; all where null
ALTER TABLE admins ADD COLUMN generation   INTEGER NOT NULL DEFAULT 0; -- sessions of an earlier one are over
ALTER TABLE admins ADD COLUMN signed_in_at INTEGER;

CREATE UNIQUE INDEX admins_by_phone ON admins (phone) WHERE phone IS NOT NULL;

-- Keys of programs that administer.
CREATE TABLE access_keys (
    key_id       TEXT    NOT NULL PRIMARY KEY, -- the first symbols of the hash
    key_hash     BLOB    NOT NULL,             -- SHA-256 of the key
    label        TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,             -- separated by spaces
    apps         TEXT,                         -- as in `admins`
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at   INTEGER                       -- worth nothing from then on
) STRICT, WITHOUT ROWID;
