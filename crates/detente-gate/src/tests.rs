//! Texts made from drafts, and states in which they are in force.

mod cedar;
mod contexts;
mod enter;
mod exposure;
mod handling;
mod laws;
mod release;
mod transform;
mod verdict;

use detente_accord::Accord;
use detente_core::act::ObjectFacts;
use detente_core::{Kind, Pap, PartyId, Purpose, Span, Tlp, Transform, UnixSeconds};
use detente_state::{InForce, Released, State, TextState};

use crate::{Question, Rules, Verdict, decide};

/// The second at which the tests ask.
pub(crate) const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);

/// What a rule asks of facts beside kind and colour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct More {
    pub(crate) categories: Vec<&'static str>,
    /// Handles, `third` or `unknown`.
    pub(crate) threat: Vec<&'static str>,
    pub(crate) purposes: Vec<Purpose>,
    /// The ceiling of a permission, the floor of a prohibition.
    pub(crate) pap: Option<Pap>,
}

impl More {
    fn shown(&self, pap: &str) -> String {
        let mut shown = String::new();
        for (there, name) in [
            (!self.categories.is_empty(), "categories"),
            (!self.threat.is_empty(), "threat_origin"),
            (!self.purposes.is_empty(), "purposes"),
            (self.pap.is_some(), pap),
        ] {
            shown.push_str(&if there { format!(" {{{name}}}") } else { String::new() });
        }
        shown
    }

    fn text(&self, pap: &str) -> String {
        let mut text = String::new();
        let mut list = |name: &str, words: String| {
            if !words.is_empty() {
                text.push_str(&format!("{name} = [{words}]\n"));
            }
        };
        list("categories", quoted(&self.categories));
        list("threat_origin", quoted(&self.threat));
        list("purposes", quoted(&self.purposes));
        if let Some(colour) = self.pap {
            text.push_str(&format!("{pap} = {:?}\n", colour.name()));
        }
        text
    }
}

/// A permission to be written into a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allow {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) matched: bool,
    pub(crate) max_tlp: Tlp,
    /// Objects and bytes in thirty days.
    pub(crate) cap: Option<(u64, Option<u64>)>,
    pub(crate) expires: Option<&'static str>,
    pub(crate) more: More,
    /// Only what is marked releasable to the receiver.
    pub(crate) listed: bool,
    pub(crate) transforms: Vec<Transform>,
    /// Give, take and slack in ninety days.
    pub(crate) ratio: Option<(u64, u64, u64)>,
}

/// A prohibition to be written into a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ban {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) min_tlp: Option<Tlp>,
    pub(crate) more: More,
}

/// A clause with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Draft {
    Allow(String, Allow),
    Ban(String, Ban),
    /// A matching clause between A and B over domains and addresses.
    Match(String),
    /// The same, with contexts.
    Payload(String),
}

/// Anything of domain kind may leave, up to amber.
pub(crate) fn allow() -> Allow {
    Allow {
        from: "*",
        to: "*",
        kinds: vec![Kind::Domain],
        matched: false,
        max_tlp: Tlp::Amber,
        cap: None,
        expires: None,
        more: More::default(),
        listed: false,
        transforms: Vec::new(),
        ratio: None,
    }
}

/// Everything is forbidden.
pub(crate) fn ban() -> Ban {
    Ban {
        from: "*",
        to: "*",
        kinds: Vec::new(),
        labels: Vec::new(),
        min_tlp: None,
        more: More::default(),
    }
}

fn quoted<T: ToString>(words: impl IntoIterator<Item = T>) -> String {
    let words = words.into_iter().map(|word| format!("{:?}", word.to_string()));
    words.collect::<Vec<_>>().join(", ")
}

impl Draft {
    fn text(&self) -> String {
        let (id, shown, rule) = match self {
            Draft::Allow(id, rule) => (id, rule.shown(), rule.text()),
            Draft::Ban(id, rule) => (id, rule.shown(), rule.text()),
            Draft::Match(id) => (id, MATCH_SHOWN.to_owned(), MATCH.to_owned()),
            Draft::Payload(id) => {
                let with = "mode = \"payload\", payload_bytes = 512";
                let rule = MATCH.replace("mode = \"which\"", with);
                (id, format!("{MATCH_SHOWN} {{payload_bytes}}"), rule)
            }
        };
        format!("[[clause]]\nid = \"{id}\"\nprose.en = \"A rule. {shown}\"\n{rule}\n")
    }
}

const MATCH: &str = "match = { between = [\"A\", \"B\"], kinds = [\"domain\", \"ipv4\"], \
    mode = \"which\", answer = \"both\", max_items = 1000, pad = \"none\", \
    budget = { runs = 4, items = 4000, per = \"P30D\" } }";
const MATCH_SHOWN: &str = "{between} {kinds} {mode} {answer} {pad} \
    {max_items} {budget.runs} {budget.items} {budget.per}";

impl Allow {
    fn shown(&self) -> String {
        let mut shown = "{from} {to} {kinds} {only} {max_tlp}".to_owned();
        if let Some((_, bytes)) = self.cap {
            shown.push_str(" {cap.count} {cap.per}");
            shown.push_str(if bytes.is_some() { " {cap.bytes}" } else { "" });
        }
        shown.push_str(if self.expires.is_some() { " {expires}" } else { "" });
        shown.push_str(if self.listed { " {releasable}" } else { "" });
        shown.push_str(if self.transforms.is_empty() { "" } else { " {transform}" });
        if self.ratio.is_some() {
            shown.push_str(
                " {reciprocity.give} {reciprocity.take} {reciprocity.slack} {reciprocity.per}",
            );
        }
        shown + &self.more.shown("max_pap")
    }

