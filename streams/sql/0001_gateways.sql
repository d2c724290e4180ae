-- What polling remembers of the gateways: where it stands, what it still has to fetch, and what went wrong.
-- `name` is the account's name in the settings. All times are microseconds since 1970 in UTC.

-- The cursor of a polled stream; moved once Kafka has acknowledged everything before it.
CREATE TABLE gateways.places (
    name text NOT NULL,
    stream text NOT NULL,
    place jsonb NOT NULL,
    saved_at_us bigint NOT NULL,
    PRIMARY KEY (name, stream)
);

-- What must be fetched: pending while it was wanted more often than it was fetched.
CREATE TABLE gateways.fetches (
    gateway text NOT NULL,
    account text NOT NULL,
    book text NOT NULL,
    stream text NOT NULL,
    id text NOT NULL,
    wanted bigint NOT NULL DEFAULT 1,
    fetched bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    due_at_us bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (gateway, account, book, stream, id)
);
CREATE INDEX fetches_pending ON gateways.fetches (gateway, account, due_at_us) WHERE wanted > fetched;

-- How far the reader of the inbound topics has come, moved with what it wrote.
CREATE TABLE gateways.offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Tokens that were handed out to us. `credentials` is a digest of what the settings held then.
CREATE TABLE gateways.tokens (
    name text PRIMARY KEY,
    credentials bytea NOT NULL,
    access_token text NOT NULL DEFAULT '',
    refresh_token text NOT NULL DEFAULT '',
    expires_at_us bigint NOT NULL DEFAULT 0,
    renewed bigint NOT NULL DEFAULT 0
);

-- Operations that are not called for a while, because too many calls failed.
CREATE TABLE gateways.breakers (
    name text NOT NULL,
    operation text NOT NULL,
    opened_at_us bigint NOT NULL,
    PRIMARY KEY (name, operation)
);

-- Accounts (stream '') and streams that stand still until somebody acts.
CREATE TABLE gateways.pauses (
    name text NOT NULL,
    stream text NOT NULL,
    reason text NOT NULL,
    since_us bigint NOT NULL,
    credentials bytea NOT NULL,
    PRIMARY KEY (name, stream)
);

-- What each stream did last.
CREATE TABLE gateways.readings (
    name text NOT NULL,
    stream text NOT NULL,
    items bigint NOT NULL DEFAULT 0,
    read_at_us bigint,
    failure text NOT NULL DEFAULT '',
    failed_at_us bigint,
    PRIMARY KEY (name, stream)
);

-- Things that were passed over: an object that is not there, an item that no record may carry.
CREATE TABLE gateways.skipped (
    skipped_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    stream text NOT NULL,
    id text NOT NULL,
    code text NOT NULL,
    at_us bigint NOT NULL
);

-- The last that an account told, by webhook and as an answer to us.
CREATE TABLE gateways.heard (
    gateway text NOT NULL,
    account text NOT NULL,
    webhook_at_us bigint,
    answer_at_us bigint,
    PRIMARY KEY (gateway, account)
);

-- Keys of facts that webhooks told lately, and keys that polling saw and no webhook has told.
CREATE TABLE gateways.told (
    gateway text NOT NULL,
    account text NOT NULL,
    digest bytea NOT NULL,
    at_us bigint NOT NULL,
    PRIMARY KEY (gateway, account, digest)
);
CREATE INDEX told_by_age ON gateways.told (at_us);
CREATE TABLE gateways.untold (
    gateway text NOT NULL,
    account text NOT NULL,
    digest bytea NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    effective_at text NOT NULL,
    seen_at_us bigint NOT NULL,
    PRIMARY KEY (gateway, account, digest)
);

-- Requests to a webhook endpoint that nobody signed for us, counted by the API.
CREATE TABLE gateways.refused_signatures (
    endpoint text PRIMARY KEY,
    gateway text NOT NULL,
    account text NOT NULL,
    refused bigint NOT NULL,
    last_at_us bigint NOT NULL
);
