//! Rules for every text in the repository: width, blanks, words.
//!
//! Data is left out: vectors, lock files, licences, and files without one of the known endings.

use crate::house::House;

use super::Finding;

/// Columns of one line, in characters.
const MAX_COLUMNS: usize = 100;

const ENDINGS: &[&str] = &[
    "css", "go", "html", "js", "md", "mod", "py", "rs", "sh", "sql", "toml", "txt", "yaml", "yml",
];

/// Endings of programs, whose lines are bounded. Pages and accords are prose: editors wrap them.
const PROGRAMS: &[&str] = &["css", "go", "js", "py", "rs", "sh", "sql"];

/// Texts without an ending.
const NAMED: &[&str] = &[".ci/run", ".gitignore", "test"];

/// Words that must not stand, in two halves so that this file does not hold them itself.
const BANNED: &[(&str, &str, &str)] = &[
    ("TO", "DO", "finish it or open an issue"),
    ("FIX", "ME", "mend it or open an issue"),
    ("todo", "!(", "write it"),
    ("unimplemented", "!(", "write it"),
    ("#[igno", "re", "a test that does not run proves nothing"),
    ("/wo", "rk/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
];

fn texts(house: &House) -> impl Iterator<Item = (&str, &str)> {
    house.tree().texts().filter(|(path, _)| {
        let data = ["vectors/", "fuzz/seeds/"].iter().any(|folder| path.starts_with(folder));
        !data && !path.contains("/data/") && has_ending(path, ENDINGS)
    })
}

/// Whether the file ends so, or is one of those without an ending.
fn has_ending(path: &str, endings: &[&str]) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    NAMED.contains(&path) || ending.is_some_and(|ending| endings.contains(&ending))
}

/// Lines of programs fit a screen; an address cannot be broken and may be longer.
pub(super) fn check_columns(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in texts(house).filter(|(path, _)| has_ending(path, PROGRAMS)) {
        // What a test quotes may be wide; what it says in code may not.
        let quoting = house.sources().iter().find(|source| source.is_test && source.path == path);
        let text = quoting.map_or(text, |source| source.code.as_str());
        for (i, line) in text.lines().enumerate() {
            let columns = match quoting {
                Some(_) => line.split_whitespace().map(|word| word.chars().count() + 1).sum(),
                None => line.chars().count(),
            };
            if columns > MAX_COLUMNS && !line.contains("https://") {
                let message = format!("{columns} columns, at most {MAX_COLUMNS}");
                found.push((path.to_owned(), i + 1, message));
            }
        }
    }
    found
}

/// Blanks are spaces, between words; the last line ends like the others.
pub(super) fn check_blanks(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in texts(house) {
        // The Go formatter indents by tabs.
        let tabs = path.ends_with(".go") || path.ends_with(".mod");
        for (i, line) in text.split('\n').enumerate() {
            let mut say = |message: &str| found.push((path.to_owned(), i + 1, message.to_owned()));
            if !tabs && line.contains('\t') {
                say("a tab: use spaces");
            }
            if line.ends_with([' ', '\r']) {
                say("a blank at the end of the line");
            }
        }
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            found.push((path.to_owned(), 0, "the file must end with one line break".to_owned()));
        }
    }
    found
}

/// Nothing is left for later, and nothing tells of one machine.
pub(super) fn check_words(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in texts(house) {
        for (head, tail, instead) in BANNED {
            let word = format!("{head}{tail}");
            for (i, line) in text.lines().enumerate().filter(|(_, line)| line.contains(&word)) {
                // A longer word in capitals that holds the mark is another word.
                let part = word.bytes().all(|b| b.is_ascii_uppercase()) && is_part(line, &word);
                if !part {
                    found.push((
                        path.to_owned(),
                        i + 1,
                        format!("{word} must not stand: {instead}"),
                    ));
                }
            }
        }
    }
    found
}

/// Whether `word` stands in `line` only inside longer words.
fn is_part(line: &str, word: &str) -> bool {
    line.match_indices(word).all(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        [before, after].iter().flatten().any(|c| c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_caught, assert_clean};
    use super::BANNED;

    const PAGE: &str = "docs/page.md";

    #[test]
    fn a_wide_line_is_caught() {
        let wide = |lead: &str, columns: usize| {
            format!("{lead}{}\n", "ä".repeat(columns - lead.chars().count()))
        };
        for (path, lead) in [("crates/detente-core/src/lib.rs", "//! "), ("test", "# ")] {
            assert_clean(&[(path, &wide(lead, 100))]);
            assert_caught(&[(path, &wide(lead, 101))], "columns", path, 1);
            assert_clean(&[(path, &wide(&format!("{lead}https://a.example/"), 101))]);
        }
        assert_clean(&[(PAGE, &wide("", 101))]);
        let test = "tests/it/main.rs";
        let quote = format!("fn f() {{}}\nconst A: &str = r\"{}\";\n", wide("x", 101));
        assert_clean(&[(test, &quote)]);
        assert_clean(&[(test, &format!("fn f() {{ g({:?}) }}\n", "x".repeat(100)))]);
        assert_caught(&[(test, &wide("fn ", 101))], "columns", test, 1);
    }

    #[test]
    fn blanks_are_caught() {
        for text in ["a\tb\n", "a \n", "a\r\n"] {
            assert_caught(&[(PAGE, text)], "blanks", PAGE, 1);
        }
        for text in ["a", "a\n\n"] {
            assert_caught(&[(PAGE, text)], "blanks", PAGE, 0);
        }
        assert_clean(&[("tests/foreign/a.go", "func f() {\n\tg()\n}\n")]);
        assert_clean(&[("tests/it/data/list.txt", "a\t \n\n"), ("vectors/a.txt", "a ")]);
    }

    #[test]
    fn words_are_caught() {
        for (head, tail, _) in BANNED {
            for path in [PAGE, "test", "tests/it/x.py"] {
                let text = format!("x\ny {head}{tail} z\n");
                assert_caught(&[(path, &text)], "words", path, 2);
            }
        }
        let longer = format!("MAS{}{}\n", "TO", "DONT");
        assert_clean(&[(PAGE, &longer)]);
    }
}
