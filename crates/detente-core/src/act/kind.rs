//! The closed list of acts.

use std::fmt;
use std::str::FromStr;

use crate::encode::{DecodeError, DecodeFault, Reader};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal;)*) => {
        /// What sort of statement an act is. Codes are signed: never reused or renumbered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum ActKind { $($(#[$doc])* $variant = $code,)* }

        impl ActKind {
            /// Every kind in the order of its code.
            pub const ALL: &'static [ActKind] = &[$(ActKind::$variant),*];

            /// The name in accords and reports.
            pub const fn name(self) -> &'static str {
                match self { $(ActKind::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// A party enters its root-signed card: the first act of each log, by any key on the card.
    Designate = 1, "designate";
    /// Puts a text forward.
    Propose = 2, "propose";
    /// Binds the party to a text, by digest.
    Sign = 3, "sign";
    /// Declines a text, by digest.
    Refuse = 4, "refuse";
    /// Gives notice of leaving.
    Denounce = 5, "denounce";
    /// Stops everything that leaves, at once.
    Stop = 6, "stop";
    /// Lifts the party's own stop.
    Resume = 7, "resume";
    /// Offers a matching run with its terms and a commitment to the set.
    OfferMatch = 8, "offer-match";
    /// Takes up an offered run, with a commitment to the own set.
    AnswerMatch = 9, "answer-match";
    /// Says how a run ended: its outcome, or who aborted it and why.
    CloseMatch = 10, "close-match";
    /// Lets objects leave, each under a named clause.
    Release = 11, "release";
    /// Acknowledges a release.
    Receipt = 12, "receipt";
    /// Puts a filter up for the other side to look up in.
    PublishFilter = 13, "publish-filter";
    /// Puts an idea forward without a text.
    Float = 14, "float";
    /// Supports clauses, a text or a matter in principle.
    Support = 15, "support";
    /// Keeps the party's position open.
    ReservePosition = 16, "reserve-position";
    /// Agrees, if the party's capital does.
    AgreeAdReferendum = 17, "agree-ad-referendum";
    /// Initials a text: these are the words.
    Initial = 18, "initial";
    /// Signs a text, if the party's capital confirms.
    SignAdReferendum = 19, "sign-ad-referendum";
    /// Stands by an earlier act of the party that was without authority, alone or ad referendum.
    Confirm = 20, "confirm";
    /// Consents to be bound by a text that the party has signed.
    Ratify = 21, "ratify";
    /// Consents to be bound by a text without having signed it.
    Accede = 22, "accede";
    /// Applies clauses of a text before it is in force.
    AdoptProvisionally = 23, "adopt-provisionally";
    /// Declines clauses of a text or a matter in no text.
    Decline = 24, "decline";
    /// Takes an earlier act of the party back.
    Retract = 25, "retract";
    /// Corrects an error in a text, if all parties do the same.
    Correct = 26, "correct";
    /// Excludes clauses of a text for the party.
    Reserve = 27, "reserve";
    /// Objects to the reservation of another party.
    Object = 28, "object";
    /// Accepts the reservation of another party.
    Accept = 29, "accept";
    /// Says how the party reads clauses of a text, without effect on them.
    Declare = 30, "declare";
    /// Holds up clauses of the text in force, by direction.
    Suspend = 31, "suspend";
    /// Holds up clauses in answer to an act of the other side.
    Countermeasure = 32, "countermeasure";
    /// Does not recognise a suspension or countermeasure of the other side.
    Contest = 33, "contest";
    /// Takes the party's notice of leaving back.
    RevokeNotice = 34, "revoke-notice";
    /// Puts words or units of the rolling text into brackets, with options.
    Bracket = 35, "bracket";
    /// Attaches a statement made outside the record, by digest.
    Attach = 36, "attach";
    /// Files the party's account of a meeting.
    Readout = 37, "readout";
    /// Asks the originator of received objects whether they may go on to another party.
    AskConsent = 38, "ask-consent";
    /// Lets received objects go on, as their originator.
    Consent = 39, "consent";
    /// Does not let them go on.
    RefuseConsent = 40, "refuse-consent";
    /// Shows a consent that stands in another accord's record.
    PresentConsent = 41, "present-consent";
    /// Takes a release of the party back, whole or in part, or narrows its marking.
    RetractRelease = 42, "retract-release";
    /// Says what the party has done about a retraction of another.
    AnswerRetraction = 43, "answer-retraction";
    /// The auditor has seen that more may leave than before.
    AcknowledgeAlert = 44, "acknowledge-alert";
    /// Says what came of received objects.
    Feedback = 46, "feedback";
    /// Says that received objects are no longer kept.
    Erase = 47, "erase";
    /// A key follows another in its office.
    RotateKey = 50, "rotate-key";
    /// A key is no longer good.
    RevokeKey = 51, "revoke-key";
    /// A key acts for another within a part of its powers, until a time.
    Delegate = 52, "delegate";
}

impl ActKind {
    /// The signed code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether acts of this kind change which keys the party has. Their bodies carry statements
    /// that are signed by themselves, and can't be withheld.
    pub const fn moves_keys(self) -> bool {
        matches!(
            self,
            ActKind::Designate | ActKind::RotateKey | ActKind::RevokeKey | ActKind::Delegate
        )
    }

    /// The kind with this code.
    pub fn from_code(code: u8) -> Option<ActKind> {
        ActKind::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// Reads a code.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<ActKind, DecodeError> {
        let code = r.uint8("act kind")?;
        ActKind::from_code(code)
            .ok_or_else(|| r.fail(DecodeFault::BadValue { what: "act kind", got: code.into() }))
    }
}

impl fmt::Display for ActKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown act {0:?}")]
pub struct UnknownAct(pub String);

impl FromStr for ActKind {
    type Err = UnknownAct;

    fn from_str(text: &str) -> Result<ActKind, UnknownAct> {
        ActKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownAct(text.chars().take(64).collect()))
    }
}
