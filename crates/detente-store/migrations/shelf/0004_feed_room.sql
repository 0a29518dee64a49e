-- Version 4: how much room what a feed brings may take. Bytes.

ALTER TABLE feed ADD COLUMN max_bytes INTEGER NOT NULL DEFAULT 8589934592 CHECK (max_bytes > 0);
