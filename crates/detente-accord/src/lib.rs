//! The text of an accord: parties, definitions, clauses with prose, parameters and rules.
//!
//! A text is the exact bytes of a TOML file; its digest is their SHA-256, so that anyone can check
//! it with `sha256sum`. Reading is strict: what is ambiguous is refused with line and remedy, and a
//! text that is refused can't be proposed, signed or be in force.
//!
//! This crate knows nothing of the record, files, sockets, clocks or entropy.

#![forbid(unsafe_code)]

pub mod align;
mod annex;
mod asks;
mod calendar;
mod clause;
mod confusable;
mod fault;
pub mod field;
mod hidden;
mod language;
mod own_words;
mod parse;
mod parse_annex;
mod parse_clause;
mod parse_definition;
mod parse_match;
mod parse_permit;
mod prose;
mod rolling;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod unit;
mod word;

pub use annex::{Annex, AnnexFault, AnnexKind, MAX_ANNEX, MAX_ANNEXES, UnknownAnnexKind};
pub use asks::{Asks, ThreatFrom};
pub use calendar::{Calendar, MAX_HOLIDAYS, MAX_WORKING_DAYS, UnknownWeekday, Weekday};
pub use clause::{
    Budget, Cap, Clause, ClockStart, Days, Deadline, Forbid, LookupTerms, MatchRule, Oblige, Only,
    Onward, PAYLOAD_BYTES, Pad, Permit, Reciprocity, Rule, Side,
};
pub use confusable::{Confusable, MAX_CONFUSABLES, confusables};
pub use fault::{Fault, Faults};
pub use rolling::{
    Alternative, Change, Choice, FieldView, MAX_CHANGES, MAX_NOTE, MAX_OPTION, MAX_OPTIONS,
    MAX_OWN_UNITS, MAX_QUOTE, MAX_QUOTES, Offer, OpenUnit, OptionView, Piece, Rolling,
    RollingFault, UnitView,
};
pub use terms::{Consent, Entry, Meetings, Reservations, Suspendable, Terms};
pub use unit::{BadUnitKey, MAX_UNIT_KEY, MAX_UNITS, Unit, UnitKey, split};

use self::language::Tongue;
use detente_core::Tlp;
use detente_core::act::ActKind;
use detente_core::key::Suite;
use detente_core::party::Role;
use detente_core::{AccordId, Digest, PartyId};
use detente_core::{Span, UnixSeconds};

/// Most parties of one accord.
pub const MAX_PARTIES: usize = 32;
/// Most pairs of direction (one party to another) and label that prohibitions may name. The
/// exposure table has 140 cells for each: 14 kinds, 5 colours, matched or not.
pub const MAX_ROWS: usize = 8_192;
/// Most categories that a text may name.
pub const MAX_CATEGORIES: usize = 256;
/// Longest slug of an accord, in bytes.
pub const MAX_SLUG: usize = 64;

/// Acts whose power the card alone gives: no text can keep a party from taking a release back, or
/// its auditor from seeing what opens.
const OVERSIGHT: [ActKind; 3] =
    [ActKind::RetractRelease, ActKind::AnswerRetraction, ActKind::AcknowledgeAlert];

/// Whether an accord can be called so: lower-case letters, digits and hyphens, at most
/// [`MAX_SLUG`] of them.
pub fn is_slug(slug: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !slug.is_empty() && slug.len() <= MAX_SLUG && slug.bytes().all(plain)
}

/// A text that was read and holds no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accord {
    /// What the parties call it: `hamburg-0`.
    pub slug: String,
    /// One line for people.
    pub title: String,
    /// How binding it is meant to be.
    pub bindingness: Bindingness,
    /// The suite of signatures that acts under this text must have.
    pub suite: Suite,
    /// Languages of the prose.
    pub languages: Vec<String>,
    /// The language that prevails if they diverge, or none.
    pub prevailing: Option<String>,
    /// When it ends by itself.
    pub expires: UnixSeconds,
    /// The line that says so, from 1.
    pub expires_line: usize,
    /// SHA-256 of the text that it amends; that one keeps governing what happened under it.
    pub amends: Option<Digest>,
    /// From when it governs, at the earliest; none means as soon as all have signed.
    pub effective: Option<UnixSeconds>,
    /// What an unmarked indicator counts as.
    pub default_tlp: Tlp,
    /// The parties in the order of the text.
    pub parties: Vec<Party>,
    /// Authority that the accord narrows.
    pub authorities: Vec<Authority>,
    /// Terms.
    pub definitions: Vec<Definition>,
    /// Files that belong to the text.
    pub annexes: Vec<Annex>,
    /// The clauses in the order of the text.
    pub clauses: Vec<Clause>,
    /// Who may stop, and for how long.
    pub emergency: Emergency,
    /// How a party leaves.
    pub exit: Exit,
    /// How the text lives: entry into force, reservations, suspension, meetings.
    pub terms: Terms,
    /// SHA-256 of the text's bytes.
    pub digest: Digest,
}

