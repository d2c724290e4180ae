-- The key under which an event was decided stands in its own row: one heap row and one insertion less for every fact.
-- `fact_keys` keeps what an event has beyond that (references, ends of holds), and the keys decided before this change.
-- The columns stand by their alignment, widest first: eight bytes a row that would be padding hold data instead.

ALTER TABLE ledger.events RENAME TO events_before;

CREATE TABLE ledger.events (
    position bigint NOT NULL,
    recorded_at_us bigint NOT NULL,
    key uuid,                                  -- BLAKE2b-128 of the key that was decided here; null where none was
    book_id integer NOT NULL,
    type text NOT NULL,
    body text NOT NULL                         -- canonical JSON as text: jsonb would reorder what the seal covers
);

INSERT INTO ledger.events (position, recorded_at_us, book_id, type, body)
SELECT position, recorded_at_us, book_id, type, body FROM ledger.events_before ORDER BY book_id, position;

DROP VIEW ledger.journal;
DROP TABLE ledger.events_before;

ALTER TABLE ledger.events ADD PRIMARY KEY (book_id, position);
CREATE UNIQUE INDEX events_by_key ON ledger.events (book_id, key) WHERE key IS NOT NULL;
CREATE INDEX events_of_accounts ON ledger.events (book_id, position) WHERE type IN ('BookOpened', 'AccountOpened');

-- Sixteen bytes compare and store as a uuid for less than as a bytea.
ALTER TABLE ledger.fact_keys ALTER COLUMN digest TYPE uuid USING encode(digest, 'hex')::uuid;

CREATE VIEW ledger.journal AS
SELECT books.book, position, type, to_timestamp(events.recorded_at_us / 1000000.0) AS recorded_at, body::jsonb AS body
FROM ledger.events JOIN ledger.books USING (book_id);

-- Every digest on record, wherever it stands (law 3).
CREATE VIEW ledger.decided_keys AS
SELECT book_id, uuid_send(key) AS digest, position FROM ledger.events WHERE key IS NOT NULL
UNION ALL
SELECT book_id, uuid_send(digest) AS digest, position FROM ledger.fact_keys;
