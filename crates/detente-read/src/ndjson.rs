//! NDJSON: a JSON object a line, which is a STIX object, or an indicator as this program exports
//! it.
//!
//! An indicator keeps what its line says of it; its source too, if the caller says that the file
//! may speak for others, else as a further value. What the caller asks for (a colour at least,
//! closed) comes on top, and nothing is opened.

use std::io::BufRead;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::intake::Intake;
use super::line::{Line, Lines};
use super::stix::{Bundle, MAX_OBJECT};
use super::{Place, ReadFault, Reason, Skip};
use detente_intel::Indicator;

/// What tells one sort of line from the other.
#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "type")]
    kind: Option<Value>,
    id: Option<Value>,
    observable: Option<IgnoredAny>,
    context: Option<IgnoredAny>,
}

pub(super) fn read<R: BufRead>(input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mut lines = Lines::with_max(input, MAX_OBJECT);
    let mut bundle = Bundle::default();
    loop {
        let place = Place::Line(lines.number + 1);
        let Some(line) = lines.next_line().map_err(ReadFault::Io)? else {
            break;
        };
        match line {
            Line::Whole(bytes) => one_line(intake, &mut bundle, place, bytes.trim_ascii())?,
            Line::TooLong(head, got) => {
                intake.see();
                let reason = Reason::ObjectTooLarge { got, max: MAX_OBJECT as u64 };
                intake.refuse(place, head, reason);
            }
        }
        intake.at(lines.bytes, lines.number);
    }
    bundle.release(intake)
}

fn one_line(
    intake: &mut Intake<'_>,
    bundle: &mut Bundle,
    place: Place,
    line: &[u8],
) -> Result<(), ReadFault> {
    if line.is_empty() {
        intake.pass(Skip::Blank);
        return Ok(());
    }
    // A list of values in the right order would do for serde, and for nobody else.
    let probe = match serde_json::from_slice::<Probe>(line) {
        Ok(probe) if line.first() == Some(&b'{') => probe,
        Ok(_) => return refuse(intake, place, line, Reason::UnknownLine),
        Err(fault) => {
            return refuse(intake, place, line, Reason::JsonSyntax(fault.to_string()));
        }
    };
    if probe.observable.is_some() && probe.context.is_some() {
        return indicator(intake, place, line);
    }
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let named = text(&probe.id).is_some_and(|id| id.contains("--"));
    match text(&probe.kind) {
        Some(kind) if named && kind != "bundle" => {
            intake.object(line)?;
            bundle.parsed(intake, &place, line)
        }
        _ => refuse(intake, place, line, Reason::UnknownLine),
    }
}

fn refuse(
    intake: &mut Intake<'_>,
    place: Place,
    line: &[u8],
    reason: Reason,
) -> Result<(), ReadFault> {
    intake.see();
    intake.refuse(place, line, reason);
    Ok(())
}

/// An indicator as this program exports it.
fn indicator(intake: &mut Intake<'_>, place: Place, line: &[u8]) -> Result<(), ReadFault> {
    let Indicator { observable, mut context } = match serde_json::from_slice(line) {
        Ok(indicator) => indicator,
        Err(fault) => {
            return refuse(intake, place, line, Reason::ObjectShape(fault.to_string()));
        }
    };
    if context.source.is_empty() || !intake.options.keep_sources {
        let named = std::mem::replace(&mut context.source, intake.context().source);
        if !context.markings.is_source_hidden() {
            context.add_extra("source", &named);
        }
    }
    intake.see();
    intake.take(observable, context)
}
