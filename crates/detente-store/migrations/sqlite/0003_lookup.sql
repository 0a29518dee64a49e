-- Version 3: look-ups.

-- A key under which own observables were evaluated. The scope is an accord's clause; the name says
-- which key, and is none itself.
CREATE TABLE evaluation (
    id INTEGER PRIMARY KEY,
    scope BLOB NOT NULL CHECK (length(scope) = 32),
    name BLOB NOT NULL CHECK (length(name) = 32),
    UNIQUE (scope, name)
) STRICT;

-- The value of an observable under such a key: 64 bits as a signed number.
CREATE TABLE evaluated (
    evaluation INTEGER NOT NULL REFERENCES evaluation (id),
    observable INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (evaluation, observable)
) STRICT, WITHOUT ROWID;

-- Filters, own and fetched. The name is the digest once the filter is whole.
CREATE TABLE filter (
    id INTEGER PRIMARY KEY,
    scope BLOB NOT NULL CHECK (length(scope) = 32),
    name BLOB NOT NULL CHECK (length(name) = 32),
    items INTEGER NOT NULL,
    held INTEGER NOT NULL CHECK (held >= 0),
    whole INTEGER NOT NULL CHECK (whole IN (0, 1)),
    UNIQUE (scope, name)
) STRICT;

CREATE TABLE bucket (
    filter INTEGER NOT NULL REFERENCES filter (id),
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (filter, number)
) STRICT;

-- What leads from one filter of a scope to the next. Later updates have larger numbers.
CREATE TABLE filter_update (
    id INTEGER PRIMARY KEY,
    scope BLOB NOT NULL CHECK (length(scope) = 32),
    start BLOB NOT NULL CHECK (length(start) = 32),
    goal BLOB NOT NULL CHECK (length(goal) = 32),
    bytes BLOB NOT NULL,
    UNIQUE (scope, start)
) STRICT;

-- What the queries of this home asked, in the order of their commitments.
CREATE TABLE asked (
    run BLOB NOT NULL CHECK (length(run) = 32),
    place INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;
