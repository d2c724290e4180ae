-- One row a payment: a function of its timeline.
CREATE TABLE payment (
    book text NOT NULL,
    payment text NOT NULL,
    source text NOT NULL,
    account text NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    refunded numeric NOT NULL,
    effective_at text NOT NULL,
    sightings bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (book, payment)
);
CREATE INDEX payment_changes ON payment (book, position);
CREATE INDEX payment_by_status ON payment (book, status, position);

-- Everything that was told about a payment, in the order in which we learned it.
CREATE TABLE timeline (
    book text NOT NULL,
    position bigint NOT NULL,
    payment text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('posted', 'observed', 'repeated', 'parked', 'refused')),
    type text NOT NULL,
    key text NOT NULL,
    source text NOT NULL,
    account text NOT NULL,
    effective_at text NOT NULL,
    recorded_at_us bigint NOT NULL,
    amount numeric,
    currency text NOT NULL,
    status text NOT NULL,
    delivery text NOT NULL,
    object text NOT NULL,
    PRIMARY KEY (book, position)
);
CREATE INDEX timeline_of_payment ON timeline (book, payment, position);

-- The provider's ids, beside its own, that lead to a payment: of its charges, refunds and disputes.
CREATE TABLE reference (
    book text NOT NULL,
    reference text NOT NULL,
    payment text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (book, reference, payment)
);
CREATE INDEX reference_of_payment ON reference (book, payment);
