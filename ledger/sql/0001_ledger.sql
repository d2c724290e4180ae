-- The event store. One row per decision, its body readable as JSON; everything a batch makes true is in one transaction.

CREATE SCHEMA IF NOT EXISTS ledger;

CREATE TABLE ledger.books (
    book_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book text NOT NULL UNIQUE,
    head bigint NOT NULL DEFAULT 0,            -- position of the last event
    epoch bigint NOT NULL DEFAULT 0,           -- raised by every writer that takes the book; the older one is fenced
    seal bytea NOT NULL,                       -- hash chain up to head
    recorded_at_us bigint NOT NULL DEFAULT 0   -- microseconds since 1970, UTC; never runs backwards
);

CREATE TABLE ledger.events (
    book_id integer NOT NULL,
    position bigint NOT NULL,
    recorded_at_us bigint NOT NULL,
    type text NOT NULL,
    body text NOT NULL,                        -- canonical JSON as text: jsonb would reorder what the seal covers
    PRIMARY KEY (book_id, position)
);

-- Law 3: a fact is decided at most once, for ever. Keys and references are stored as BLAKE2b-128 of their text.
CREATE TABLE ledger.fact_keys (
    book_id integer NOT NULL,
    digest bytea NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (book_id, digest)
);

CREATE TABLE ledger.seals (
    book_id integer NOT NULL,
    position bigint NOT NULL,                  -- last event of an append
    seal bytea NOT NULL,
    PRIMARY KEY (book_id, position)
);

CREATE TABLE ledger.raw_records (
    book_id integer NOT NULL,
    digest bytea NOT NULL,                     -- SHA-256 of the original bytes
    source text NOT NULL,
    account text NOT NULL,
    received_at_us bigint NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    context jsonb NOT NULL,
    first_position bigint,                     -- events decided from it; null when all had been told before
    last_position bigint,
    codec text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (book_id, digest)
);
CREATE INDEX raw_records_by_position ON ledger.raw_records (book_id, last_position) WHERE last_position IS NOT NULL;

CREATE TABLE ledger.dead_letters (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book text NOT NULL,
    source text NOT NULL,
    account text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    digest bytea NOT NULL,
    code text NOT NULL,                        -- stable reason code
    detail text NOT NULL,
    position bigint,                           -- of the FactRefused, when the book refused it
    context jsonb NOT NULL,
    body bytea NOT NULL,                       -- cards masked, as it stood in the topic
    attempts integer NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'redriven', 'resolved', 'failed_again')),
    at_us bigint NOT NULL,
    published boolean NOT NULL DEFAULT false
);
CREATE INDEX dead_letters_unpublished ON ledger.dead_letters (dead_letter_id) WHERE NOT published;
-- The same bytes sent again while they lie here count as a further attempt, they do not lie here twice.
CREATE UNIQUE INDEX dead_letters_open ON ledger.dead_letters (book, digest) WHERE status = 'open';

-- Where posting goes on reading, per input partition. Kafka's own committed offsets are only hints (law 4).
CREATE TABLE ledger.input_offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- How far publishing has sent each stream of each book, after Kafka acknowledged it.
CREATE TABLE ledger.publications (
    stream text NOT NULL,
    book_id integer NOT NULL,
    position bigint NOT NULL,
    state jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (stream, book_id)
);

CREATE TABLE ledger.snapshots (
    book_id integer NOT NULL,
    position bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (book_id, position)
);

CREATE VIEW ledger.journal AS
SELECT books.book, position, type, to_timestamp(events.recorded_at_us / 1000000.0) AS recorded_at, body::jsonb AS body
FROM ledger.events JOIN ledger.books USING (book_id);
