//! What may leave: the rules that hold for every format, asked before anything is written.
//!
//! In this order: bounds, marking, ceiling, then what the format or its consumer cannot keep.
//! A source that must not be named is taken out here, so that no writer sees it.

use std::borrow::Cow;

use detente_core::{Kind, Pap, Tlp};
use detente_intel::{Context, Indicator, Markings};

use crate::{Entered, Options, Reason};

/// Further values that stay when the source must not be named.
const NAMELESS_EXTRAS: [&str; 6] =
    ["filename", "misp_category", "misp_relation", "misp_type", "port", "reference"];

/// The label that the STIX reader gives to a part of a conjunction.
const CONJUNCTION: &str = "stix:part-of-conjunction";
/// The label that the MISP reader gives to an attribute that is meant for detection.
pub(crate) const TO_IDS: &str = "misp:to_ids";
/// The label by which an indicator in another format keeps that MISP does not offer it for that.
pub(crate) const NOT_TO_IDS: &str = "misp:to_ids=\"false\"";

/// An indicator that may leave.
pub(crate) struct Item<'i> {
    pub(crate) indicator: Cow<'i, Indicator>,
    /// The colour that counts.
    pub(crate) tlp: Tlp,
    /// When it was entered.
    pub(crate) entered: Entered,
}

impl Item<'_> {
    pub(crate) fn kind(&self) -> Kind {
        self.indicator.observable.kind()
    }

    pub(crate) fn value(&self) -> &str {
        self.indicator.observable.value()
    }

    pub(crate) fn context(&self) -> &Context {
        &self.indicator.context
    }

    pub(crate) fn markings(&self) -> &Markings {
        &self.indicator.context.markings
    }

    /// Who says so, if that is known and may be said.
    pub(crate) fn source(&self) -> Option<&str> {
        Some(self.context().source.as_str()).filter(|source| !source.is_empty())
    }

    pub(crate) fn extra(&self, key: &str) -> Option<&str> {
        self.context().extra.get(key).map(String::as_str)
    }

    /// TLP and, if one is stated, PAP.
    pub(crate) fn colours(&self) -> String {
        colours(self.tlp, self.pap())
    }

    pub(crate) fn pap(&self) -> Option<Pap> {
        self.markings().stated().pap
    }

    /// Whether it is offered for detection: what came from MISP says so, all else is.
    pub(crate) fn is_for_detection(&self) -> bool {
        is_for_detection(self.context())
    }
}

fn is_prefix(indicator: &Indicator) -> bool {
    matches!(indicator.observable.kind(), Kind::Ipv4Cidr | Kind::Ipv6Cidr)
}

fn is_for_detection(context: &Context) -> bool {
    let has = |label: &str| context.labels.iter().any(|one| one == label);
    !has(NOT_TO_IDS) && (!context.extra.contains_key("misp_type") || has(TO_IDS))
}

/// TLP and, if there is one, PAP, as people write them.
pub(crate) fn colours(tlp: Tlp, pap: Option<Pap>) -> String {
    match pap {
        Some(pap) => format!("{tlp} PAP:{}", pap.name().to_ascii_uppercase()),
        None => tlp.to_string(),
    }
}

/// Whether an indicator may leave, and as what.
pub(crate) fn screen<'i>(
    options: &Options,
    at: u64,
    (indicator, entered): (&'i Indicator, Entered),
) -> Result<Item<'i>, Reason> {
    let context = &indicator.context;
    context.check().map_err(|_| Reason::ContextBound)?;
    let tlp = colour(options, &context.markings)?;
    if tlp > options.max_tlp {
        return Err(Reason::AboveCeiling);
    }
    if options.format.is_acting() {
        if indicator.observable.value().ends_with("/0") && is_prefix(indicator) {
            return Err(Reason::PrefixTooWide);
        }
        acting(options, context)?;
    }
    let ended = context.valid_until.is_some_and(|end| end <= i64::try_from(at).unwrap_or(i64::MAX));
    if ended && !options.format.carries_validity() {
        return Err(Reason::Expired);
    }
    let begins = context.valid_from.is_some_and(|begin| u64::try_from(begin).unwrap_or(0) > at);
    if begins && !options.format.carries_validity() {
        return Err(Reason::NotYetValid);
    }
    Ok(Item { indicator: fitted(indicator, tlp), tlp, entered })
}

