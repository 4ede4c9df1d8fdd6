-- Who signs in to an app: one row for each person and app, whatever becomes of their number. Times are milliseconds since
-- 1970.
CREATE TABLE people (
    app_key        TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    version        INTEGER NOT NULL, -- what a compare-and-swap compares
    phone          TEXT,             -- as WhatsApp reports it
    phone_name     TEXT,             -- the same in today's form, by which it is found
    phone_shown    INTEGER NOT NULL, -- whether WhatsApp has shown it beside the user id
    user_id        TEXT,
    parent_user_id TEXT,             -- the one that several portfolios of a business share
    identity_key   BLOB,             -- hash of what WhatsApp calls the person's key
    left_phone     BLOB,             -- MAC of the number that they had before
    changes        INTEGER NOT NULL, -- how often number or owner were new
    told           INTEGER NOT NULL, -- up to which of these the app was told, by a login that was redeemed
    PRIMARY KEY (app_key, subject)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX people_by_phone ON people (phone_name, app_key) WHERE phone_name IS NOT NULL;
CREATE UNIQUE INDEX people_by_user_id ON people (user_id, app_key) WHERE user_id IS NOT NULL;
CREATE INDEX people_by_parent ON people (parent_user_id) WHERE parent_user_id IS NOT NULL;
CREATE INDEX people_by_left_phone ON people (left_phone) WHERE left_phone IS NOT NULL;

-- Who it was, and which of their changes this login tells of; 0: of none.
ALTER TABLE logins ADD COLUMN subject TEXT;
ALTER TABLE logins ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
