//! Taking a release back, or narrowing the marking of what it brought, and what the receiver has
//! done about it.
//!
//! Neither carries anything of what it is about but addresses, so that both may go while a stop or
//! a suspension holds. What an answer says is its author's word: nothing proves that bytes are
//! gone.

use std::str::FromStr;

use crate::act::stance::{check_note, read_time};
use crate::act::{MAX_MANIFEST, MAX_NOTE, read_tlp, rule};
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::handling::{Pap, Whose, closed_list};
use crate::id::Digest;
use crate::time::UnixSeconds;
use crate::tlp::Tlp;

/// Most others to whom an answer says that something was passed on. As many as an accord may have
/// parties.
pub const MAX_PASSED: usize = 32;

closed_list! {
    /// Why a release is taken back.
    RetractReason, UnknownRetractReason, "reason for a retraction",
    /// It is not so.
    Wrong = 1, "wrong";
    /// It was taken for a threat and is none.
    FalsePositive = 2, "false-positive";
    /// Its marking has changed: who has it may no longer use it as before.
    MarkingChanged = 3, "marking-changed";
    /// Whoever it came from has taken it back.
    SourceWithdrew = 4, "source-withdrew";
    /// A court or an authority orders it.
    LegalOrder = 5, "legal-order";
    /// Something else, in words.
    Other = 6, "other";
}

closed_list! {
    /// What the receiver has done with what was taken back.
    Done, UnknownDone, "deed",
    /// It is out of use: no live indicator, in no run, filter or release. Its bytes are kept beside
    /// the record.
    OutOfUse = 1, "out-of-use";
    /// Its bytes are erased.
    Erased = 2, "erased";
    /// It is kept although it was taken back, for the reason in words: a legal hold.
    Kept = 3, "kept";
    /// It had never arrived.
    Absent = 4, "absent";
    /// The narrower marking holds from now on.
    Narrowed = 5, "narrowed";
}

closed_list! {
    /// What became of the receiver's own indicators of the same value.
    OwnCopies, UnknownOwnCopies, "choice on own indicators",
    /// There are none.
    None = 1, "none";
    /// They stand: the receiver has them of its own.
    Stand = 2, "stand";
    /// They enter no run, filter or release any more: the receiver has them from what was taken
    /// back.
    HeldOut = 3, "held-out";
}

/// A release is taken back, whole or in part; or what it brought is marked more narrowly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retraction {
    /// The release, by the digest of its leaf.
    pub release: Digest,
    /// The objects by their addresses, ascending, at most [`MAX_MANIFEST`]; none means all of it.
    pub objects: Vec<Digest>,
    /// Why.
    pub reason: RetractReason,
    /// In words; needed if the reason is another one. At most [`MAX_NOTE`] bytes.
    pub words: String,
    /// The colour from now on, if the objects stay with the receiver. With the reason
    /// [`RetractReason::MarkingChanged`] alone, and so the next.
    pub tlp: Option<Tlp>,
    /// The PAP colour from now on.
    pub pap: Option<Pap>,
    /// The retraction that this one passes on, by the digest of its leaf: it stands in the record
    /// of another accord, or of this one.
    pub because: Option<Digest>,
}

