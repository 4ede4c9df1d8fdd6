-- Before when rows of the audit may be deleted, as they are older than the operator has them kept; one row.
CREATE TABLE retention (audit_from INTEGER NOT NULL) STRICT;
INSERT INTO retention (audit_from) VALUES (0);

DROP TRIGGER audit_rows_stay;
CREATE TRIGGER audit_rows_stay BEFORE DELETE ON audit
    WHEN old.act = 'development_data' OR old.at >= (SELECT audit_from FROM retention)
    BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END;
