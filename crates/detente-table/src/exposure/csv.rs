//! The table as CSV (RFC 4180): one line a region, the values of an axis joined by a bar, `*` for
//! every value.

use super::{DifferenceReport, ExposureReport, RegionReport};

/// The open regions of a text.
pub fn exposure_csv(report: &ExposureReport) -> String {
    let mut lines = vec![head("clauses,forms")];
    lines.extend(report.regions.iter().map(|region| {
        // What a clause takes out is joined by a plus.
        let forms: Vec<String> = region.forms.iter().map(|form| form.join("+")).collect();
        line(region, &format!("{},{}", joined(&region.clauses), joined(&forms)))
    }));
    lines.concat()
}

/// The regions that a change opens or closes.
pub fn difference_csv(report: &DifferenceReport) -> String {
    let mut lines = vec![head("clauses,turn")];
    lines.extend(report.regions.iter().map(|turned| {
        let more = format!("{},{}", joined(&turned.region.clauses), turned.turn);
        line(&turned.region, &more)
    }));
    lines.concat()
}

const AXES: &str =
    "direction,object,tlp,pap,matched,category,threat_origin,purpose,releasable,label";

fn head(more: &str) -> String {
    format!("{AXES},{more},cells\r\n")
}

fn line(region: &RegionReport, more: &str) -> String {
    let values = region.axes().map(|(_, values)| match values {
        None => "*".to_owned(),
        Some(values) => joined(values),
    });
    format!("{},{more},{}\r\n", values.join(","), region.cells)
}

/// One field. What a table program would take for a formula gets an apostrophe in front.
fn joined(values: &[String]) -> String {
    let text = values.join("|");
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fields_are_quoted_and_start_no_formula() {
        let joined = |text: &str| super::joined(&[text.to_owned()]);
        assert_eq!(joined("domain"), "domain");
        assert_eq!(joined("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(joined("=1+1"), "'=1+1");
        assert_eq!(super::joined(&["a".to_owned(), "b".to_owned()]), "a|b");
        let axes: Vec<&str> = super::AXES.split(',').collect();
        assert_eq!(axes, detente_gate::Axis::ALL.map(detente_gate::Axis::name));
    }
}
