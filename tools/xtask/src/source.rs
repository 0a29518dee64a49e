//! Rust source with what is not product code blanked out.
//!
//! Is: a small scanner that knows comments, string and character literals and `#[cfg(test)]` items,
//! and replaces them by spaces, so that a rule which looks for a word does not find it in prose.
//! Is not: a parser; a macro that builds code from strings escapes it.

const TEST_MARK: &str = "#[cfg(test)]";

/// One `.rs` file in three forms; all three have the same lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path in the tree.
    pub path: String,
    /// As it stands.
    pub text: String,
    /// Without comments and without the contents of literals.
    pub code: String,
    /// `code` without `#[cfg(test)]` items; empty for a test file.
    pub product: String,
    /// Whether the whole file is test code, by its path or by how it is declared.
    pub is_test: bool,
}

impl Source {
    /// Scans one file.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank_literals(text);
        let is_test = is_test_path(path);
        let product = if is_test { String::new() } else { blank_tests(&code) };
        Self { path: path.to_owned(), text: text.to_owned(), code, product, is_test }
    }
}

/// Marks what a `#[cfg(test)] mod name;` of another file makes a test, with all below it.
pub fn mark_test_modules(sources: &mut [Source]) {
    let stems: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            let folder = module_folder(&source.path);
            test_modules(&source.code).map(move |name| format!("{folder}{name}"))
        })
        .collect();
    for source in sources {
        let below = |stem: &String| {
            source.path.strip_prefix(stem.as_str()).is_some_and(|rest| rest.starts_with(['.', '/']))
        };
        if stems.iter().any(below) {
            source.is_test = true;
            source.product.clear();
        }
    }
}

/// The folder, with a slash, in which the child modules of a file stand.
fn module_folder(path: &str) -> String {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    match name {
        "lib" | "main" | "mod" => format!("{folder}/"),
        _ => format!("{stem}/"),
    }
}

/// Names of the modules that are declared for tests alone.
fn test_modules(code: &str) -> impl Iterator<Item = &str> {
    code.split(TEST_MARK).skip(1).filter_map(|rest| {
        let declaration = rest.split([';', '{']).next()?;
        let (_, name) = declaration.rsplit_once("mod ")?;
        rest.get(declaration.len()..)?.starts_with(';').then_some(name.trim())
    })
}

/// Whether a path belongs to tests alone: `tests.rs`, `*_tests.rs`, or in a folder `tests`.
#[must_use]
pub fn is_test_path(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    file == "tests.rs" || file.ends_with("_tests.rs") || parts.contains(&"tests")
}

/// Numbered lines (from 1) of `code` in which `word` stands, not as a part of a longer name.
#[must_use]
pub fn lines_with_word(code: &str, word: &str) -> Vec<usize> {
    let hit = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            let joins = |c: Option<char>, edge: Option<char>| {
                edge.is_some_and(is_name) && c.is_some_and(is_name)
            };
            !joins(before, word.chars().next()) && !joins(after, word.chars().next_back())
        })
    };
    code.lines().enumerate().filter(|(_, line)| hit(line)).map(|(i, _)| i + 1).collect()
}

/// The number of the line (from 1) on which byte `at` stands.
#[must_use]
pub fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&b| b == b'\n').count() + 1
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Replaces comments and the contents of literals by spaces; line breaks stay.
fn blank_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    let starts_name = at == 0 || !is_name(chars[at - 1]);
    match chars[at] {
        '/' if next == Some('/') => find(chars, at, |c| c == '\n'),
        '/' if next == Some('*') => block_comment_end(chars, at),
        '"' => string_end(chars, at + 1),
        'r' if starts_name => raw_string_end(chars, at + 1).unwrap_or(at),
        'b' | 'c' if starts_name && next == Some('r') => {
            raw_string_end(chars, at + 2).unwrap_or(at)
        }
        '\'' => char_end(chars, at),
        _ => at,
    }
}

fn find(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|&i| stop(chars[i])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// `at` stands after the opening quote.
fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '"' => return at + 1,
            '\\' => at += 2,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `at` stands after the `r`; `None` when what follows is no raw string (a name, `r#type`).
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let open = find(chars, at, |c| c != '#');
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let hashes = open - at;
    let closes = |i: usize| {
        chars[i] == '"'
            && chars[i + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    let close = (open + 1..chars.len()).find(|&i| closes(i));
    Some(close.map_or(chars.len(), |i| i + 1 + hashes))
}

/// A quote opens a character literal or a lifetime; only the former is blanked.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        // The escaped character may itself be a quote, so the closing one is looked for behind it.
        (Some('\\'), _) => (find(chars, at + 3, |c| c == '\'') + 1).min(chars.len()),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// Replaces each item under `#[cfg(test)]` by spaces.
fn blank_tests(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(TEST_MARK) {
        out.push_str(&rest[..start]);
        let end = start + TEST_MARK.len() + item_len(&rest[start + TEST_MARK.len()..]);
        out.extend(rest[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Bytes up to the end of the first item: its `;` or the brace that closes its body.
fn item_len(code: &str) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, c) in code.char_indices() {
        match c {
            '[' | '(' => others += 1,
            ']' | ')' => others = others.saturating_sub(1),
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return at + 1;
                }
            }
            ';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests;
