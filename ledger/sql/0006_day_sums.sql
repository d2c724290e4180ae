-- What a book's past adds up to, by day: so that a question about an earlier date or position, and the closing of a
-- period, need not read the past anew. Made of stored events by whoever asks first, never by the append; a row says
-- the same for ever, and all of them may be deleted: they are made again.

CREATE TABLE ledger.history_segments (
    book_id integer NOT NULL,
    segment integer NOT NULL,                  -- 0, 1, 2, ...: positions segment * 10000 + 1 to (segment + 1) * 10000
    hold_positions bigint[] NOT NULL,          -- of its events that move a hold or the clock
    PRIMARY KEY (book_id, segment)
);

CREATE TABLE ledger.day_sums (
    book_id integer NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    segment integer NOT NULL,
    day date NOT NULL,                         -- on which the entries of the segment count
    debits numeric NOT NULL,                   -- minor units
    credits numeric NOT NULL,
    PRIMARY KEY (book_id, account, currency, segment, day)
);
