-- Version 6: contexts are found by the words in them. What has several sightings is one context, so
-- this grows with what is said, not with how often.

CREATE VIRTUAL TABLE context_words USING fts5 (
    words, content = '', tokenize = "unicode61 remove_diacritics 2"
);

INSERT INTO context_words (rowid, words)
SELECT id, (SELECT group_concat(atom, ' ') FROM json_tree(json) WHERE type = 'text') FROM context;

CREATE TRIGGER context_is_read AFTER INSERT ON context BEGIN
    INSERT INTO context_words (rowid, words)
    VALUES (
        new.id,
        (SELECT group_concat(atom, ' ') FROM json_tree(new.json) WHERE type = 'text')
    );
END;

CREATE INDEX sighting_by_context ON sighting (context, n);