impl Retraction {
    /// Whether the objects stay with the receiver under a narrower marking.
    pub const fn narrows(&self) -> bool {
        self.tlp.is_some() || self.pap.is_some()
    }

    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.objects.len() > MAX_MANIFEST {
            return Err("the retraction names too many objects");
        }
        if !self.objects.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("objects are not in ascending order");
        }
        if self.narrows() && self.reason != RetractReason::MarkingChanged {
            return Err("a narrower marking has a changed marking as its reason");
        }
        if self.reason == RetractReason::Other && self.words.trim().is_empty() {
            return Err("another reason must be said in words");
        }
        check_note(&self.words)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        let optional = [self.tlp.is_some(), self.pap.is_some(), self.because.is_some()].into_iter();
        w.map(4 + optional.filter(|there| *there).count());
        w.uint(1).bytes(self.release.as_bytes());
        w.uint(2).array(self.objects.len());
        for object in &self.objects {
            w.bytes(object.as_bytes());
        }
        w.uint(3).uint(self.reason.code().into());
        w.uint(4).text(&self.words);
        if let Some(tlp) = self.tlp {
            w.uint(5).uint(tlp.code().into());
        }
        if let Some(pap) = self.pap {
            w.uint(6).uint(pap.code().into());
        }
        if let Some(because) = &self.because {
            w.uint(7).bytes(because.as_bytes());
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Retraction, DecodeError> {
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let release = Digest::new(r.fixed()?);
        fields.required(r, 2)?;
        let count = r.array(MAX_MANIFEST)?;
        // Not `with_capacity(count)`: the peer has not paid for the objects yet.
        let mut objects = Vec::new();
        for _ in 0..count {
            objects.push(Digest::new(r.fixed()?));
        }
        fields.required(r, 3)?;
        let reason = RetractReason::read(r)?;
        fields.required(r, 4)?;
        let words = r.text(MAX_NOTE)?.to_owned();
        let tlp = if fields.optional(r, 5)? { Some(read_tlp(r)?) } else { None };
        let pap = if fields.optional(r, 6)? { Some(Pap::read(r)?) } else { None };
        let because = if fields.optional(r, 7)? { Some(Digest::new(r.fixed()?)) } else { None };
        fields.end(r)?;
        let read = Retraction { release, objects, reason, words, tlp, pap, because };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}

/// Something that was passed on before it was taken back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passed {
    /// To whom: [`Whose::Third`] if the receiver does not name them.
    pub to: Whose,
    /// The retraction that went there, by the digest of its leaf; none if none has gone yet.
    pub retraction: Option<Digest>,
    /// When that one was answered, by the clock of whoever answered.
    pub answered: Option<UnixSeconds>,
}

/// What the receiver says that it has done about a retraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetractionAnswer {
    /// The retraction, by the digest of its leaf.
    pub retraction: Digest,
    /// What was done.
    pub done: Done,
    /// Why; needed if it is kept. At most [`MAX_NOTE`] bytes.
    pub words: String,
    /// What became of the receiver's own indicators of the same value.
    pub own: OwnCopies,
    /// To whom it had gone on, ascending, at most [`MAX_PASSED`].
    pub passed: Vec<Passed>,
}

