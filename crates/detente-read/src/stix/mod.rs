//! STIX 2.0 and 2.1: indicators with STIX patterns and cyber-observable objects, from bundles,
//! TAXII envelopes or arrays of objects.
//!
//! Objects are read one at a time. Not resolved: relationships (which malware an indicator
//! indicates); such objects are skipped and counted. An indicator whose marking is defined in the
//! bundle is held back until the bundle's end, because the definition may stand after it and may
//! stand there twice.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::BufRead;

use detente_core::Kind;
use detente_pattern::{Comparison, Constant, Operator};
use serde::Deserialize as _;
use serde_json::Value;

mod context;
mod marking;
mod property;

pub use marking::{ObjectMarkings, head_markings, object_markings};

use context::{Object, context_of, defined};
use property::text;

use super::intake::Intake;
use super::json::{Fault, Scanner};
use super::kinds::{self, Hint};
use super::{PART_OF_CONJUNCTION, Place, ReadFault, Reason, Skip, parse_pattern};
use detente_intel::{Context, MAX_EXTRA_VALUE, Markings, Observable, stix_tlp};

/// The largest object, in bytes. Parsed, it may take some sixteen times as much memory.
pub const MAX_OBJECT: usize = 8 * 1024 * 1024;
/// Marking definitions remembered from one bundle; indicators that use a further one are closed.
pub const MAX_DEFINITIONS: usize = 4096;
/// Bytes of indicators held back for a marking definition; beyond it they are handed over as
/// closed.
pub const MAX_HELD: usize = 128 * 1024 * 1024;

/// An indicator that waits for the definitions of its markings.
struct Held {
    observable: Observable,
    context: Context,
    refs: Vec<String>,
}

/// STIX objects that stand together.
#[derive(Default)]
pub(super) struct Bundle {
    definitions: BTreeMap<String, Markings>,
    held: Vec<Held>,
    held_bytes: usize,
}

pub(super) fn read<R: BufRead>(input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mut scanner = Scanner::new(input);
    let mut bundle = Bundle::default();
    let walked = walk(&mut scanner, intake, &mut bundle);
    bundle.release(intake)?;
    if let Err(fault) = walked {
        let reason = fault.into_reason()?;
        intake.break_off(scanner.place("$"), &[], reason);
    }
    intake.at(scanner.bytes, scanner.line);
    Ok(())
}

/// Reads objects that are apart from each other already.
pub(super) fn read_objects(objects: &[&[u8]], intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mut bundle = Bundle::default();
    let mut bytes = 0;
    for (index, raw) in objects.iter().enumerate() {
        let place = Place::Json { path: format!("[{index}]"), line: 1 };
        let got = raw.len() as u64;
        bytes += got;
        if raw.len() > MAX_OBJECT {
            intake.see();
            intake.refuse(place, raw, Reason::ObjectTooLarge { got, max: MAX_OBJECT as u64 });
        } else {
            bundle.parsed(intake, &place, raw)?;
        }
        intake.at(bytes, 1);
    }
    bundle.release(intake)
}

fn walk<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    bundle: &mut Bundle,
) -> Result<(), Fault> {
    let mut found = false;
    match scanner.peek()? {
        Some(b'[') => {
            found = true;
            objects(scanner, intake, bundle, "")?;
        }
        Some(b'{') => {
            scanner.open_object()?;
            let mut first = true;
            while let Some(key) = scanner.next_key(&mut first)? {
                if key == "objects" && scanner.peek()? == Some(b'[') {
                    found = true;
                    objects(scanner, intake, bundle, "objects")?;
                } else {
                    scanner.skip()?;
                }
            }
        }
        Some(_) => return Err(Fault::Syntax("an object or array was expected")),
        None => return Err(Fault::Cut),
    }
    if scanner.peek()?.is_some() {
        return Err(Fault::Syntax("something stands after the document's end"));
    }
    if !found {
        intake.break_off(scanner.place("$"), &[], Reason::UnknownJson);
    }
    Ok(())
}

