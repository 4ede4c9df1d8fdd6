-- Times are milliseconds since 1970, hashes and MACs 32 bytes. Numbers of enumerations stand in src/store/rows.rs, and
-- what the columns mean in the migrations of SQLite. Texts that are only compared are sorted by their bytes.

CREATE TABLE apps (
    app_key                 text    COLLATE "C" PRIMARY KEY,
    name                    text    NOT NULL,
    require_secret_key      boolean NOT NULL,
    hide_phone_from_browser boolean NOT NULL,
    allowed_origins         text    NOT NULL, -- separated by spaces
    confirm                 bigint  NOT NULL,
    phone_hidden            bigint  NOT NULL,
    created_at              bigint  NOT NULL,
    calls_per_minute        bigint  NOT NULL,
    monthly_quota           bigint,           -- NULL: none
    live_only               boolean NOT NULL,
    messages_per_day        bigint,           -- NULL: any number
    disabled_at             bigint            -- NULL: it is not
);

CREATE TABLE secret_keys (
    app_key      text   COLLATE "C" NOT NULL,
    key_id       text   COLLATE "C" NOT NULL, -- the first digits of the hash, in lower case
    key_hash     bytea  NOT NULL,
    label        text   NOT NULL,
    created_at   bigint NOT NULL,
    last_used_at bigint,                      -- to the hour
    expires_at   bigint,                      -- NULL: never
    PRIMARY KEY (app_key, key_id)
);

