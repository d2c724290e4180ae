-- What became of command records, for whoever sent them: written in the transaction of the decision itself, so that an
-- answer is there exactly when its decision is durable. Kept for some days; the events are what stays.

CREATE TABLE ledger.command_answers (
    book_id integer NOT NULL,
    delivery text NOT NULL,                    -- the sender's name for the record
    digest bytea NOT NULL,                     -- SHA-256 of the record: the same delivery with other bytes is refused
    at_us bigint NOT NULL,                     -- microseconds since 1970, UTC
    answers text NOT NULL,                     -- one JSON object a line, in the order of the commands
    PRIMARY KEY (book_id, delivery)
);
CREATE INDEX command_answers_by_time ON ledger.command_answers (at_us);
