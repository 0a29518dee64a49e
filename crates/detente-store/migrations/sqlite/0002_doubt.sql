-- Version 2: what makes an own log look like an old copy.

-- Parties that hold another or a longer log of ours than is here; the row goes when they agree.

CREATE TABLE doubt (
    accord BLOB NOT NULL CHECK (length(accord) = 32),
    party BLOB NOT NULL CHECK (length(party) = 32),
    words TEXT NOT NULL,
    PRIMARY KEY (accord, party)
) STRICT, WITHOUT ROWID;
