-- What the sender of a login is written to in (BCP 47), by their message.
ALTER TABLE logins ADD COLUMN lang TEXT;
