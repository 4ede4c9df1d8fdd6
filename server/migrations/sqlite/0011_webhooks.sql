-- What apps are told by webhooks: stored with the change that brings it about, and sent by one process. Times are
-- milliseconds since 1970.

CREATE TABLE webhook_endpoints (
    endpoint_id  TEXT    NOT NULL PRIMARY KEY,
    app_key      TEXT    NOT NULL,
    url          TEXT    NOT NULL,
    events       TEXT    NOT NULL, -- names, separated by spaces; empty: every event
    secret       BLOB    NOT NULL, -- sealed
    old_secret   BLOB,             -- sealed; it signs too
    old_until    INTEGER,          -- until then
    created_at   INTEGER NOT NULL,
    disabled_at  INTEGER,          -- NULL: it is not
    disabled_for INTEGER,          -- why
    succeeded_at INTEGER           -- when it last took a delivery
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_endpoints_by_app ON webhook_endpoints (app_key);

CREATE TABLE webhook_deliveries (
    event_id    TEXT    NOT NULL,
    endpoint_id TEXT    NOT NULL,
    kind        TEXT    NOT NULL, -- the name of the event
    payload     TEXT    NOT NULL, -- as it is sent
    phone       TEXT,             -- of the person in the payload
    user_id     TEXT,
    state       INTEGER NOT NULL, -- 0: it is still to be delivered
    queued_at   INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    until       INTEGER NOT NULL, -- when it is given up
    tries       INTEGER NOT NULL,
    status      INTEGER,          -- what the endpoint answered last
    failure     TEXT,             -- why it did not take it
    ended_at    INTEGER,          -- when it was delivered or given up
    PRIMARY KEY (event_id, endpoint_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_deliveries_by_due ON webhook_deliveries (endpoint_id, due_at) WHERE state = 0;
CREATE INDEX webhook_deliveries_by_end ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (endpoint_id, queued_at);
CREATE INDEX webhook_deliveries_with_person ON webhook_deliveries (phone) WHERE phone IS NOT NULL;
