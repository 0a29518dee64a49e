-- Version 3: collections of other servers that the house reads or adds to.
--
-- Moments are microseconds since 1970, levels as in version 1. Unlike those of accounts, secrets
-- here are kept as they are, since they are shown to the server: who can read this file has them.

CREATE TABLE feed (
    name TEXT NOT NULL PRIMARY KEY,
    root TEXT NOT NULL,
    collection TEXT NOT NULL,
    title TEXT NOT NULL,
    push INTEGER NOT NULL CHECK (push IN (0, 1)),
    -- Of what is read: as close as this at least. Of what is pushed: the closest that goes.
    bound INTEGER NOT NULL CHECK (bound BETWEEN 0 AND 5),
    unmarked INTEGER CHECK (unmarked BETWEEN 0 AND 4),
    every INTEGER NOT NULL CHECK (every > 0),
    max_content INTEGER NOT NULL CHECK (max_content > 0),
    -- Neither: the system's authorities.
    authorities BLOB,
    pin BLOB CHECK (length(pin) = 32),
    -- A name with a secret is a password, a secret alone a token, one with a chain a key.
    user TEXT,
    secret BLOB,
    chain BLOB,
    made INTEGER NOT NULL,
    cursor TEXT NOT NULL,
    outcome TEXT,
    next INTEGER NOT NULL,
    failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Objects that did not come or go as they should, the newest of each feed.
CREATE TABLE trouble (
    n INTEGER PRIMARY KEY,
    feed TEXT NOT NULL REFERENCES feed (name) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    what INTEGER NOT NULL CHECK (what BETWEEN 0 AND 3),
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;

CREATE INDEX trouble_by_feed ON trouble (feed, n);
