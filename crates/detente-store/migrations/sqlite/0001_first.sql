-- Version 1: everything that a node keeps.
--
-- Ids and digests are 32 bytes. Times are Unix seconds. Numbers are at most 2^63 - 1. A kind is the
-- signed code of detente-core's list. Text compares byte by byte.

-- Cards of other parties and evidence against them.

CREATE TABLE card (
    party BLOB NOT NULL PRIMARY KEY CHECK (length(party) = 32),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    party BLOB NOT NULL CHECK (length(party) = 32),
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE INDEX evidence_by_party ON evidence (party, code);

-- Accords and their parties.

CREATE TABLE accord (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    slug TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accord_party (
    accord BLOB NOT NULL REFERENCES accord (id),
    party BLOB NOT NULL CHECK (length(party) = 32),
    PRIMARY KEY (accord, party)
) STRICT, WITHOUT ROWID;

-- Logs, own and mirrored. The peaks are the right edge, 32 bytes each, largest subtree first.

CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    accord BLOB NOT NULL CHECK (length(accord) = 32),
    party BLOB NOT NULL CHECK (length(party) = 32),
    size INTEGER NOT NULL CHECK (size >= 0),
    peaks BLOB NOT NULL,
    checkpoint_size INTEGER CHECK (checkpoint_size BETWEEN 0 AND size),
    checkpoint BLOB,
    UNIQUE (accord, party),
    CHECK ((checkpoint IS NULL) = (checkpoint_size IS NULL))
) STRICT;

CREATE TABLE pending (
    log INTEGER NOT NULL REFERENCES log (id),
    place INTEGER NOT NULL,
    note BLOB NOT NULL,
    PRIMARY KEY (log, place)
) STRICT;

CREATE TABLE entry (
    log INTEGER NOT NULL REFERENCES log (id),
    place INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    body BLOB NOT NULL,
    PRIMARY KEY (log, place)
) STRICT;

CREATE TABLE tile (
    log INTEGER NOT NULL REFERENCES log (id),
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (log, level, place)
) STRICT;

-- Bodies whose leaves have not come yet.
CREATE TABLE staged (
    log INTEGER NOT NULL REFERENCES log (id),
    place INTEGER NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    body BLOB NOT NULL,
    PRIMARY KEY (log, place)
) STRICT;

-- Own indicators. An observable is one B-tree entry: its value is stored once, and streaming a kind
-- in order of value reads the table front to back. Its id is the number of its first sighting.

CREATE TABLE observable (
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

-- The digest is the SHA-256 of the JSON.
CREATE TABLE context (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    json TEXT NOT NULL
) STRICT;

-- That an observable came with a context. Later sightings have larger numbers.
CREATE TABLE sighting (
    observable INTEGER NOT NULL,
    context INTEGER NOT NULL REFERENCES context (id),
    n INTEGER NOT NULL,
    added INTEGER NOT NULL,
    PRIMARY KEY (observable, context)
) STRICT, WITHOUT ROWID;

-- The number that the next sighting gets.
CREATE TABLE counter (
    next INTEGER NOT NULL
) STRICT;

INSERT INTO counter (next) VALUES (1);

-- Totals by kind, so that nobody counts a million rows to show two numbers.
CREATE TABLE tally (
    kind INTEGER NOT NULL PRIMARY KEY,
    own INTEGER NOT NULL,
    contexts INTEGER NOT NULL
) STRICT;

-- Matching runs and what they found at both sides.

CREATE TABLE run (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    accord BLOB NOT NULL CHECK (length(accord) = 32),
    peer BLOB NOT NULL CHECK (length(peer) = 32),
    clause TEXT NOT NULL,
    initiator INTEGER NOT NULL CHECK (initiator IN (0, 1)),
    salt_seed BLOB NOT NULL CHECK (length(salt_seed) = 32),
    items INTEGER NOT NULL,
    common INTEGER
) STRICT;

CREATE INDEX run_by_accord ON run (accord, n);

CREATE TABLE matched (
    run INTEGER NOT NULL REFERENCES run (n),
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX matched_by_value ON matched (kind, value);

-- Objects released or received, and how the received ones came.

CREATE TABLE object (
    id INTEGER PRIMARY KEY,
    address BLOB NOT NULL UNIQUE CHECK (length(address) = 32),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE received (
    id INTEGER PRIMARY KEY,
    release BLOB NOT NULL CHECK (length(release) = 32),
    place INTEGER NOT NULL CHECK (place BETWEEN 0 AND 4294967295),
    object INTEGER NOT NULL REFERENCES object (id),
    accord BLOB NOT NULL CHECK (length(accord) = 32),
    sender BLOB NOT NULL CHECK (length(sender) = 32),
    clause TEXT NOT NULL,
    received INTEGER NOT NULL,
    keep_until INTEGER,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (release, place)
) STRICT;

CREATE INDEX received_by_value ON received (kind, value);
