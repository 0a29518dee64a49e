//! How an object may be handled, beside its TLP colour: closed lists that clauses, objects and the
//! gate share.
//!
//! A fact that is not there is *unknown*. It is never taken for the most open value: a clause that
//! asks for it does not let the object go.
//!
//! Sources: PAP v3 (MISP taxonomy `PAP`); releasability and originator control as in REL TO and
//! ORCON of the IC markings manual; the other lists are this format's own.

use std::fmt;
use std::str::FromStr;

use crate::act::MAX_LABEL;
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::PartyId;

/// Most parties to whom an object may be releasable. As many as an accord may have.
pub const MAX_RELEASABLE: usize = 32;

/// A closed list of words with signed codes, none of which is ever reused or renumbered.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident, $unknown:ident, $what:literal,
     $($(#[$vdoc:meta])* $variant:ident = $code:literal, $word:literal;)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$vdoc])* $variant = $code,)+
        }

        impl $name {
            /// Every value, in the order of its code.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The signed code.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The value with this code, if there is one.
            pub fn from_code(code: u8) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.code() == code)
            }

            /// The word in accords and reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }

            pub(crate) fn read(r: &mut Reader<'_>) -> Result<$name, DecodeError> {
                let code = r.uint8($what)?;
                let fault = DecodeFault::BadValue { what: $what, got: code.into() };
                $name::from_code(code).ok_or_else(|| r.fail(fault))
            }
        }

        #[doc = concat!("The text names no ", $what, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("the text names no {}", $what)]
        pub struct $unknown;

        impl FromStr for $name {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<$name, $unknown> {
                $name::ALL.iter().copied().find(|one| one.name() == text).ok_or($unknown)
            }
        }
    };
}
pub(crate) use closed_list;

closed_list! {
    /// What sort of object. A text may speak of each; a node can hold and release indicators.
    ObjectKind, UnknownObjectKind, "object kind",
    /// An observable with what is said about it.
    Indicator = 1, "indicator";
    /// That an indicator was seen, when and where.
    Sighting = 2, "sighting";
    /// A sample of malware.
    MalwareSample = 3, "malware-sample";
    /// A written report.
    Report = 4, "report";
    /// What is known of a weakness.
    Vulnerability = 5, "vulnerability";
}

closed_list! {
    /// A colour of the Permissible Actions Protocol, version 3. If `a < b`, `a` is more open.
    Pap, UnknownPap, "PAP colour",
    /// Anything may be done with it.
    Clear = 0, "clear";
    /// Active steps are allowed: block, ping, interact.
    Green = 1, "green";
    /// Passive steps with the help of others, such as look-ups at a third party.
    Amber = 2, "amber";
    /// Only what the actor can't notice.
    Red = 3, "red";
}

closed_list! {
    /// What an object is given for.
    Purpose, UnknownPurpose, "purpose",
    /// To defend networks.
    NetworkDefence = 1, "network-defence";
    /// To deal with an incident.
    IncidentResponse = 2, "incident-response";
    /// To study threats.
    ThreatResearch = 3, "threat-research";
    /// To warn the public.
    PublicWarning = 4, "public-warning";
    /// To prosecute.
    LawEnforcement = 5, "law-enforcement";
    /// For intelligence services.
    Intelligence = 6, "intelligence";
}

impl ObjectKind {
    /// Whether a node of this version can hold and release such objects.
    pub const fn is_movable(self) -> bool {
        matches!(self, ObjectKind::Indicator)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Pap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PAP:{}", self.name().to_ascii_uppercase())
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose: a party's, or somebody's who is no party of the accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Somebody's who is no party.
    Third,
    /// This party's.
    Party(PartyId),
}

impl Whose {
    pub(crate) fn write(self, w: &mut Writer) {
        match self {
            Whose::Third => w.array(0),
            Whose::Party(party) => w.array(1).bytes(party.as_bytes()),
        };
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Whose, DecodeError> {
        Ok(match r.array(1)? {
            0 => Whose::Third,
            _ => Whose::Party(PartyId::new(r.fixed()?)),
        })
    }
}

/// What is known of how an object may be handled. None means unknown, but for releasability and
/// originator control: there it means that no such marking is on the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handling {
    /// What it is about, in a word that texts use: `election-system`. At most [`MAX_LABEL`] bytes.
    pub category: Option<String>,
    /// What may be done with it.
    pub pap: Option<Pap>,
    /// From whose territory the threat comes.
    pub threat: Option<Whose>,
    /// What it is given for.
    pub purpose: Option<Purpose>,
    /// To whom alone it may be released: sorted, each once, at most [`MAX_RELEASABLE`].
    pub releasable: Option<Vec<PartyId>>,
    /// Whose consent each release needs.
    pub originator: Option<Whose>,
}

impl Handling {
    /// Whether nothing is known and nothing marked.
    pub fn is_empty(&self) -> bool {
        *self == Handling::default()
    }

