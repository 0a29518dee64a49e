//! Generated indicators: from address ranges and names that are set apart for tests, and labelled
//! as generated. Who runs the demo twice gets the same.

use detente_core::Digest;

/// The indicators that one side holds, by their numbers.
pub struct Holding {
    /// First number.
    pub from: u32,
    /// One past the last.
    pub upto: u32,
}

/// What Alpha holds.
pub const ALPHA: Holding = Holding { from: 0, upto: 12_000 };
/// What Beta holds.
pub const BETA: Holding = Holding { from: 10_000, upto: 18_000 };

/// A CSV file with the side's indicators, in an order of its own.
pub fn csv(holding: &Holding, side: &str) -> String {
    let mut text = String::from("type,value,tlp,label,comment\n");
    let count = holding.upto - holding.from;
    for step in 0..count {
        // 7,919 is prime and divides no count here, so this visits every number once.
        let place = u64::from(step) * 7_919 % u64::from(count);
        let number = holding.from + u32::try_from(place).unwrap_or(0);
        let (kind, value) = observable(number);
        let (tlp, label) = marking(number);
        text.push_str(&format!(
            "{kind},{value},{tlp},{label},\"generated for the demo, held by {side}\"\n"
        ));
    }
    text
}

/// Kind and value of a number.
pub fn observable(number: u32) -> (&'static str, String) {
    match number % 10 {
        // 198.18.0.0/15 is set apart for benchmarks (RFC 2544).
        0..=5 => {
            let bytes = (0xc612_0000u32 + number).to_be_bytes();
            ("ipv4", format!("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]))
        }
        // .test is set apart for tests (RFC 6761).
        6..=8 => ("domain", format!("host-{number}.generated.test")),
        _ => ("sha256", Digest::of("detente/demo", &[&number.to_be_bytes()]).to_string()),
    }
}

/// Marking and label: most may leave under the demo's accord, some may not.
fn marking(number: u32) -> (&'static str, &'static str) {
    match number / 10 % 20 {
        0 => ("TLP:RED", "generated"),
        1 => ("TLP:AMBER+STRICT", "generated"),
        2 => ("", "generated"),
        3 => ("TLP:AMBER", "victim"),
        4..=8 => ("TLP:AMBER", "generated"),
        9..=14 => ("TLP:GREEN", "generated"),
        _ => ("TLP:CLEAR", "generated"),
    }
}

/// Whether a number may show in a run: what is red, and what clause 3 of the accord forbids to
/// leave, enters none.
pub fn may_show(number: u32) -> bool {
    let (tlp, label) = marking(number);
    tlp != "TLP:RED" && label != "victim"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALPHA, BETA, csv};

    #[test]
    fn each_side_holds_each_of_its_numbers_once() {
        for holding in [&ALPHA, &BETA] {
            let text = csv(holding, "x");
            let values: BTreeSet<&str> =
                text.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
            assert_eq!(values.len(), (holding.upto - holding.from) as usize);
        }
    }
}
