//! Undoing and doing the defanging that keeps indicators in reports from being clicked.
//!
//! Only for plain tokens: a regular expression or a STIX pattern uses the same brackets and
//! backslashes with another meaning and must never pass through here.

use std::borrow::Cow;

use detente_core::Kind;

use crate::Observable;

/// What stands for what, tried at each position in this order. Letters match in any case.
const MARKS: [(&str, &str); 16] = [
    ("[://]", "://"),
    ("[:]//", "://"),
    ("[:]", ":"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[.", "."),
    (".]", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("[@]", "@"),
    ("(@)", "@"),
];

/// A dot behind a backslash: a defanged one, or one of a regular expression.
const ESCAPED_DOT: &str = "\\.";

/// Whether a token is a regular expression, whose `\.` is no defanged dot: other signs of regular
/// expressions stand beside it. `1\.2\.3\.4` and `http://evil\.example/a` are none, and what stands
/// in the query of a URL makes none.
pub fn is_expression(token: &str) -> bool {
    let scheme = token.find("://").unwrap_or(token.len());
    let query = token.get(scheme..).and_then(|rest| rest.find('?')).map(|at| scheme + at);
    let head = token.get(..query.unwrap_or(token.len())).unwrap_or(token);
    head.contains(ESCAPED_DOT) && !has_plain_dots(token)
}

/// Whether `\.` stands for a dot: nothing else in the token means more than itself.
fn has_plain_dots(token: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.~:/@%&=#,;!".contains(c);
    token.replace(ESCAPED_DOT, "").chars().all(plain)
}

/// Gives `evil[.]example` back its dot and `hxxps` its letters. Borrows when nothing is defanged.
///
/// ```text
/// hxxps[://]evil[.]example/a  ->  https://evil.example/a
/// bob[at]evil(dot)example     ->  bob@evil.example
/// ```
pub fn refang(token: &str) -> Cow<'_, str> {
    let marked = token.bytes().any(|b| matches!(b, b'[' | b'(' | b'{' | b'\\' | b']'));
    let scheme = scheme_length(token);
    if !marked && scheme.is_none() {
        return Cow::Borrowed(token);
    }
    let plain_dots = has_plain_dots(token);
    let mut out = String::with_capacity(token.len());
    let mut rest = token;
    if let Some((length, real)) = scheme {
        out.push_str(real);
        rest = rest.get(length..).unwrap_or("");
    }
    // An IPv6 literal in a URL keeps its brackets: no mark matches inside them but "[:]".
    while let Some(first) = rest.chars().next() {
        if let Some((mark, plain)) = MARKS.iter().find(|(mark, _)| starts_with(rest, mark)) {
            out.push_str(plain);
            rest = rest.get(mark.len()..).unwrap_or("");
        } else if plain_dots && rest.starts_with(ESCAPED_DOT) {
            rest = rest.get(1..).unwrap_or("");
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or("");
        }
    }
    if out == token { Cow::Borrowed(token) } else { Cow::Owned(out) }
}

/// Writes an observable so that no program turns it into a link: `hxxp`, `[.]`, `[@]`.
pub fn defang(observable: &Observable) -> String {
    let value = observable.value();
    match observable.kind() {
        Kind::Domain | Kind::Ipv4 | Kind::Ipv4Cidr => value.replace('.', "[.]"),
        Kind::Ipv6 | Kind::Ipv6Cidr => value.replacen(':', "[:]", 1),
        Kind::Email => value.replace('@', "[@]").replace('.', "[.]"),
        Kind::Url => defang_url(value),
        _ => value.to_owned(),
    }
}

fn defang_url(value: &str) -> String {
    let (scheme, rest) = value.split_once("://").unwrap_or(("", value));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let scheme =
        if scheme.starts_with("http") { scheme.replacen("tt", "xx", 1) } else { scheme.to_owned() };
    format!("{scheme}[://]{}{path}", host.replace('.', "[.]"))
}

/// The defanged scheme at the start: its length and what it stands for.
fn scheme_length(token: &str) -> Option<(usize, &'static str)> {
    const SCHEMES: [(&str, &str); 6] = [
        ("hxxps", "https"),
        ("hxxp", "http"),
        ("h**ps", "https"),
        ("h**p", "http"),
        ("fxps", "ftps"),
        ("fxp", "ftp"),
    ];
    let (mark, real) = SCHEMES.into_iter().find(|(mark, _)| starts_with(token, mark))?;
    let after = token.get(mark.len()..)?;
    let is_scheme = [":", "[:", "(:"].iter().any(|next| after.starts_with(next));
    is_scheme.then_some((mark.len(), real))
}

fn starts_with(text: &str, mark: &str) -> bool {
    text.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn undoes_the_usual_marks() {
        for (defanged, plain) in [
            ("hxxp://evil[.]example/a", "http://evil.example/a"),
            ("hXXps[://]evil(.)example", "https://evil.example"),
            ("hxxp[:]//evil{.}example", "http://evil.example"),
            ("evil[dot]example", "evil.example"),
            ("evil(DOT)example", "evil.example"),
            ("evil[.example", "evil.example"),
            ("bob[at]evil[.]example", "bob@evil.example"),
            ("bob[@]evil.example", "bob@evil.example"),
            ("bob(at)evil.example", "bob@evil.example"),
            (r"1\.2\.3\.4", "1.2.3.4"),
            ("1[.]2[.]3[.]4", "1.2.3.4"),
            ("2001[:]db8::1", "2001:db8::1"),
            ("http://[2001:db8::1]/", "http://[2001:db8::1]/"),
            ("hxxpd.example", "hxxpd.example"),
            ("plain.example", "plain.example"),
        ] {
            assert_eq!(refang(defanged), plain, "{defanged}");
        }
    }

    #[test]
    fn defang_and_refang_meet() {
        for text in [
            "https://u:p@evil.example:8443/a.b?c=d.e",
            "http://[2001:db8::1]/",
            "evil.example",
            "1.2.3.4",
            "10.0.0.0/8",
            "2001:db8::1",
            "a.b@evil.com",
            "d41d8cd98f00b204e9800998ecf8427e",
        ] {
            let observable = if text.contains('@') && !text.contains("://") {
                Observable::normalise(Kind::Email, text)
            } else {
                Observable::detect(text).or_else(|_| Observable::normalise(Kind::Domain, text))
            }
            .expect("a good example");
            let shown = defang(&observable);
            assert_eq!(refang(&shown), observable.value(), "{shown}");
        }
    }

    #[test]
    fn expressions_are_left_alone() {
        for text in [
            r"^evil\.example$",
            r"https?://evil\.example/.*",
            r"http://evil\.example/[a-z]+",
            r"(www\.)?evil\.example",
            r"evil\.(example|test)",
            r"\d+\.\d+\.\d+\.\d+",
        ] {
            assert_eq!(refang(text), text);
        }
        assert_eq!(refang(r"hxxp://evil\.example/a%20b"), "http://evil.example/a%20b");
        assert_eq!(refang(r"hxxp://evil[.]example/?a=\."), r"http://evil.example/?a=\.");
    }

    proptest! {
        #[test]
        fn never_panics_and_leaves_plain_text_alone(text in ".{0,200}") {
            let _ = refang(&text);
            let marked = text.contains(['[', ']', '(', '{', '\\']);
            if !marked && !text.to_lowercase().starts_with(['h', 'f']) {
                prop_assert_eq!(refang(&text), text.as_str());
            }
        }
    }
}