fn colour(options: &Options, markings: &Markings) -> Result<Tlp, Reason> {
    if markings.is_closed() {
        return match (options.write_closed, options.format.is_acting()) {
            (false, _) => Err(Reason::MarkingClosed),
            (true, true) => Err(Reason::HandlingNotCarried),
            (true, false) => Ok(Tlp::Red),
        };
    }
    if markings.is_conflicting() && !options.write_conflicting {
        return Err(Reason::MarkingConflicting);
    }
    markings.tlp().or(options.default_tlp).ok_or(Reason::MarkingMissing)
}

fn acting(options: &Options, context: &Context) -> Result<(), Reason> {
    let stated = context.markings.stated();
    if !options.own_use && (stated.releasable.is_some() || stated.originator.is_some()) {
        return Err(Reason::HandlingNotCarried);
    }
    if options.is_blocking() && stated.pap >= Some(Pap::Amber) {
        return Err(Reason::PapForbids);
    }
    if options.detection_only {
        if !is_for_detection(context) {
            return Err(Reason::NotForDetection);
        }
        if context.labels.iter().any(|label| label == CONJUNCTION) {
            return Err(Reason::PartOfConjunction);
        }
    }
    Ok(())
}

/// The indicator with the colour that counts, and without a source that must not be named.
fn fitted(indicator: &Indicator, tlp: Tlp) -> Cow<'_, Indicator> {
    let markings = &indicator.context.markings;
    let coloured = markings.tlp() == Some(tlp) || markings.is_closed();
    if coloured && !markings.is_source_hidden() {
        return Cow::Borrowed(indicator);
    }
    let mut indicator = indicator.clone();
    let context = &mut indicator.context;
    if !coloured {
        context.markings.add_tlp(tlp);
    }
    if context.markings.is_source_hidden() {
        context.source.clear();
        context.origin = None;
        context.extra.retain(|key, _| NAMELESS_EXTRAS.contains(&key.as_str()));
    }
    Cow::Owned(indicator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;
    use detente_core::UnixSeconds;
    use detente_intel::Observable;

    const ENTERED: Entered = Entered { first: UnixSeconds::new(1), last: UnixSeconds::new(1) };

    fn marked(tags: &[&str]) -> Indicator {
        let observable = Observable::detect("evil.com").expect("a domain");
        let mut context = Context::from_source("somebody");
        for tag in tags {
            context.markings.add_text(tag);
        }
        Indicator { observable, context }
    }

    fn ask(format: Format, change: fn(&mut Options), tags: &[&str]) -> Result<Tlp, Reason> {
        let mut options = Options::new(format, Tlp::Amber);
        change(&mut options);
        screen(&options, 1_000, (&marked(tags), ENTERED)).map(|item| item.tlp)
    }

    #[test]
    fn markings_decide() {
        let plain: fn(&mut Options) = |_| {};
        assert_eq!(ask(Format::Csv, plain, &["tlp:green"]), Ok(Tlp::Green));
        assert_eq!(ask(Format::Csv, plain, &["tlp:red"]), Err(Reason::AboveCeiling));
        assert_eq!(ask(Format::Csv, plain, &[]), Err(Reason::MarkingMissing));
        assert_eq!(ask(Format::Csv, |o| o.default_tlp = Some(Tlp::Amber), &[]), Ok(Tlp::Amber));
        let two = ["tlp:green", "tlp:amber"];
        assert_eq!(ask(Format::Csv, plain, &two), Err(Reason::MarkingConflicting));
        assert_eq!(ask(Format::Csv, |o| o.write_conflicting = true, &two), Ok(Tlp::Amber));
    }

    #[test]
    fn closed_is_red_and_only_where_it_is_carried() {
        let closed = ["tlp:clear", "for friends only"];
        assert_eq!(ask(Format::Stix, |_| {}, &closed), Err(Reason::MarkingClosed));
        let write: fn(&mut Options) = |o| o.write_closed = true;
        assert_eq!(ask(Format::Stix, write, &closed), Err(Reason::AboveCeiling));
        let all: fn(&mut Options) = |o| (o.write_closed, o.max_tlp) = (true, Tlp::Red);
        assert_eq!(ask(Format::Stix, all, &closed), Ok(Tlp::Red));
        assert_eq!(ask(Format::Hosts, all, &closed), Err(Reason::HandlingNotCarried));
    }

    #[test]
    fn acting_formats_are_more_careful() {
        let amber = ["tlp:green", "PAP:AMBER"];
        assert_eq!(ask(Format::Rpz, |_| {}, &amber), Err(Reason::PapForbids));
        assert_eq!(
            ask(Format::Rpz, |o| o.rpz.policy = crate::Policy::Passthru, &amber),
            Ok(Tlp::Green)
        );
        assert_eq!(ask(Format::Suricata, |_| {}, &amber), Ok(Tlp::Green));
        let drop: fn(&mut Options) = |o| o.suricata.action = crate::Action::Drop;
        assert_eq!(ask(Format::Suricata, drop, &amber), Err(Reason::PapForbids));
        let few = ["tlp:green", "REL TO A"];
        assert_eq!(ask(Format::Zeek, |_| {}, &few), Err(Reason::HandlingNotCarried));
        assert_eq!(ask(Format::Zeek, |o| o.own_use = true, &few), Ok(Tlp::Green));
        assert_eq!(ask(Format::Misp, |_| {}, &few), Ok(Tlp::Green));
    }

    #[test]
    fn what_is_not_for_detection_does_not_act() {
        let options = Options::new(Format::Sigma, Tlp::Red);
        let mut one = marked(&["tlp:green"]);
        one.context.add_extra("misp_type", "domain");
        let ask = |one: &Indicator| screen(&options, 1_000, (one, ENTERED)).map(|_| ()).err();
        assert_eq!(ask(&one), Some(Reason::NotForDetection));
        one.context.add_label(TO_IDS);
        assert_eq!(ask(&one), None);
        one.context.add_label(CONJUNCTION);
        assert_eq!(ask(&one), Some(Reason::PartOfConjunction));
        one.context.labels.retain(|label| label == TO_IDS);
        one.context.valid_until = Some(1_000);
        assert_eq!(ask(&one), Some(Reason::Expired));
        (one.context.valid_from, one.context.valid_until) = (Some(1_001), None);
        assert_eq!(ask(&one), Some(Reason::NotYetValid));
        one.context.valid_from = Some(1_000);
        assert_eq!(ask(&one), None);
        one.context.labels = vec![String::new(); 999];
        assert_eq!(ask(&one), Some(Reason::ContextBound));
    }

    #[test]
    fn a_source_that_must_not_be_named_is_gone() {
        let mut one = marked(&["tlp:green", "tlp:ex:chr"]);
        one.context.origin = Some("indicator--1".to_owned());
        one.context.add_extra("misp_event", "x");
        one.context.add_extra("filename", "a.exe");
        let item =
            screen(&Options::new(Format::Ndjson, Tlp::Red), 0, (&one, ENTERED)).expect("may leave");
        assert_eq!((item.source(), &item.context().origin), (None, &None));
        assert_eq!(item.context().extra.keys().collect::<Vec<_>>(), ["filename"]);
        assert!(item.markings().is_source_hidden());
    }
}
