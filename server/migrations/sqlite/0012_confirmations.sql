-- What confirms a login: the most that its app or anybody who waits for it asked for, and, once it is verified, what was
-- done.
ALTER TABLE logins ADD COLUMN confirm INTEGER NOT NULL DEFAULT 0;
UPDATE logins SET confirm =
    CASE WHEN confirmation IS NOT NULL THEN 2 WHEN reply_reference IS NOT NULL THEN 1 ELSE 0 END;

-- The page that asked for it, as JSON.
ALTER TABLE logins ADD COLUMN asker TEXT;
