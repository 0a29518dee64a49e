-- Version 4: received rows are found by their object, so that asking for one address, or whether
-- another row still needs an object's bytes, does not read all that was received.

CREATE INDEX received_by_object ON received (object, sender);
