-- What stands on each account, per currency. numeric: balances may reach 2^128-1.
CREATE TABLE balance (
    book text NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    debits numeric NOT NULL CHECK (debits >= 0),
    credits numeric NOT NULL CHECK (credits >= 0),
    entries bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (book, account, currency)
);

-- Publishing asks for the rows changed since a position.
CREATE INDEX balance_changes ON balance (book, position);
