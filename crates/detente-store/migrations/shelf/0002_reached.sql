-- Version 2: how far a collection that is a view has been brought.

CREATE TABLE reached (
    name TEXT NOT NULL PRIMARY KEY,
    moment INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
