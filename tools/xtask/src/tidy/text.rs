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
        let ending = path.rsplit_once('.').map(|(_, ending)| ending);
        let data = path.starts_with("vectors/") || path.contains("/data/");
        !data && (NAMED.contains(path) || ending.is_some_and(|ending| ENDINGS.contains(&ending)))
    })
}

/// Lines fit a screen; tables and addresses cannot be broken and may be longer.
pub(super) fn check_columns(house: &House) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in texts(house).filter(|(path, _)| !path.ends_with(".txt")) {
        for (i, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            let table = path.ends_with(".md") && line.trim_start().starts_with('|');
            if columns > MAX_COLUMNS && !table && !line.contains("https://") {
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
            found.push((
                path.to_owned(),
                0,
                "the file must end with one line break".to_owned(),
            ));
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
            for (i, line) in text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.contains(&word))
            {
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
        [before, after]
            .iter()
            .flatten()
            .any(|c| c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_caught, assert_clean};
    use super::BANNED;

    const PAGE: &str = "docs/page.md";

    #[test]
    fn a_wide_line_is_caught() {
        let wide = |lead: &str| format!("{lead}{}\n", "ä".repeat(101 - lead.len()));
        assert_clean(&[(PAGE, &wide("").replacen('ä', "", 1))]);
        assert_caught(&[(PAGE, &wide(""))], "columns", PAGE, 1);
        assert_clean(&[(PAGE, &wide("| "))]);
        assert_clean(&[(PAGE, &wide("see https://a.example/"))]);
        let path = "crates/detente-core/src/lib.rs";
        assert_caught(&[(path, &wide("//! "))], "columns", path, 1);
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
        assert_clean(&[
            ("tests/it/data/list.txt", "a\t \n\n"),
            ("vectors/a.txt", "a "),
        ]);
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