/// How binding an accord is meant to be. No rule infers it from form: it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bindingness {
    /// Binding in law.
    Legal,
    /// A political commitment.
    Political,
    /// Between machines and their operators.
    Technical,
}

impl Bindingness {
    /// The word in a text.
    pub const fn name(self) -> &'static str {
        match self {
            Bindingness::Legal => "legal",
            Bindingness::Political => "political",
            Bindingness::Technical => "technical",
        }
    }
}

/// A party as the text names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its short name in this text: `A`.
    pub handle: String,
    /// Its name for people.
    pub name: String,
    /// Its root fingerprint.
    pub id: PartyId,
}

/// What a role of a party may do under this accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The party's handle.
    pub party: String,
    /// The office.
    pub role: Role,
    /// The acts.
    pub may: Vec<ActKind>,
}

/// A term and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The term.
    pub id: String,
    /// What it means.
    pub meaning: Meaning,
    /// Notes by language on how the meanings diverge; none if the term is agreed or nothing is
    /// noted.
    pub note: Vec<(String, String)>,
}

/// What a term means: by language, in the accord's order of languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// To all parties the same.
    Agreed(Vec<(String, String)>),
    /// To each party, by handle, something else; in the accord's order of parties.
    Divergent(Vec<(String, Vec<(String, String)>)>),
}

/// The emergency stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Which roles may stop everything.
    pub stop_by: Vec<Role>,
    /// After this the stop lapses, counted from the act.
    pub lapses: Span,
}

/// How a party leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// How long the notice runs.
    pub notice: Deadline,
    /// Duties that outlive the accord.
    pub survives: Vec<String>,
}

impl Accord {
    /// Reads a text.
    ///
    /// # Errors
    /// [`Faults`] with every fault found, its line and its remedy.
    pub fn parse(text: &[u8]) -> Result<Accord, Faults> {
        parse::parse(text)
    }

    /// What is sound in itself but too late at `now`: the text has expired, or a permission in it.
    pub fn expired(&self, now: UnixSeconds) -> Vec<Fault> {
        let fault = |line, what: String| Fault {
            line,
            code: "expired",
            what,
            remedy: "write a day that is still to come".to_owned(),
        };
        let mut faults = Vec::new();
        if self.expires <= now {
            let what = format!("the text expired at {}: nobody can sign it", self.expires);
            faults.push(fault(self.expires_line, what));
        }
        for clause in &self.clauses {
            if let Some(Rule::Permit(permit)) = &clause.rule
                && let Some(expires) = permit.expires.filter(|expires| *expires <= now)
            {
                let what = format!("the permission of clause {} ended at {expires}", clause.id);
                faults.push(fault(clause.line, what));
            }
        }
        faults
    }

    /// The languages whose words are not known here: in their prose digits and markings after `TLP`
    /// were checked, numbers and periods in words were not.
    pub fn unread_languages(&self) -> Vec<&str> {
        let languages = self.languages.iter().map(String::as_str);
        languages.filter(|tag| Tongue::of(tag) == Tongue::Other).collect()
    }

    /// The accord's id.
    pub fn id(&self) -> AccordId {
        let parties: Vec<PartyId> = self.parties.iter().map(|party| party.id).collect();
        AccordId::derive(&self.slug, &parties)
    }

    /// The party with this id.
    pub fn party(&self, id: PartyId) -> Option<&Party> {
        self.parties.iter().find(|party| party.id == id)
    }

    /// The clause with this id.
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == id)
    }

    /// Whether the accord lets `role` of the party perform `kind`. An accord that says nothing of
    /// a party leaves it to the party's card. Who may stop, the emergency terms alone say: they are
    /// for all parties, and an authority that forgets the stop must not take it away. Nor does one
    /// take away what lets nothing leave: to take a release back, to answer that, to see an alert.
    pub fn allows(&self, party: &str, role: Role, kind: ActKind) -> bool {
        if kind == ActKind::Stop {
            return self.emergency.stop_by.contains(&role);
        }
        if OVERSIGHT.contains(&kind) {
            return true;
        }
        let mut own = self.authorities.iter().filter(|a| a.party == party).peekable();
        own.peek().is_none() || own.any(|a| a.role == role && a.may.contains(&kind))
    }
}
