-- The chart of a book is in its opening and in every account opened since: few events among many.
CREATE INDEX events_of_accounts ON ledger.events (book_id, position) WHERE type IN ('BookOpened', 'AccountOpened');
