-- Version 8: contexts are found by their source and origin, so that what a source says anew of its
-- object takes the place of what it said before, also where it names another value.
--
-- `mark` is the beginning of the digest, `key` one of a digest of source and origin where the
-- origin is the id of one object that says its version, `modified` which version this is
-- (`sqlite/context.rs`).
-- Mark and key are compared in full where they are met.

PRAGMA defer_foreign_keys = ON;

CREATE TABLE moved AS SELECT id, digest, json FROM context;
DROP TABLE context;

-- The digest is the SHA-256 of the JSON.
CREATE TABLE context (
    id INTEGER PRIMARY KEY,
    mark INTEGER NOT NULL,
    key INTEGER,
    modified INTEGER,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    json TEXT NOT NULL
) STRICT;

INSERT INTO context (id, mark, key, modified, digest, json)
SELECT id, context_mark(digest), context_key(json), context_modified(json), digest, json
FROM moved ORDER BY id;

DROP TABLE moved;

CREATE INDEX context_by_mark ON context (mark);
CREATE INDEX context_by_key ON context (key, modified) WHERE key IS NOT NULL;
