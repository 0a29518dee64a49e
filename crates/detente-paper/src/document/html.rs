//! Documents as HTML: one page with its style, for screen and paper; no script, nothing from
//! outside.

use std::fmt::Write as _;

use detente_core::Digest;

use super::page::{Block, Page};
use super::{Carried, DOCUMENT_VERSION, DocumentFault, Out};

/// How every page begins.
pub(super) const BEGINS: &str = "<!doctype html>\n";

/// What stands before the text: version, digest, end of the tag.
const SOURCE: [&str; 3] =
    ["<pre id=\"detente-text\" data-version=\"", "\" data-sha256=\"", "\">\n"];
const SOURCE_END: &str = "</pre>\n";

const STYLE: &str = "
body { font-family: serif; line-height: 1.45; max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1, h2, h3, h4 { font-family: sans-serif; line-height: 1.2; break-after: avoid; }
h2 { margin-top: 2em; border-bottom: 1px solid; }
table { border-collapse: collapse; margin: 0.5em 0; font-size: 0.9em; }
th, td { text-align: left; vertical-align: top; padding: 0.15em 1em 0.15em 0; }
td { overflow-wrap: anywhere; }
.texts { display: grid; grid-template-columns: repeat(auto-fit, minmax(16em, 1fr)); gap: 0 2em; }
.tag { font-family: sans-serif; font-size: 0.8em; }
.sign { break-inside: avoid; margin: 2em 0; }
.sign p { border-bottom: 1px dotted; margin: 1.8em 0 0; max-width: 30em; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.8em; }
del { background: #fdd; } ins { background: #dfd; text-decoration: underline; }
@page { size: A4; margin: 20mm; }
@media print { body { max-width: none; margin: 0; padding: 0; } .source { break-before: page; } }
@media (prefers-color-scheme: dark) { del { background: #622; } ins { background: #252; } }
";

/// Text as it may stand in an element or an attribute. A carriage return would be lost by browsers.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\r' => escaped.push_str("&#13;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// What [`escape`] was given; none if it could not have written this.
fn unescape(text: &str) -> Option<String> {
    const ENTITIES: [(&str, char); 6] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&#13;", '\r'),
    ];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'', '\r']) {
        let (before, entity) = rest.split_at(at);
        plain.push_str(before);
        let (name, c) = ENTITIES.iter().find(|(name, _)| entity.starts_with(name))?;
        plain.push(*c);
        rest = entity.get(name.len()..)?;
    }
    plain.push_str(rest);
    Some(plain)
}

/// The head of a page in this language.
pub(super) fn begin(out: &mut Out, language: &str, title: &str) {
    out.push(BEGINS);
    out.line(&format!("<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">", escape(language)));
    out.line(
        "<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">",
    );
    out.line("<meta name=\"viewport\" content=\"width=device-width\">");
    let title = escape(title);
    out.line(&format!("<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>"));
    out.line(&format!("<h1 dir=\"auto\">{title}</h1>"));
}

pub(super) fn write(page: &Page, text: &str, out: &mut Out) {
    begin(out, page.labels.tag, &page.title);
    for block in &page.blocks {
        write_block(block, out);
    }
    out.line("<section class=\"source\">");
    out.line(&format!("<h2>{}</h2>", escape(page.labels.source)));
    out.line(&format!("<p>{}</p>", escape(page.labels.source_note)));
    let [open, middle, close] = SOURCE;
    out.push(&format!("{open}{DOCUMENT_VERSION}{middle}{}{close}", page.digest));
    out.push(&escape(text));
    out.push(SOURCE_END);
    out.line("</section>\n</body>\n</html>");
}

fn write_block(block: &Block, out: &mut Out) {
    match block {
        Block::Heading(level, words) => {
            out.line(&format!("<h{level} dir=\"auto\">{}</h{level}>", escape(words)));
        }
        Block::Facts(facts) => {
            out.line("<table>");
            for (label, value) in facts {
                let (label, value) = (escape(label), escape(value));
                out.line(&format!("<tr><th>{label}</th><td dir=\"auto\">{value}</td></tr>"));
            }
            out.line("</table>");
        }
        Block::Table(head, rows) => {
            let cells = |tag: &str, cells: &[String]| -> String {
                cells.iter().fold(String::new(), |mut row, cell| {
                    let _ = write!(row, "<{tag} dir=\"auto\">{}</{tag}>", escape(cell));
                    row
                })
            };
            out.line(&format!("<table>\n<tr>{}</tr>", cells("th", head)));
            for row in rows {
                out.line(&format!("<tr>{}</tr>", cells("td", row)));
            }
            out.line("</table>");
        }
        Block::Texts(texts) => {
            out.line("<div class=\"texts\">");
            for (language, text) in texts {
                let (tag, text) = (escape(language), escape(text));
                out.push(&format!("<p lang=\"{tag}\" dir=\"auto\">"));
                out.line(&format!("<span class=\"tag\">{tag}</span> {text}</p>"));
            }
            out.line("</div>");
        }
        Block::Signature(who, blanks) => {
            out.line(&format!("<div class=\"sign\">\n<div>{}</div>", escape(who)));
            for blank in blanks {
                out.line(&format!("<p>{}:</p>", escape(blank)));
            }
            out.line("</div>");
        }
    }
}

/// The text in a page. The readable part has no such tag: there `<` is escaped.
pub(super) fn carried(document: &str) -> Result<Carried, DocumentFault> {
    let [open, middle, close] = SOURCE;
    let (_, rest) = document.split_once(open).ok_or(DocumentFault::NoText)?;
    let (version, rest) = rest.split_once(middle).ok_or(DocumentFault::NoText)?;
    if version != DOCUMENT_VERSION.to_string() {
        return Err(DocumentFault::OtherVersion(super::shortened(version)));
    }
    let (digest, rest) = rest.split_once(close).ok_or(DocumentFault::NoText)?;
    let says: Digest = digest.parse().map_err(|_| DocumentFault::NoText)?;
    let (text, _) = rest.split_once(SOURCE_END).ok_or(DocumentFault::NoText)?;
    let text = unescape(text).ok_or(DocumentFault::NoText)?;
    Ok(Carried { text, says })
}
