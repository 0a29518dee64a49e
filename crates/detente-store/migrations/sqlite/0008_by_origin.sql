-- Version 8: contexts are found by their source and origin, so that what a source says anew of its
-- object takes the place of what it said before, also where it names another value. `key` is made
-- of both, or of the digest where there is no origin (`context_key` in `sqlite/context.rs`); it
-- stands for the digest too, whose index goes.

PRAGMA defer_foreign_keys = ON;

CREATE TABLE moved AS SELECT id, digest, json FROM context;
DROP TABLE context;

-- The digest is the SHA-256 of the JSON.
CREATE TABLE context (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    json TEXT NOT NULL
) STRICT;

INSERT INTO context (id, key, digest, json)
SELECT id, context_key(digest, json), digest, json FROM moved ORDER BY id;

DROP TABLE moved;

CREATE INDEX context_by_key ON context (key);