fn objects<R: BufRead>(
    scanner: &mut Scanner<R>,
    intake: &mut Intake<'_>,
    bundle: &mut Bundle,
    path: &str,
) -> Result<(), Fault> {
    scanner.open_array()?;
    let mut first = true;
    let mut raw = Vec::new();
    let mut index = 0_u64;
    while scanner.next_element(&mut first)? {
        let captured = scanner.value(Some(&mut raw), MAX_OBJECT)?;
        let place = scanner.place(&format!("{path}[{index}]"));
        index += 1;
        match captured.into_reason(MAX_OBJECT) {
            Some(reason) => {
                intake.see();
                intake.refuse(place, &raw, reason);
            }
            None => {
                intake.object(&raw)?;
                bundle.parsed(intake, &place, &raw)?;
            }
        }
        intake.at(scanner.bytes, scanner.line);
    }
    Ok(())
}

impl Bundle {
    /// Takes what one object has.
    pub(super) fn parsed(
        &mut self,
        intake: &mut Intake<'_>,
        place: &Place,
        raw: &[u8],
    ) -> Result<(), ReadFault> {
        match serde_json::from_slice::<Object<'_>>(raw) {
            Ok(object) => self.object(intake, place, &object),
            Err(fault) => {
                intake.see();
                intake.refuse(place.clone(), raw, Reason::ObjectShape(fault.to_string()));
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        intake: &mut Intake<'_>,
        place: &Place,
        object: &Object<'_>,
    ) -> Result<(), ReadFault> {
        let Some(kind) = text(&object.kind) else {
            intake.see();
            let reason = Reason::ObjectShape("no type".to_owned());
            intake.refuse(place.clone(), &[], reason);
            return Ok(());
        };
        match kind {
            "indicator" => self.indicator(intake, place, object),
            "marking-definition" => {
                self.definition(intake, place, object);
                Ok(())
            }
            "observed-data" if object.objects.is_some() => {
                self.observed_data(intake, place, object)
            }
            _ => self.observable(intake, place, object),
        }
    }

    fn indicator(
        &mut self,
        intake: &mut Intake<'_>,
        place: &Place,
        object: &Object<'_>,
    ) -> Result<(), ReadFault> {
        let revoked = object.revoked.as_ref().and_then(Value::as_bool) == Some(true);
        let readable = || text(&object.pattern).is_some_and(|text| parse_pattern(text).is_ok());
        if revoked && !readable() {
            intake.pass(Skip::Revoked);
            return Ok(());
        }
        let Some(source) = text(&object.pattern) else {
            intake.see();
            let reason = Reason::ObjectShape("an indicator without pattern".to_owned());
            intake.refuse(place.clone(), &[], reason);
            return Ok(());
        };
        // STIX 2.0 has no pattern_type: its patterns are STIX patterns.
        let language = text(&object.pattern_type).unwrap_or("stix");
        if language != "stix" {
            intake.see();
            let language = language.chars().take(64).collect();
            intake.refuse(place.clone(), source.as_bytes(), Reason::UnsupportedPattern(language));
            return Ok(());
        }
        let pattern = match parse_pattern(source) {
            Ok(pattern) => pattern,
            Err(fault) => {
                intake.see();
                intake.refuse(place.clone(), source.as_bytes(), Reason::PatternSyntax(fault));
                return Ok(());
            }
        };
        let (mut context, refs) = context_of(intake, object);
        context.revoked = revoked;
        let comparisons = pattern.comparisons();
        if comparisons.len() > 1 || comparisons.iter().any(|one| one.constants.len() > 1) {
            let end = source.floor_char_boundary(MAX_EXTRA_VALUE);
            context.add_extra("stix_pattern", source.get(..end).unwrap_or(""));
            context.shortened |= end < source.len();
        }
        if pattern.is_conjunction() {
            context.add_label(PART_OF_CONJUNCTION);
        }
        for comparison in comparisons {
            self.comparison(intake, place, comparison, (&context, &refs))?;
        }
        Ok(())
    }

    fn comparison(
        &mut self,
        intake: &mut Intake<'_>,
        place: &Place,
        comparison: &Comparison,
        (context, refs): (&Context, &[String]),
    ) -> Result<(), ReadFault> {
        let hint = match usable(comparison) {
            Ok(hint) => hint,
            Err(_) if context.revoked => {
                intake.pass(Skip::Revoked);
                return Ok(());
            }
            Err(reason) => {
                intake.see();
                let shown = comparison.constants.first().map(plain).unwrap_or_default();
                intake.refuse(place.clone(), shown.as_bytes(), reason);
                return Ok(());
            }
        };
        for constant in &comparison.constants {
            intake.see();
            let value = plain(constant);
            match kinds::read_literal(hint, &value) {
                Ok(observable) => self.hand_over(intake, observable, (context.clone(), refs))?,
                Err(fault) => intake.refuse(place.clone(), value.as_bytes(), fault),
            }
        }
        Ok(())
    }

    /// A cyber-observable object, or any other object, which is skipped.
    fn observable(
        &mut self,
        intake: &mut Intake<'_>,
        place: &Place,
        object: &Object<'_>,
    ) -> Result<(), ReadFault> {
        let kind = text(&object.kind).unwrap_or("");
        let mut values: Vec<(Result<Hint, Reason>, String)> = Vec::new();
        match (kind, text(&object.value), &object.number, &object.hashes) {
            ("file" | "artifact" | "x509-certificate", _, _, Some(Value::Object(hashes))) => {
                for (name, value) in hashes {
                    let path = format!("{kind}:hashes.{name}");
                    let hint = hint_of(&path).ok_or(Reason::PatternPath(path));
                    values.push((hint, value.as_str().unwrap_or("").to_owned()));
                }
            }
            ("autonomous-system", _, Some(number), _) => {
                values.push((Ok(Hint::Kind(Kind::Asn)), number.to_string()));
            }
            (_, Some(value), _, _) => {
                if let Some(hint) = hint_of(&format!("{kind}:value")) {
                    values.push((Ok(hint), value.to_owned()));
                }
            }
            _ => {}
        }
        if values.is_empty() {
            intake.pass(Skip::OtherObject);
            return Ok(());
        }
        let (context, refs) = context_of(intake, object);
        for (hint, value) in values {
            intake.see();
            let read = hint.and_then(|hint| Ok(kinds::read_hint(hint, &value)?));
            match read {
                Ok(observable) => self.hand_over(intake, observable, (context.clone(), &refs))?,
                Err(reason) => intake.refuse(place.clone(), value.as_bytes(), reason),
            }
        }
        Ok(())
    }

    /// STIX 2.0: the observables are inside, and the marking of the whole counts for each.
    fn observed_data(
        &mut self,
        intake: &mut Intake<'_>,
        place: &Place,
        object: &Object<'_>,
    ) -> Result<(), ReadFault> {
        let Some(Value::Object(inner)) = &object.objects else {
            intake.pass(Skip::OtherObject);
            return Ok(());
        };
        for value in inner.values() {
            match Object::deserialize(value) {
                Ok(mut part) => {
                    part.id = object.id.clone();
                    part.object_marking_refs = object.object_marking_refs.clone();
                    part.granular_markings = object.granular_markings.clone();
                    part.first_observed = object.first_observed.clone();
                    part.last_observed = object.last_observed.clone();
                    self.observable(intake, place, &part)?;
                }
                Err(fault) => {
                    intake.see();
                    intake.refuse(place.clone(), &[], Reason::ObjectShape(fault.to_string()));
                }
            }
        }
        if inner.is_empty() {
            intake.pass(Skip::OtherObject);
        }
        Ok(())
    }

    /// Remembers what a marking definition says.
    fn definition(&mut self, intake: &mut Intake<'_>, place: &Place, object: &Object<'_>) {
        let id = text(&object.id).unwrap_or("");
        let markings = defined(object, id);
        if let Some(tlp) = stix_tlp(id) {
            // The id alone counts, as the standard says; a body that differs is a lie or a slip.
            if markings.tlp().is_some_and(|named| named != tlp) {
                intake.see();
                intake.refuse(place.clone(), id.as_bytes(), Reason::MarkingContradiction);
                return;
            }
        } else if let Some(had) = self.definitions.get_mut(id) {
            if *had != markings {
                had.merge(&markings);
                had.add_unknown(id);
            }
        } else if self.definitions.len() < MAX_DEFINITIONS && !id.is_empty() {
            self.definitions.insert(id.to_owned(), markings);
        }
        intake.pass(Skip::OtherObject);
    }

    fn hand_over(
        &mut self,
        intake: &mut Intake<'_>,
        observable: Observable,
        (context, refs): (Context, &[String]),
    ) -> Result<(), ReadFault> {
        if refs.is_empty() {
            return intake.take(observable, context);
        }
        let ids: usize = refs.iter().map(String::len).sum();
        self.held_bytes += size_of::<Held>() + observable.value().len() + context.weight() + ids;
        self.held.push(Held { observable, context, refs: refs.to_vec() });
        if self.held_bytes < MAX_HELD {
            return Ok(());
        }
        self.held_bytes = 0;
        for mut held in std::mem::take(&mut self.held) {
            for id in &held.refs {
                held.context.markings.add_unknown(id);
            }
            intake.take(held.observable, held.context)?;
        }
        Ok(())
    }

    /// Hands over what was held, now that every definition has been seen.
    pub(super) fn release(&mut self, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
        for mut held in std::mem::take(&mut self.held) {
            for id in &held.refs {
                match self.definitions.get(id) {
                    Some(markings) => held.context.markings.merge(markings),
                    None => held.context.markings.add_unknown(id),
                }
            }
            intake.take(held.observable, held.context)?;
        }
        Ok(())
    }
}

/// A constant as a value: a text as it stands, without a copy.
fn plain(constant: &Constant) -> Cow<'_, str> {
    match constant {
        Constant::Text(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.plain()),
    }
}

