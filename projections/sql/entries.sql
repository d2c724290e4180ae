-- The postings of every entry: one row a line, with everything an account's statement shows.
CREATE TABLE posting (
    book text NOT NULL,
    position bigint NOT NULL,
    line integer NOT NULL CHECK (line >= 1),
    account text NOT NULL,
    side text NOT NULL CHECK (side IN ('debit', 'credit')),
    amount numeric NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    -- When it counts: as told, and as a day to compare with (law 9).
    effective_at text NOT NULL,
    effective_on date NOT NULL,
    -- When we knew: microseconds since 1970.
    recorded_at_us bigint NOT NULL,
    fact_type text NOT NULL,
    fact_key text NOT NULL,
    source text NOT NULL,
    source_account text NOT NULL,
    rule text NOT NULL,
    PRIMARY KEY (book, position, line)
);

-- An account's statement is paged by (position, line).
CREATE INDEX posting_of_account ON posting (book, account, position, line);

-- Law 1: an entry sums to zero per currency. All lines of an entry come in one statement, so each statement must hold
-- whole entries; what is there was balanced before, so the table always is.
CREATE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    off record;
BEGIN
    SELECT book, position, currency, sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) AS amount
    INTO off
    FROM inserted
    GROUP BY book, position, currency
    HAVING sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) <> 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entry at % of book % does not sum to zero: % is off by % minor units',
            off.position, off.book, off.currency, off.amount
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_sums_to_zero', TABLE = 'posting';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER entry_sums_to_zero AFTER INSERT ON posting
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_imbalance();

-- Law 8: nothing is changed or deleted; a correction is a new entry.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'postings are never changed or deleted; post a correcting entry'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_is_final', TABLE = 'posting';
END
$$;

CREATE TRIGGER posting_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
