-- What administrators did. Rows are added and never changed: what happened stays as it was told.

CREATE TABLE audit (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL, -- milliseconds since 1970
    actor   TEXT    NOT NULL, -- the user of the operating system
    act     TEXT    NOT NULL,
    subject TEXT    NOT NULL, -- an app key, or the end of a test number
    fields  TEXT    NOT NULL  -- names of what changed, separated by spaces; never values
) STRICT;

CREATE TRIGGER audit_rows_stay BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END;
CREATE TRIGGER audit_rows_do_not_change BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows do not change'); END;
