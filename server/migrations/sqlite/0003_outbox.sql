-- What is owed to people through WhatsApp: stored with the change that brings it about, and sent by whoever gets to it.

CREATE TABLE outbox (
    code      TEXT    NOT NULL PRIMARY KEY, -- the login that it is for, which owes one message at a time
    serial    INTEGER NOT NULL, -- counts the messages of the login; what a compare-and-swap compares
    kind      INTEGER NOT NULL,
    state     INTEGER NOT NULL, -- up to 1 it is still to be looked at
    recipient BLOB    NOT NULL, -- MAC of who it is for
    queued_at INTEGER NOT NULL,
    due_at    INTEGER NOT NULL, -- when it may be sent; while it is sent, when that is given up; afterwards, when it may be sent again
    tries     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_by_due ON outbox (due_at) WHERE state <= 1;

-- How many messages were owed to one person, or for one app, since then. The names are MACs, or app keys.
CREATE TABLE outbox_counts (
    name  BLOB    NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_counts_by_age ON outbox_counts (since);

-- Messages that an app's logins may cost in a day; NULL: any number.
ALTER TABLE apps ADD COLUMN messages_per_day INTEGER DEFAULT 10000;

-- Logins that can change by time alone, and those that have ended, apart: the former are few.
DROP INDEX logins_by_deadline;
CREATE INDEX logins_living ON logins (deadline) WHERE state <= 4;
CREATE INDEX logins_ended ON logins (deadline) WHERE state > 4;

-- Logins that no message ever touched, of which an app keeps so many and no more.
CREATE INDEX logins_lapsed ON logins (app_key, deadline) WHERE state = 9;

-- With the process, so that a process passes over its own changes without reading their rows.
DROP INDEX logins_by_change;
CREATE INDEX logins_by_change ON logins (change, node);