-- Who may operate the server by its console.
CREATE TABLE operators (
    name       text   COLLATE "C" PRIMARY KEY, -- as the console knows them, in lower case
    role       bigint NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE logins (
    code            text    COLLATE "C" PRIMARY KEY,
    app_key         text    COLLATE "C" NOT NULL,
    state           bigint  NOT NULL,
    version         bigint  NOT NULL, -- what a compare-and-swap compares
    deadline        bigint  NOT NULL, -- when time alone changes the login next
    waited_for      boolean NOT NULL,
    phone           text    COLLATE "C",
    user_id         text    COLLATE "C",
    verified_at     bigint,
    claimed_by      bytea,
    confirmation    bytea,
    attempts_left   bigint  NOT NULL,
    reply_reference text    COLLATE "C",
    lang            text    COLLATE "C",
    node            bigint  NOT NULL, -- the process that changed it last
    change          bigint  NOT NULL  -- position of that change among all of them
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX logins_living ON logins (deadline) WHERE state <= 4;
CREATE INDEX logins_ended ON logins (deadline) WHERE state > 4;
CREATE INDEX logins_lapsed ON logins (app_key, deadline) WHERE state = 9;
CREATE INDEX logins_taken_back ON logins (app_key, deadline) WHERE state = 7 AND claimed_by IS NOT NULL;
CREATE INDEX logins_by_change ON logins (change, node);
CREATE INDEX logins_without_result ON logins (app_key) WHERE state <= 2;
CREATE INDEX logins_awaiting_phone ON logins (user_id) WHERE state = 1;
CREATE INDEX logins_by_reply ON logins (reply_reference) WHERE reply_reference IS NOT NULL;

-- The position of the last change; one row, which everybody who writes locks first until the end of their transaction.
CREATE TABLE changes (last bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO changes (last) VALUES (0);

-- The process that does what needs to be done by one alone, until then by the database's clock; one row.
CREATE TABLE leader (
    node  bigint      NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO leader (node, until) VALUES (0, '-infinity');

CREATE TABLE messages (
    phone_number_id text   COLLATE "C" NOT NULL,
    message_hash    bytea  NOT NULL,
    received_at     bigint NOT NULL,
    PRIMARY KEY (phone_number_id, message_hash)
);

CREATE INDEX messages_by_age ON messages (received_at);

CREATE TABLE outbox (
    code      text   COLLATE "C" PRIMARY KEY,
    serial    bigint NOT NULL,
    kind      bigint NOT NULL,
    state     bigint NOT NULL, -- up to 1 it is still to be looked at
    recipient bytea  NOT NULL,
    queued_at bigint NOT NULL,
    due_at    bigint NOT NULL,
    tries     bigint NOT NULL
);

CREATE INDEX outbox_by_due ON outbox (due_at) WHERE state <= 1;

CREATE TABLE outbox_counts (
    name  bytea  PRIMARY KEY,
    since bigint NOT NULL,
    count bigint NOT NULL
);

CREATE INDEX outbox_counts_by_age ON outbox_counts (since);

CREATE TABLE otp_phones (
    subject        bytea    PRIMARY KEY,
    version        bigint   NOT NULL,
    live_session   uuid,
    expires_at     bigint   NOT NULL,
    attempts_left  bigint   NOT NULL,
    sending        uuid,
    sending_until  bigint   NOT NULL,
    cooldown_until bigint   NOT NULL,
    wrong_at       bigint[] NOT NULL,
    wrong_in_row   bigint   NOT NULL,
    changed_at     bigint   NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX otp_phones_by_age ON otp_phones (changed_at);

CREATE TABLE otp_aliases (
    subject bytea PRIMARY KEY,
    account bytea NOT NULL -- the subject of a row in otp_phones
);

CREATE INDEX otp_aliases_by_account ON otp_aliases (account);

CREATE TABLE otp_sessions (
    session_id   uuid    PRIMARY KEY,
    app_key      text    COLLATE "C" NOT NULL,
    subject      bytea   NOT NULL,
    phone        text    COLLATE "C",
    meta         text,
    code_mac     bytea   NOT NULL,
    digits       bigint  NOT NULL,
    is_test      boolean NOT NULL,
    used         boolean NOT NULL,
    created_at   bigint  NOT NULL,
    delivery     bigint  NOT NULL,
    failure      bigint,
    message_hash bytea,
    wa_id        text    COLLATE "C",
    user_id      text    COLLATE "C"
) WITH (fillfactor = 80);

CREATE INDEX otp_sessions_by_age ON otp_sessions (created_at);
CREATE INDEX otp_sessions_with_person ON otp_sessions (created_at) WHERE phone IS NOT NULL;
CREATE INDEX otp_sessions_by_message ON otp_sessions (message_hash) WHERE message_hash IS NOT NULL;

-- What calls with an Idempotency-Key were answered.
CREATE TABLE otp_answers (
    call_hash  bytea  PRIMARY KEY,
    body_mac   bytea  NOT NULL,
    session_id uuid,
    answer     bytea, -- sealed; NULL while it is being found
    created_at bigint NOT NULL
);

CREATE INDEX otp_answers_by_age ON otp_answers (created_at);

CREATE TABLE otp_usage (
    app_key       text   COLLATE "C" PRIMARY KEY,
    calls_since   bigint NOT NULL,
    calls         bigint NOT NULL,
    month         bigint NOT NULL,
    sends         bigint NOT NULL,
    not_requested bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE otp_recipients (
    recipient bytea  PRIMARY KEY,
    free_at   bigint NOT NULL
);

CREATE INDEX otp_recipients_by_age ON otp_recipients (free_at);

CREATE TABLE otp_test_numbers (
    phone    text    COLLATE "C" PRIMARY KEY,
    code     text    NOT NULL,
    cooldown boolean NOT NULL
);

-- What administrators did. Rows are added and never changed: what happened stays as it was told.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      bigint NOT NULL,
    actor   text   NOT NULL,
    act     text   NOT NULL,
    subject text   NOT NULL,
    fields  text   NOT NULL
);

-- A database is marked as one for development once.
CREATE UNIQUE INDEX audit_marked_once ON audit (act) WHERE act = 'development_data';

-- Before when rows of the audit may be deleted, as they are older than the operator has them kept; one row.
CREATE TABLE retention (audit_from bigint NOT NULL);
INSERT INTO retention (audit_from) VALUES (0);

CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
        IF old.act <> 'development_data' AND old.at < (SELECT audit_from FROM retention) THEN
            RETURN old;
        END IF;
    END IF;
    RAISE EXCEPTION 'rows of % stay as they are', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER audit_stays BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();
