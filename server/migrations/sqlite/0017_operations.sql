-- What operators see and set beside what was there. Times are milliseconds since 1970.

-- Days that the history of an app is kept, where the server keeps it for longer; NULL: as long as the server does.
ALTER TABLE apps ADD COLUMN history_days INTEGER;

-- Processes that serve from this database; each says from time to time that it is there.
CREATE TABLE nodes (
    node       INTEGER NOT NULL PRIMARY KEY, -- what marks its changes
    host       TEXT    NOT NULL,             -- the name of its machine
    version    TEXT    NOT NULL,             -- of the program
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL              -- when it last said so
) STRICT;
