-- Snapshots come compressed; PostgreSQL need not try again, which for a million accounts took longer than a writer's
-- transaction may.

ALTER TABLE ledger.snapshots ALTER COLUMN state SET STORAGE EXTERNAL;