/// The hint for a comparison whose values are observables, or why they are none.
fn usable(comparison: &Comparison) -> Result<Hint, Reason> {
    let path = comparison.path.plain();
    let Some(hint) = hint_of(&path) else {
        return Err(Reason::PatternPath(path.chars().take(128).collect()));
    };
    if comparison.negated {
        return Err(Reason::PatternNegated);
    }
    match comparison.operator {
        // A set without members, which the grammar allows, names nothing.
        Operator::In if comparison.constants.is_empty() => {
            Err(Reason::PatternOperator("IN ()".to_owned()))
        }
        Operator::Equal | Operator::In => Ok(hint),
        // "is a subset of this prefix" names the prefix.
        Operator::IsSubset if hint == Hint::Address => Ok(hint),
        other => Err(Reason::PatternOperator(other.text().to_owned())),
    }
}

/// What the values of an object path are.
fn hint_of(path: &str) -> Option<Hint> {
    if let Some(algorithm) =
        path.strip_prefix("file:hashes.").or_else(|| path.strip_prefix("artifact:hashes."))
    {
        return kinds::digest_of(algorithm).map(Hint::Kind);
    }
    if let Some(algorithm) = path.strip_prefix("x509-certificate:hashes.") {
        return match kinds::digest_of(algorithm)? {
            Kind::Sha1 => Some(Hint::Kind(Kind::CertSha1)),
            Kind::Sha256 => Some(Hint::Kind(Kind::CertSha256)),
            _ => None,
        };
    }
    match path {
        "domain-name:value" => Some(Hint::Host),
        "ipv4-addr:value" | "ipv6-addr:value" => Some(Hint::Address),
        "network-traffic:dst_ref.value" | "network-traffic:src_ref.value" => Some(Hint::Host),
        "url:value" => Some(Hint::Kind(Kind::Url)),
        "email-addr:value" | "email-message:from_ref.value" | "email-message:sender_ref.value" => {
            Some(Hint::Kind(Kind::Email))
        }
        "autonomous-system:number" => Some(Hint::Kind(Kind::Asn)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Kept;
    use crate::{Format, Options};

    #[test]
    fn what_cannot_be_held_is_handed_over_closed() {
        let (options, mut sink) = (Options::default(), Kept::default());
        let mut intake = Intake::new(&options, &mut sink, Format::Stix);
        let id = "marking-definition--1".to_owned();
        let mut bundle = Bundle { held_bytes: MAX_HELD - 4096, ..Bundle::default() };
        let green = Markings::of(detente_core::Tlp::Green);
        bundle.definitions.insert(id.clone(), green);
        let observable = Observable::detect("evil.com").expect("a domain");
        for _ in 0..100 {
            let marked = (Context::from_source("x"), std::slice::from_ref(&id));
            let held = bundle.hand_over(&mut intake, observable.clone(), marked);
            held.expect("the sink takes all");
        }
        bundle.release(&mut intake).expect("the sink takes all");
        let closed = sink.closed();
        assert_eq!(closed.len(), 100);
        assert!(closed[0] && !closed[99], "{closed:?}");
    }
}