    fn text(&self) -> String {
        let kinds = quoted(&self.kinds);
        let only = if self.matched { "matched" } else { "any" };
        let mut text = format!(
            "[clause.permit]\nfrom = {:?}\nto = {:?}\nobject = \"indicator\"\nkinds = [{kinds}]\n\
             only = \"{only}\"\nmax_tlp = {:?}\n",
            self.from,
            self.to,
            self.max_tlp.name(),
        );
        if let Some((count, bytes)) = self.cap {
            let bytes = bytes.map_or(String::new(), |bytes| format!("bytes = {bytes}, "));
            text.push_str(&format!("cap = {{ count = {count}, {bytes}per = \"P30D\" }}\n"));
        }
        if let Some(expires) = self.expires {
            text.push_str(&format!("expires = {expires:?}\n"));
        }
        text.push_str(if self.listed { "releasable = \"listed\"\n" } else { "" });
        if !self.transforms.is_empty() {
            text.push_str(&format!("transform = [{}]\n", quoted(&self.transforms)));
        }
        if let Some((give, take, slack)) = self.ratio {
            text.push_str(&format!(
                "reciprocity = {{ give = {give}, take = {take}, slack = {slack}, per = \"P90D\" }}\n"
            ));
        }
        text + &self.more.text("max_pap")
    }
}

impl Ban {
    fn shown(&self) -> String {
        let labels = if self.labels.is_empty() { "" } else { "{labels} " };
        let tlp = if self.min_tlp.is_some() { "{min_tlp}" } else { "" };
        let kinds = if self.kinds.is_empty() { "" } else { "{kinds} " };
        format!("{{from}} {{to}} {kinds}{labels}{tlp}{}", self.more.shown("min_pap"))
    }

    fn text(&self) -> String {
        let mut text = format!(
            "[clause.forbid]\nfrom = {:?}\nto = {:?}\nobject = \"indicator\"\n",
            self.from, self.to
        );
        if !self.kinds.is_empty() {
            text.push_str(&format!("kinds = [{}]\n", quoted(&self.kinds)));
        }
        if !self.labels.is_empty() {
            text.push_str(&format!("labels = [{}]\n", quoted(&self.labels)));
        }
        if let Some(tlp) = self.min_tlp {
            text.push_str(&format!("min_tlp = {:?}\n", tlp.name()));
        }
        text + &self.more.text("min_pap")
    }
}

/// The id of a party by its handle.
pub(crate) fn id(handle: &str) -> PartyId {
    PartyId::new([handle.as_bytes()[0]; 32])
}

/// A text between A, B and C with these clauses.
#[track_caller]
pub(crate) fn accord(clauses: &[Draft]) -> Accord {
    let mut text = "format = 1\n\n[accord]\nid = \"gate-0\"\ntitle = \"A test\"\n\
        bindingness = \"technical\"\nlanguages = [\"en\"]\nprevailing = \"none\"\n\
        expires = \"2030-12-31\"\ndefault_tlp = \"amber\"\n\n"
        .to_owned();
    for handle in ["A", "B", "C"] {
        text.push_str(&format!(
            "[[party]]\nid = \"{handle}\"\nname = \"CERT {handle}\"\nroot = \"{}\"\n\n",
            id(handle)
        ));
    }
    for clause in clauses {
        text.push_str(&clause.text());
    }
    text.push_str(
        "\n[emergency]\nstop_by = [\"duty-officer\"]\nlapses = \"P10D\"\nclock = \"act\"\n\n\
         [exit]\nnotice = \"P90D\"\nclock = \"act\"\n",
    );
    Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

/// One permission, numbered 1.
pub(crate) fn only(rule: Allow) -> Accord {
    accord(&[Draft::Allow("1".to_owned(), rule)])
}

/// A state in which the text has been in force since an hour.
pub(crate) fn in_force(accord: Accord) -> State {
    let ids: Vec<PartyId> = accord.parties.iter().map(|party| party.id).collect();
    let since = NOW.minus(Span::seconds(3_600));
    let mut state = State::new(accord.id(), &ids);
    let text = accord.digest;
    state.in_force = Some(InForce { text, since });
    let known = TextState::agreed(accord, Vec::new(), since);
    state.texts.insert(text, known);
    state
}

/// A green domain without labels.
pub(crate) fn facts() -> ObjectFacts {
    ObjectFacts {
        object: detente_core::ObjectKind::Indicator,
        handling: detente_core::Handling::default(),
        kind: Kind::Domain,
        tlp: Tlp::Green,
        marking_unknown: false,
        labels: Vec::new(),
        bytes: 100,
    }
}

/// Nothing stands in the way and nothing is used; the object is matched.
pub(crate) fn question<'a>(accord: &Accord, facts: &'a ObjectFacts) -> Question<'a> {
    Question {
        // Left until the test ends, so that each test need not keep it.
        rules: Ok(Box::leak(Box::new(Rules::new(accord)))),
        stopped_by: None,
        held: &|_| None,
        from: "A",
        to: "B",
        facts,
        matched: true,
        consent: Err(detente_state::ConsentGap::Missing),
        now: NOW,
        used: &|_, _| Released::default(),
        came: &|_| 0,
        size: &|_| 100,
        under: None,
    }
}

pub(crate) fn ask(accord: &Accord, facts: &ObjectFacts) -> Verdict {
    decide(&question(accord, facts))
}

/// The clause that lets the object go.
#[track_caller]
pub(crate) fn clause_of(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Allow(allowance) => &allowance.clause,
        Verdict::Deny(denial) => panic!("{denial}"),
    }
}

/// Why the object stays.
#[track_caller]
pub(crate) fn denied(verdict: Verdict) -> crate::Denial {
    match verdict {
        Verdict::Allow(allowance) => panic!("{allowance:?}"),
        Verdict::Deny(denial) => denial,
    }
}
