//! Hosts files: `0.0.0.0 bad.example alias.example # comment`.
//!
//! A name that stands behind an address at which nobody answers (unspecified or loopback) is
//! blocked and therefore an indicator; that address never is. What stands behind any other address
//! is looked up there: the line is refused, for whether the name or the address is meant it does
//! not say. Names that every hosts file has are skipped. Names are taken as they are written: a
//! resolver reads them.
//!
//! Source: hosts(5).

use std::io::BufRead;
use std::net::IpAddr;

use detente_core::Kind;

use super::intake::Intake;
use super::kinds::{self, Hint};
use super::line::{Line, Lines, MAX_LINE};
use super::{Place, ReadFault, Reason, Skip};

/// Lines that are looked at to tell a hosts file.
const LOOKED_AT: usize = 40;

/// Names that stand in hosts files as they come with a system.
const BOILERPLATE: [&str; 16] = [
    "0.0.0.0",
    "broadcasthost",
    "ip6-allhosts",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-localhost",
    "ip6-localnet",
    "ip6-loopback",
    "ip6-mcastprefix",
    "local",
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
];

pub(super) fn read<R: BufRead>(input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mut lines = Lines::new(input);
    loop {
        let place = Place::Line(lines.number + 1);
        let Some(line) = lines.next_line().map_err(ReadFault::Io)? else {
            break;
        };
        match line {
            Line::Whole(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => one_line(intake, place, text)?,
                Err(_) => {
                    intake.see();
                    intake.refuse(place, bytes, Reason::NotUtf8);
                }
            },
            Line::TooLong(head, got) => {
                intake.see();
                let reason = Reason::LineTooLong { got, max: MAX_LINE as u64 };
                intake.refuse(place, head, reason);
            }
        }
        intake.at(lines.bytes, lines.number);
    }
    Ok(())
}

/// Whether it is a name that every hosts file has.
pub(super) fn is_boilerplate(name: &str) -> bool {
    BOILERPLATE.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What a line says.
struct Entry<'t> {
    address: &'t str,
    names: Vec<&'t str>,
    comment: &'t str,
}

/// Splits a line that is neither empty nor a comment.
fn entry(line: &str) -> Entry<'_> {
    let (head, comment) = line.split_once('#').unwrap_or((line, ""));
    let mut words = head.split_ascii_whitespace();
    let address = words.next().unwrap_or("");
    Entry { address, names: words.collect(), comment: comment.trim() }
}

/// Whether nobody answers at an address: whoever asks for a name there gets nothing. Nothing if it
/// is no address.
fn is_sink(address: &str) -> Option<bool> {
    // An IPv6 zone names an interface of this machine.
    let bare = address.split('%').next().unwrap_or(address);
    let address = match bare.parse::<IpAddr>().ok()? {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(IpAddr::V6(six), IpAddr::V4),
        four => four,
    };
    Some(address.is_unspecified() || address.is_loopback())
}

fn one_line(intake: &mut Intake<'_>, place: Place, line: &str) -> Result<(), ReadFault> {
    let line = line.trim();
    if line.is_empty() {
        intake.pass(Skip::Blank);
        return Ok(());
    }
    if line.starts_with('#') {
        intake.pass(Skip::Comment);
        return Ok(());
    }
    let Entry { address, names, comment } = entry(line);
    let sink = is_sink(address).filter(|_| !names.is_empty());
    if sink.is_some() && names.iter().all(|name| is_boilerplate(name)) {
        names.iter().for_each(|_| intake.pass(Skip::HostsBoilerplate));
        return Ok(());
    }
    if sink != Some(true) {
        intake.see();
        let reason = if sink.is_none() { Reason::HostsLine } else { Reason::HostsAddress };
        intake.refuse(place, line.as_bytes(), reason);
        return Ok(());
    }
    for name in names {
        if is_boilerplate(name) {
            intake.pass(Skip::HostsBoilerplate);
            continue;
        }
        intake.see();
        match kinds::read_literal(Hint::Kind(Kind::Domain), name) {
            Ok(observable) => {
                let mut context = intake.context();
                context.describe(comment);
                intake.take(observable, context)?;
            }
            Err(_) if name.contains('*') => {
                intake.refuse(place.clone(), name.as_bytes(), Reason::Wildcard);
            }
            Err(fault) => intake.refuse(place.clone(), name.as_bytes(), fault),
        }
    }
    Ok(())
}

/// Whether the first lines are those of a hosts file and of nothing else: each an address and
/// names, at least half of the addresses at which nobody answers, and a name that is blocked.
pub(super) fn looks_like(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    // The last line may be cut off, but for the only one.
    let whole = match text.rfind('\n') {
        Some(end) => text.get(..end).unwrap_or(""),
        None => &text,
    };
    let (mut lines, mut sinks, mut blocks) = (0, 0, false);
    let told =
        whole.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in told.take(LOOKED_AT) {
        let Entry { address, names, .. } = entry(line);
        let plain = |name: &&str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b) || b >= 0x80;
            name.bytes().all(allowed)
        };
        let Some(is_sink) = is_sink(address).filter(|_| !names.is_empty()) else {
            return false;
        };
        if !names.iter().all(plain) {
            return false;
        }
        lines += 1;
        sinks += usize::from(is_sink);
        blocks |= is_sink && names.iter().any(|name| !is_boilerplate(name));
    }
    blocks && sinks * 2 >= lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_at_which_nobody_answers() {
        for (address, sink) in [
            ("0.0.0.0", Some(true)),
            ("127.0.0.1", Some(true)),
            ("127.0.53.53", Some(true)),
            ("::", Some(true)),
            ("::1", Some(true)),
            ("0:0:0:0:0:0:0:1", Some(true)),
            ("::ffff:127.0.0.1", Some(true)),
            ("10.0.0.1", Some(false)),
            ("fe80::1%lo0", Some(false)),
            ("255.255.255.255", Some(false)),
            ("127.1", None),
            ("0", None),
            ("localhost", None),
        ] {
            assert_eq!(is_sink(address), sink, "{address}");
        }
    }
}
