-- Version 5: sightings, observables and received rows are found by their numbers, so that what has
-- come since a moment is found without reading everything.

CREATE INDEX sighting_by_n ON sighting (n);
CREATE UNIQUE INDEX observable_by_id ON observable (id);

-- What came from a party under an accord, in the order in which it came; how many may be kept is
-- counted without reading the rows.
CREATE INDEX received_by_sender ON received (accord, sender, id, keep_until, received);
