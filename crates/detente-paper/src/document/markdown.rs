//! Documents as Markdown: CommonMark 0.31 with the tables of GitHub's flavour.

use super::page::{Block, Page};
use super::{Carried, DOCUMENT_VERSION, DocumentFault, Out};

/// What stands before the text: version, digest, length, end.
const SOURCE: [&str; 4] = ["<!-- detente-text ", " sha256=", " bytes=", " -->\n"];
/// Most digits of a length.
const MAX_DIGITS: usize = 8;

/// Text as it may stand within a line: no sign of it is Markdown or HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            // A line end would end the paragraph, the row or the heading.
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '|' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

pub(super) fn write(page: &Page, text: &str, out: &mut Out) {
    out.line(&format!("# {}\n", escape(&page.title)));
    for block in &page.blocks {
        write_block(block, out);
        out.line("");
    }
    out.line(&format!("## {}\n\n{}\n", escape(page.labels.source), page.labels.source_note));
    let [open, digest, bytes, close] = SOURCE;
    let length = text.len();
    out.push(&format!("{open}{DOCUMENT_VERSION}{digest}{}{bytes}{length}{close}", page.digest));
    let fence = fence(text);
    out.line(&format!("{fence}toml"));
    out.push(text);
    if !text.ends_with('\n') {
        out.push("\n");
    }
    out.line(&fence);
}

/// A row of backticks longer than any in the text.
fn fence(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}

fn write_block(block: &Block, out: &mut Out) {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("| {} |", cells.join(" | "))
    };
    match block {
        Block::Heading(level, words) => {
            out.line(&format!("{} {}", "#".repeat(usize::from(*level)), escape(words)));
        }
        Block::Facts(facts) => {
            out.line("| | |\n| --- | --- |");
            for (label, value) in facts {
                out.line(&row(&[label.clone(), value.clone()]));
            }
        }
        Block::Table(head, rows) => {
            out.line(&row(head));
            out.line(&format!("|{}", " --- |".repeat(head.len())));
            for cells in rows {
                out.line(&row(cells));
            }
        }
        Block::Texts(texts) => {
            for (at, (language, text)) in texts.iter().enumerate() {
                if at > 0 {
                    out.line("");
                }
                out.line(&format!("**{}** {}", escape(language), escape(text)));
            }
        }
        Block::Signature(who, blanks) => {
            out.line(&escape(who));
            for blank in blanks {
                out.line(&format!("\n{}: {}", escape(blank), "\\_".repeat(30)));
            }
        }
    }
}

/// The text in a document. The readable part has no such comment: there `<` is escaped.
pub(super) fn carried(document: &str) -> Result<Carried, DocumentFault> {
    let [open, digest, bytes, close] = SOURCE;
    let (_, rest) = document.split_once(open).ok_or(DocumentFault::NoText)?;
    let (version, rest) = rest.split_once(digest).ok_or(DocumentFault::NoText)?;
    if version != DOCUMENT_VERSION.to_string() {
        return Err(DocumentFault::OtherVersion(super::shortened(version)));
    }
    let (says, rest) = rest.split_once(bytes).ok_or(DocumentFault::NoText)?;
    let says = says.parse().map_err(|_| DocumentFault::NoText)?;
    let (length, rest) = rest.split_once(close).ok_or(DocumentFault::NoText)?;
    let length = Some(length).filter(|digits| digits.len() <= MAX_DIGITS);
    let length: usize = length.and_then(|l| l.parse().ok()).ok_or(DocumentFault::NoText)?;
    let (_, rest) = rest.split_once('\n').ok_or(DocumentFault::NoText)?;
    let text = rest.get(..length).ok_or(DocumentFault::NoText)?.to_owned();
    Ok(Carried { text, says })
}
