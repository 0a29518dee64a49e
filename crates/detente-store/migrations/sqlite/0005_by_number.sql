-- Version 5: sightings and observables are found by their numbers, so that what has come since a
-- moment is found without reading the whole list.

CREATE INDEX sighting_by_n ON sighting (n);
CREATE UNIQUE INDEX observable_by_id ON observable (id);
