-- What was told about payouts, one row a fact; a payout is the sum of its facts.
CREATE TABLE payout_fact (
    book text NOT NULL,
    key text NOT NULL,
    payout text NOT NULL,
    type text NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    effective_at text NOT NULL,
    effective_on text NOT NULL,
    arrival_on text NOT NULL,                  -- the latest day told, empty when none was
    automatic text NOT NULL,                   -- 'false': the gateway cannot tell its contents
    trace_ids text[] NOT NULL,
    PRIMARY KEY (book, key)
);
CREATE INDEX payout_fact_of ON payout_fact (book, payout);

CREATE TABLE payout (
    book text NOT NULL,
    payout text NOT NULL,
    source text NOT NULL,                      -- the gateway that tells of it
    currency text NOT NULL,
    amount numeric NOT NULL,
    amounts_told text[] NOT NULL,              -- every amount its facts have told, as 'USD 1250'
    arrival_on date NOT NULL,
    automatic boolean NOT NULL,
    told text[] NOT NULL,
    names text[] NOT NULL,                     -- words by which a bank line may name it, upper case
    PRIMARY KEY (book, payout)
);
CREATE INDEX payout_by_amount ON payout (book, currency, amount);
CREATE INDEX payout_by_name ON payout USING gin (names);

CREATE TABLE bank_line (
    book text NOT NULL,
    line text NOT NULL,
    account text NOT NULL,
    statement text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    value_on date NOT NULL,
    gateway text NOT NULL,                     -- the one that it says it comes from, empty for any other line
    names text[] NOT NULL,
    PRIMARY KEY (book, line)
);
CREATE INDEX bank_line_by_amount ON bank_line (book, currency, amount) WHERE gateway <> '';
CREATE INDEX bank_line_by_name ON bank_line USING gin (names);

-- The movements that a payout says it is made of; payout is empty until somebody told which.
CREATE TABLE content (
    book text NOT NULL,
    key text NOT NULL,
    transaction text NOT NULL,
    payout text NOT NULL,
    category text NOT NULL,
    source text NOT NULL,
    net numeric NOT NULL,
    currency text NOT NULL,
    PRIMARY KEY (book, key)
);
CREATE INDEX content_of_payout ON content (book, payout) WHERE payout <> '';
CREATE INDEX content_of_source ON content (book, source);

-- The ids under which payments that succeeded were told.
CREATE TABLE told_payment (
    book text NOT NULL,
    reference text NOT NULL,
    PRIMARY KEY (book, reference)
);

-- The answer: one item a payout, one a bank line that names the gateway. A line that belongs to a known payout is
-- 'absorbed' by that payout's item.
CREATE TABLE item (
    book text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('payout', 'bank_line')),
    item text NOT NULL,
    payout text NOT NULL,
    state text NOT NULL CHECK (state IN ('expected', 'matched', 'broken', 'absorbed')),
    reasons text[] NOT NULL CHECK ((state = 'broken') = (cardinality(reasons) > 0)),
    currency text NOT NULL,
    amount numeric NOT NULL,
    evidence jsonb NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (book, kind, item)
);
CREATE INDEX item_changes ON item (book, position);
CREATE INDEX item_by_state ON item (book, state, position);
