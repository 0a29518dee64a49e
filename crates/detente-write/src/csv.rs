//! CSV by RFC 4180, with a header whose names our own reader knows.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a
//! formula. Such a cell, and one that begins with an apostrophe, gets an apostrophe in front: who
//! reads the file takes one leading apostrophe off a cell that has one.

use std::io::Write;

use crate::Reason;
use crate::export::{Put, WriteFault, Writer};
use crate::handling::beside_colour;
use crate::handling::plain_label;
use crate::screen::Item;
use crate::text::rfc3339;

const HEADER: &str = "type,value,tlp,marking,markings,labels,description,confidence,first_seen,\
                      last_seen,valid_from,valid_until,source,id\r\n";

pub(crate) struct Csv;

impl Writer for Csv {
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(out.write_all(HEADER.as_bytes())?)
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        let Some(cells) = cells(item) else {
            return Ok(Err(Reason::TimeOutOfRange));
        };
        let record: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        out.write_all(record.join(",").as_bytes())?;
        out.write_all(b"\r\n")?;
        Ok(Ok(()))
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }
}

/// The cells of one record, unless a time cannot be written.
fn cells(item: &Item<'_>) -> Option<[String; 14]> {
    let context = item.context();
    let mut handling = beside_colour(item.markings()).into_iter();
    let marking = handling.next().unwrap_or("").to_owned();
    let rest: Vec<&str> = handling.collect();
    // A reader takes a cell for one text. Several in one must be read as none of them alone: what
    // is not understood is closed.
    let markings = match rest.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        several => format!("several: {}", several.join("; ")),
    };
    let labels: Vec<String> =
        context.labels.iter().map(|label| plain_label(&label.replace(',', " "))).collect();
    let time = |time: Option<i64>| time.map_or(Some(String::new()), rfc3339);
    Some([
        item.kind().name().to_owned(),
        item.value().to_owned(),
        item.tlp.to_string(),
        marking,
        markings,
        labels.join(","),
        context.description.clone().unwrap_or_default(),
        context.confidence.map(|confidence| confidence.to_string()).unwrap_or_default(),
        time(context.first_seen)?,
        time(context.last_seen)?,
        time(context.valid_from)?,
        time(context.valid_until)?,
        context.source.clone(),
        context.origin.clone().unwrap_or_default(),
    ])
}

/// A cell as it is written.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) { "'" } else { "" };
    let needs = cell.contains(['"', ',', '\r', '\n']);
    if needs {
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    } else {
        format!("{guard}{cell}")
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn cells_are_quoted_and_no_formula() {
        for (cell, written) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\nb", "\"a\nb\""),
            ("=1+1", "'=1+1"),
            ("-a-.blogspot.com", "'-a-.blogspot.com"),
            ("@SUM(1,2)", "\"'@SUM(1,2)\""),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("'x", "''x"),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
