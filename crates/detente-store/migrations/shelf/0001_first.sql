-- Version 1: what tools of the house bring and read: objects, accounts, what became of requests.
--
-- Moments are microseconds since 1970. Levels are 0 (CLEAR) to 4 (RED) and 5 (closed).

CREATE TABLE collection (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- An object's number is the moment at which it came; no two came at the same one. Bit c of `first`
-- and `last` says that of its id it is the oldest and the newest version for who sees level c: what
-- is above a clearance is nobody's first or last there.
CREATE TABLE object (
    n INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collection (id),
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 5),
    first INTEGER NOT NULL CHECK (first BETWEEN 0 AND 63),
    last INTEGER NOT NULL CHECK (last BETWEEN 0 AND 63),
    bytes BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX object_by_id ON object (collection, id, version);
-- A page is read from one of these front to back, level by level, whatever its place.
CREATE INDEX object_in_order ON object (collection, level, n, kind);
CREATE INDEX object_last ON object (collection, level, n, kind, last) WHERE last <> 0;
-- The ends of an id: a dozen at most, however many versions it has.
CREATE INDEX object_ends ON object (collection, id) WHERE first <> 0 OR last <> 0;

-- The moment before which nothing comes any more.
CREATE TABLE counter (
    next INTEGER NOT NULL
) STRICT;

INSERT INTO counter (next) VALUES (0);

CREATE TABLE status (
    id TEXT NOT NULL PRIMARY KEY,
    root TEXT NOT NULL,
    account TEXT NOT NULL,
    at INTEGER NOT NULL,
    json BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX status_by_account ON status (account, at);

-- Secrets are kept as hashes: a password's by Argon2id, a token's and a certificate's by SHA-256.
CREATE TABLE account (
    name TEXT NOT NULL PRIMARY KEY,
    password TEXT,
    token BLOB CHECK (length(token) = 32),
    certificate BLOB CHECK (length(certificate) = 32),
    clearance INTEGER NOT NULL CHECK (clearance BETWEEN 0 AND 5),
    unmarked INTEGER CHECK (unmarked BETWEEN 0 AND 4),
    reads TEXT NOT NULL,
    writes TEXT NOT NULL,
    made INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX account_by_token ON account (token) WHERE token IS NOT NULL;
CREATE UNIQUE INDEX account_by_certificate ON account (certificate) WHERE certificate IS NOT NULL;
