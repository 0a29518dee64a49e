//! The difference of two texts as Markdown and HTML: what went is struck out, what came is
//! underlined.

use super::{DocumentFault, DocumentFormat, Out, html, markdown};
use crate::redline::{ChangeKind, Edit, FieldChange, Redline};

/// What the two texts are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedlineNames<'a> {
    /// The old one.
    pub old: &'a str,
    /// The new one.
    pub new: &'a str,
}

/// Writes a difference as a page of its own.
///
/// # Errors
/// [`DocumentFault::TooLong`].
pub fn write_redline(
    redline: &Redline,
    names: RedlineNames<'_>,
    format: DocumentFormat,
) -> Result<String, DocumentFault> {
    let mut out = Out::default();
    let title = format!("{} \u{2192} {}", names.old, names.new);
    let is_html = format == DocumentFormat::Html;
    let escape = if is_html { html::escape } else { markdown::escape };
    if is_html {
        html::begin(&mut out, "en", &title);
    } else {
        out.line(&format!("# {}", escape(&title)));
    }
    for unit in &redline.units {
        let moved = if unit.moved && unit.kind != ChangeKind::Moved { ", moved" } else { "" };
        let heading = escape(&format!("{}: {}{moved}", unit.unit, unit.kind.name()));
        if is_html {
            out.line(&format!("<h2 dir=\"auto\">{heading}</h2>"));
        } else {
            out.line(&format!("\n## {heading}"));
        }
        for field in &unit.fields {
            let path = escape(&field.path);
            let words = words(field, escape);
            if is_html {
                out.line(&format!("<p dir=\"auto\"><span class=\"tag\">{path}</span> {words}</p>"));
            } else {
                out.line(&format!("\n**{path}** {words}"));
            }
        }
    }
    let same = format!("{} units are the same.", redline.same);
    if is_html {
        out.line(&format!("<p>{same}</p>\n</body>\n</html>"));
    } else {
        out.line(&format!("\n{same}"));
    }
    out.done()
}

/// The words of a field; `<del>` and `<ins>` mean the same in Markdown.
fn words(field: &FieldChange, escape: fn(&str) -> String) -> String {
    let words = field.edits.iter().map(|edit| match edit {
        Edit::Added(words) => format!("<ins>{}</ins>", escape(words)),
        Edit::Removed(words) => format!("<del>{}</del>", escape(words)),
        Edit::Same(words) => escape(words),
    });
    words.collect::<Vec<_>>().join(" ")
}