    /// Writes the fields that are there, as a map.
    pub(crate) fn write(&self, w: &mut Writer) {
        let there = [
            self.category.is_some(),
            self.pap.is_some(),
            self.threat.is_some(),
            self.purpose.is_some(),
            self.releasable.is_some(),
            self.originator.is_some(),
        ];
        w.map(there.into_iter().filter(|there| *there).count());
        if let Some(category) = &self.category {
            w.uint(1).text(category);
        }
        if let Some(pap) = self.pap {
            w.uint(2).uint(pap.code().into());
        }
        if let Some(threat) = self.threat {
            threat.write(w.uint(3));
        }
        if let Some(purpose) = self.purpose {
            w.uint(4).uint(purpose.code().into());
        }
        if let Some(parties) = &self.releasable {
            w.uint(5).array(parties.len());
            for party in parties {
                w.bytes(party.as_bytes());
            }
        }
        if let Some(originator) = self.originator {
            originator.write(w.uint(6));
        }
    }

    /// Reads what [`Handling::write`] writes.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Handling, DecodeError> {
        let mut fields = r.map()?;
        let mut handling = Handling::default();
        if fields.optional(r, 1)? {
            let category = r.text(MAX_LABEL)?;
            if category.is_empty() {
                return Err(r.fail(DecodeFault::Rule("a category is empty")));
            }
            handling.category = Some(category.to_owned());
        }
        if fields.optional(r, 2)? {
            handling.pap = Some(Pap::read(r)?);
        }
        if fields.optional(r, 3)? {
            handling.threat = Some(Whose::read(r)?);
        }
        if fields.optional(r, 4)? {
            handling.purpose = Some(Purpose::read(r)?);
        }
        if fields.optional(r, 5)? {
            handling.releasable = Some(read_parties(r)?);
        }
        if fields.optional(r, 6)? {
            handling.originator = Some(Whose::read(r)?);
        }
        fields.end(r)?;
        Ok(handling)
    }
}

/// Parties, sorted, each once.
fn read_parties(r: &mut Reader<'_>) -> Result<Vec<PartyId>, DecodeError> {
    let count = r.array(MAX_RELEASABLE)?;
    let mut parties: Vec<PartyId> = Vec::new();
    for _ in 0..count {
        let party = PartyId::new(r.fixed()?);
        if parties.last().is_some_and(|last| *last >= party) {
            return Err(r.fail(DecodeFault::Rule("parties are not sorted or repeat")));
        }
        parties.push(party);
    }
    Ok(parties)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::{Handling, ObjectKind, Pap, PartyId, Purpose, Reader, Whose, Writer};

    pub(crate) fn handling() -> impl Strategy<Value = Handling> {
        use proptest::option::of;
        use proptest::sample::select;
        let party = || (0u8..4).prop_map(|n| PartyId::new([n; 32]));
        let whose = || prop_oneof![Just(Whose::Third), party().prop_map(Whose::Party)];
        let parties = proptest::collection::btree_set(party(), 0..4);
        (
            of("[a-z-]{1,20}"),
            of(select(Pap::ALL)),
            of(whose()),
            of(select(Purpose::ALL)),
            of(parties.prop_map(|all| all.into_iter().collect())),
            of(whose()),
        )
            .prop_map(|(category, pap, threat, purpose, releasable, originator)| {
                Handling { category, pap, threat, purpose, releasable, originator }
            })
    }

    fn bytes(handling: &Handling) -> Vec<u8> {
        let mut w = Writer::new();
        handling.write(&mut w);
        w.into_bytes()
    }

    proptest! {
        #[test]
        fn handling_comes_back(handling in handling()) {
            prop_assert_eq!(Handling::read(&mut Reader::new(&bytes(&handling))).unwrap(), handling);
        }

        #[test]
        fn what_reads_is_written_alike(
            handling in handling(), at in any::<prop::sample::Index>(), value in any::<u8>(),
        ) {
            let mut changed = bytes(&handling);
            let at = at.index(changed.len());
            changed[at] = value;
            let mut r = Reader::new(&changed);
            if let Ok(read) = Handling::read(&mut r) {
                let upto = r.offset();
                prop_assert_eq!(&bytes(&read)[..], &changed[..upto]);
            }
        }
    }

    #[test]
    fn codes_and_words_name_one_value() {
        assert!(ObjectKind::ALL.iter().all(|one| one.name().parse() == Ok(*one)));
        assert!(Pap::ALL.iter().all(|one| Pap::from_code(one.code()) == Some(*one)));
        assert!(Purpose::ALL.iter().all(|one| Purpose::from_code(one.code()) == Some(*one)));
        assert!("white".parse::<Pap>().is_err() && "".parse::<Purpose>().is_err());
        assert_eq!(Pap::from_code(4), None);
        assert!(Pap::Clear < Pap::Red);
    }

    #[test]
    fn parties_out_of_order_are_refused() {
        let (one, two) = (PartyId::new([1; 32]), PartyId::new([2; 32]));
        for list in [vec![two, one], vec![one, one]] {
            let spoilt = Handling { releasable: Some(list), ..Handling::default() };
            assert!(Handling::read(&mut Reader::new(&bytes(&spoilt))).is_err());
        }
        let empty = Handling { category: Some(String::new()), ..Handling::default() };
        assert!(Handling::read(&mut Reader::new(&bytes(&empty))).is_err());
    }
}
