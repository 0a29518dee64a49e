//! The target of detente-write: indicators with texts from anywhere, in every format.
//!
//! The consumers of these files act on each line, so a text must never become a line, a cell, a
//! rule or an attribute of its own, and nothing more closed than the ceiling may leave.

use detente_core::{Tlp, UnixSeconds};
use detente_intel::Indicator;
use detente_write::{
    Action, Entered, Export, Format, Meta, Options, Outcome, Policy, StixObjects, WriteFault,
};

use crate::Target;

mod decode;
mod laws;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] =
    &[Target { name: "write_export", run: write_export, seeds: decode::seeds }];

/// What one export wrote.
struct Written<'i> {
    options: Options,
    text: String,
    /// The indicators that are in it.
    indicators: Vec<&'i Indicator>,
}

/// Writes what the input says in every format; whether any of them has an entry.
fn write_export(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let input = decode::input(text);
    let mut taken = false;
    for format in Format::ALL {
        let options = options(format, &input);
        let outcome = export(&input, options.clone());
        let again = export(&input, options);
        match (outcome, again) {
            (Ok(written), Ok(again)) => {
                assert_eq!(written.text, again.text, "the same export twice");
                laws::check(&written);
                taken |= !written.indicators.is_empty();
            }
            (Err(WriteFault::Option { .. }), Err(_)) => {}
            _ => panic!("memory takes all"),
        }
    }
    taken
}

/// The options that the letters of the input ask for.
fn options(format: Format, input: &decode::Input<'_>) -> Options {
    let has = |flag| input.flags.contains(flag);
    let ceiling = [('C', Tlp::Clear), ('G', Tlp::Green), ('A', Tlp::Amber)];
    let ceiling = ceiling.into_iter().find(|(flag, _)| has(*flag));
    let mut options = Options::new(format, ceiling.map_or(Tlp::Red, |(_, tlp)| tlp));
    options.default_tlp = has('D').then_some(Tlp::Green);
    options.write_closed = has('c');
    options.write_conflicting = has('x');
    options.detection_only = !has('n');
    options.own_use = has('o');
    options.hosts_ipv6 = has('6');
    if has('1') {
        options.misp.attributes_per_event = 1;
    }
    if has('p') {
        options.rpz.policy = Policy::Passthru;
    }
    options.rpz.wildcards = has('w');
    if !input.origin.is_empty() {
        options.rpz.origin = input.origin.to_owned();
    }
    if has('O') {
        options.stix = StixObjects::Observables;
    }
    if has('d') {
        options.suricata.action = Action::Drop;
    }
    if has('r') {
        options.suricata.last_sid = options.suricata.first_sid + 2;
    }
    options.suricata.subdomains = has('s');
    options
}

/// When everything was entered.
const ENTERED: Entered =
    Entered { first: UnixSeconds::new(1_700_000_000), last: UnixSeconds::new(1_750_000_000) };

fn export<'i>(input: &'i decode::Input<'_>, options: Options) -> Result<Written<'i>, WriteFault> {
    let meta = Meta {
        producer: input.producer.to_owned(),
        title: input.title.to_owned(),
        at: UnixSeconds::new(1_800_000_000),
    };
    let mut out = Vec::new();
    let mut export = Export::begin(meta, options.clone(), &mut out)?;
    let mut indicators = Vec::new();
    for indicator in &input.indicators {
        if export.put(indicator, ENTERED)? == Outcome::Written {
            indicators.push(indicator);
        }
    }
    let summary = export.end()?;
    assert!(summary.is_balanced(), "an indicator was lost in silence: {summary:?}");
    let counts = (summary.seen, summary.written, summary.bytes);
    let wanted = (input.indicators.len(), indicators.len(), out.len());
    assert_eq!(counts, (wanted.0 as u64, wanted.1 as u64, wanted.2 as u64));
    let text = String::from_utf8(out).expect("every format is text");
    Ok(Written { options, text, indicators })
}
