-- Subjects, recipients, names of calls and ids of messages are MACs from here on, under keys that are not in the
-- database; what the answers of repeated calls hold is sealed under another.

-- A number at an app whose codes count in another's row, as WhatsApp said that both are one account.
CREATE TABLE otp_aliases (
    subject BLOB NOT NULL PRIMARY KEY,
    account BLOB NOT NULL -- the subject of a row in otp_phones
) STRICT, WITHOUT ROWID;

CREATE INDEX otp_aliases_by_account ON otp_aliases (account);

ALTER TABLE otp_sessions ADD COLUMN digits  INTEGER NOT NULL DEFAULT 0; -- of the code; 0: from before this was kept
ALTER TABLE otp_sessions ADD COLUMN failure INTEGER; -- why the message does not arrive: WhatsApp's code, or 0

ALTER TABLE otp_test_numbers ADD COLUMN cooldown INTEGER NOT NULL DEFAULT 1;

-- Hashes without a key, and answers in clear. Sessions and phones keep theirs until they are forgotten, within a day:
-- codes that are being typed stay good.
DELETE FROM otp_recipients;
DROP TABLE otp_answers;

-- What calls with an Idempotency-Key were answered.
CREATE TABLE otp_answers (
    call_hash  BLOB    NOT NULL PRIMARY KEY, -- of app, route and key
    body_mac   BLOB    NOT NULL,
    session_id BLOB,    -- whose code the call sends
    answer     BLOB,    -- sealed; NULL while it is being found
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX otp_answers_by_age ON otp_answers (created_at);
