-- Who may operate the server by its console.
CREATE TABLE operators (
    name       TEXT    NOT NULL PRIMARY KEY, -- as the console knows them, in lower case
    role       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