impl RetractionAnswer {
    /// Whether it says all that it must.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.done == Done::Kept && self.words.trim().is_empty() {
            return Err("what is kept is kept for a reason");
        }
        if self.passed.len() > MAX_PASSED {
            return Err("it was passed on to too many");
        }
        if !self.passed.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("those to whom it went on are not in ascending order");
        }
        if self.passed.iter().any(|on| on.answered.is_some() && on.retraction.is_none()) {
            return Err("an answer came to a retraction that is not named");
        }
        check_note(&self.words)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.array(5).bytes(self.retraction.as_bytes()).uint(self.done.code().into());
        w.text(&self.words).uint(self.own.code().into()).array(self.passed.len());
        for on in &self.passed {
            on.to.write(w.array(3));
            w.array(usize::from(on.retraction.is_some()));
            if let Some(retraction) = &on.retraction {
                w.bytes(retraction.as_bytes());
            }
            w.array(usize::from(on.answered.is_some()));
            if let Some(answered) = on.answered {
                w.uint(answered.get());
            }
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<RetractionAnswer, DecodeError> {
        r.tuple(5)?;
        let retraction = Digest::new(r.fixed()?);
        let done = Done::read(r)?;
        let words = r.text(MAX_NOTE)?.to_owned();
        let own = OwnCopies::read(r)?;
        let mut passed = Vec::new();
        for _ in 0..r.array(MAX_PASSED)? {
            r.tuple(3)?;
            let to = Whose::read(r)?;
            let retraction = if r.array(1)? == 1 { Some(Digest::new(r.fixed()?)) } else { None };
            let answered = if r.array(1)? == 1 { Some(read_time(r)?) } else { None };
            passed.push(Passed { to, retraction, answered });
        }
        let read = RetractionAnswer { retraction, done, words, own, passed };
        read.check().map_err(|words| rule(r.offset(), words))?;
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::{
        Digest, Done, OwnCopies, Pap, Passed, RetractReason, Retraction, RetractionAnswer, Tlp,
        UnixSeconds, Whose,
    };
    use crate::id::PartyId;

    fn digest() -> impl Strategy<Value = Digest> {
        any::<[u8; 32]>().prop_map(Digest::new)
    }

    pub(crate) fn retraction() -> impl Strategy<Value = Retraction> {
        use proptest::option::of;
        use proptest::sample::select;
        let objects = proptest::collection::btree_set(digest(), 0..5);
        let marking = (of(select(Tlp::ALL.to_vec())), of(select(Pap::ALL)));
        let reason = select(RetractReason::ALL);
        (digest(), objects, reason, "[a-z]{1,9}", marking, of(digest())).prop_map(
            |(release, objects, reason, words, (tlp, pap), because)| {
                let changed = reason == RetractReason::MarkingChanged;
                Retraction {
                    release,
                    objects: objects.into_iter().collect(),
                    reason,
                    words,
                    tlp: tlp.filter(|_| changed),
                    pap: pap.filter(|_| changed),
                    because,
                }
            },
        )
    }

    pub(crate) fn answer() -> impl Strategy<Value = RetractionAnswer> {
        use proptest::option::of;
        use proptest::sample::select;
        let on = (0u8..4, of(digest()), of(0u64..1 << 32)).prop_map(|(to, retraction, time)| {
            let to = if to == 0 { Whose::Third } else { Whose::Party(PartyId::new([to; 32])) };
            let answered = retraction.and(time).map(UnixSeconds::new);
            Passed { to, retraction, answered }
        });
        let passed = proptest::collection::btree_set(on, 0..4);
        (digest(), select(Done::ALL), "[a-z]{1,9}", select(OwnCopies::ALL), passed).prop_map(
            |(retraction, done, words, own, passed)| RetractionAnswer {
                retraction,
                done,
                words,
                own,
                passed: passed.into_iter().collect(),
            },
        )
    }

    #[test]
    fn what_says_too_little_or_contradicts_itself_is_refused() {
        let one = Digest::new([1; 32]);
        let sound = Retraction {
            release: one,
            objects: vec![one],
            reason: RetractReason::Wrong,
            words: String::new(),
            tlp: None,
            pap: None,
            because: None,
        };
        assert_eq!(sound.check(), Ok(()));
        for spoilt in [
            Retraction { objects: vec![one, one], ..sound.clone() },
            Retraction { tlp: Some(Tlp::Red), ..sound.clone() },
            Retraction { reason: RetractReason::Other, ..sound.clone() },
            Retraction { words: "a\u{202e}b".to_owned(), ..sound },
        ] {
            assert!(spoilt.check().is_err(), "{spoilt:?}");
        }
        let sound = RetractionAnswer {
            retraction: one,
            done: Done::OutOfUse,
            words: String::new(),
            own: OwnCopies::None,
            passed: Vec::new(),
        };
        assert_eq!(sound.check(), Ok(()));
        let answered = Some(UnixSeconds::new(9));
        let on = Passed { to: Whose::Third, retraction: None, answered: None };
        for spoilt in [
            RetractionAnswer { done: Done::Kept, ..sound.clone() },
            RetractionAnswer { passed: vec![on.clone(), on.clone()], ..sound.clone() },
            RetractionAnswer { passed: vec![Passed { answered, ..on }], ..sound },
        ] {
            assert!(spoilt.check().is_err(), "{spoilt:?}");
        }
    }
}
