-- Version 7: the words of contexts are read after the contexts, many at once, when somebody asks
-- for words or has time: entered one by one they took twice as long as everything else. Words are
-- those of detente-intel; the tokenizer finds no others in them. Which contexts have a word is
-- kept, and not where in them it stands.

DROP TRIGGER context_is_read;
DROP TABLE context_words;

CREATE VIRTUAL TABLE context_words USING fts5 (
    words, content = '', detail = none, tokenize = 'ascii'
);

-- Contexts up to this one have been read.
CREATE TABLE words_reached (
    context INTEGER NOT NULL
) STRICT;

INSERT INTO words_reached (context) VALUES (0);
