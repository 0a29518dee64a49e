-- Version 1: what tools of the house bring and read: objects, accounts, what became of requests.
--
-- Moments are microseconds since 1970. Levels are 0 (CLEAR) to 4 (RED) and 5 (closed).

CREATE TABLE collection (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Objects of one level that came together, as many as fill a few pages of the file, so that they
-- are read together. A packet's number is the moment at which its first object came; no two came at
-- the same one. `heads` says of each what must be known without its bytes (its form is in
-- `src/shelf/packet.rs`).
CREATE TABLE packet (
    n INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collection (id),
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 5),
    heads BLOB NOT NULL
) STRICT;

CREATE INDEX packet_in_order ON packet (collection, level, n);

-- The bytes of a packet's objects one behind the other, as they came; apart, so that what is said
-- of an object changes without them.
CREATE TABLE body (
    n INTEGER PRIMARY KEY REFERENCES packet (n),
    bytes BLOB NOT NULL
) STRICT;

-- Which packets hold something of a type, and for whom it is the newest version: bit c of `last`
-- says for who sees level c. The type '' stands for any. A page is read from here front to back,
-- whatever its place, and meets no packet in vain.
CREATE TABLE holds (
    collection INTEGER NOT NULL,
    kind TEXT NOT NULL,
    level INTEGER NOT NULL,
    last INTEGER NOT NULL,
    packet INTEGER NOT NULL,
    PRIMARY KEY (collection, kind, level, last, packet)
) STRICT, WITHOUT ROWID;

-- Where the versions of an id are; `id` is the first half of its SHA-256, and the packet's number
-- is `n - back`.
CREATE TABLE object (
    collection INTEGER NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    n INTEGER NOT NULL,
    back INTEGER NOT NULL,
    PRIMARY KEY (collection, id, version)
) STRICT, WITHOUT ROWID;

-- Of an id with more than one version, those that are the oldest or the newest for anybody: a dozen
-- at most, however many there are.
CREATE TABLE ended (
    collection INTEGER NOT NULL,
    id BLOB NOT NULL,
    n INTEGER NOT NULL,
    back INTEGER NOT NULL,
    PRIMARY KEY (collection, id, n)
) STRICT, WITHOUT ROWID;

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
    size INTEGER NOT NULL,
    json BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX status_by_account ON status (account, at, size);

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
