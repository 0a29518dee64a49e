-- Version 5: what accounts brought and the own list has not taken in yet.
--
-- A row for what came together. `objects` says of each the moment since which it lies on the shelf
-- (8 bytes, signed, lowest first) and how close it is held (1). Numbers are not used again: who
-- takes rows away names the last of them.

CREATE TABLE brought (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    collection INTEGER NOT NULL,
    objects BLOB NOT NULL
) STRICT;
