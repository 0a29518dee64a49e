//! Consent of an originator: what was asked, how it was answered, what was shown of another
//! accord's record, and whether a consent carries a release.
//!
//! A release is judged by what its author had seen ([`Logs::fold_known_to`](super::Logs)): a
//! consent that was taken back carries nothing from the act on that had seen it, however either is
//! dated. An end in time is judged by the release's own time, and by the clocks of originator and
//! receiver as far as the author had seen their logs: a release that is dated back does not
//! outlive them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Effect, PartyState, State};
use detente_core::act::{
    Act, ActKind, Consent, ConsentAsk, ConsentRefusal, ConsentScope, Header, Presented,
};
use detente_core::{AccordId, Digest, PartyId, Purpose, UnixSeconds};

/// Most requests of one party that wait for an answer. Count: a desk that lets more lie can't be
/// asked more.
pub const MAX_OPEN_ASKS: usize = 64;
/// Requests of a party for what it never had that are looked up; each costs a search of all that it
/// acknowledged. Its own node enters none.
pub const MAX_VOID_ASKS: u32 = 256;

/// What became of requests for consent.
#[derive(Clone, Debug, Default)]
pub struct Consents {
    /// Requests, by the digest of their leaves.
    asks: BTreeMap<Digest, ConsentAsked>,
    /// The request that each consent answers.
    given: BTreeMap<Digest, Digest>,
    /// Consents of other accords that were shown in this one.
    shown: BTreeMap<Digest, Shown>,
    /// Requests that wait, by who asked.
    open: BTreeMap<PartyId, Vec<Digest>>,
    /// How many requests for what the asker never had were looked up, by who asked.
    voided: BTreeMap<PartyId, u32>,
}

/// A request on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentAsked {
    /// The request, by the digest of its leaf.
    pub act: Digest,
    /// When, by the asker's clock.
    pub time: UnixSeconds,
    /// What is asked; its scope names the asker.
    pub ask: Arc<ConsentAsk>,
    /// What became of it.
    pub answer: ConsentAnswer,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// It waits.
    Open,
    /// The asker has taken it back.
    Withdrawn,
    /// The originator does not consent.
    Refused {
        /// When, by the originator's clock.
        time: UnixSeconds,
        /// Why.
        reason: String,
    },
    /// The originator consents.
    Given {
        /// The consent, by the digest of its leaf.
        act: Digest,
        /// When, by the originator's clock.
        time: UnixSeconds,
        /// To what.
        consent: Arc<Consent>,
        /// When the originator took it back, if it did.
        retracted: Option<UnixSeconds>,
    },
}

/// A consent of another accord, shown in this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The act that shows it, by the digest of its leaf.
    pub by_act: Digest,
    /// Who consented.
    pub originator: PartyId,
    /// Its name, as its card says.
    pub name: String,
    /// In whose record the consent stands.
    pub accord: AccordId,
    /// To what.
    pub consent: Arc<Consent>,
}

/// What a release asks of a consent.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'a> {
    /// Who releases.
    pub holder: PartyId,
    /// Who receives.
    pub receiver: PartyId,
    /// Under which clause.
    pub clause: &'a str,
    /// The party under whose control the object is marked.
    pub originator: PartyId,
    /// For what the object is marked as given.
    pub purpose: Option<Purpose>,
    /// The object's address as it leaves; none if it is not known yet.
    pub address: Option<Digest>,
    /// The time of the release.
    pub now: UnixSeconds,
}

/// Why an originator's consent does not carry a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentGap {
    /// None is named.
    #[error("its originator must consent to each release, and no consent is named")]
    Missing,
    /// The one named is not on record.
    #[error("the consent that is named is not on record")]
    Unknown,
    /// It is another party's.
    #[error("the consent that is named is not its originator's")]
    OtherOriginator,
    /// It lets another party pass on, or another accord.
    #[error("its originator's consent is not for this party under this accord")]
    OtherHolder,
    /// It is for another receiver.
    #[error("its originator's consent is for another receiver")]
    OtherReceiver,
    /// It is for another clause.
    #[error("its originator's consent is for another clause")]
    OtherClause,
    /// It is for another purpose.
    #[error("its originator's consent is for another purpose")]
    OtherPurpose,
    /// It does not name the object as it would leave.
    #[error("its originator's consent does not name it as it would leave")]
    OtherObject,
    /// It has ended.
    #[error("its originator's consent ended on {0}")]
    Expired(UnixSeconds),
    /// It was taken back.
    #[error("its originator has taken the consent back")]
    Retracted,
}

impl ConsentGap {
    /// A stable machine code.
    pub const fn code(self) -> &'static str {
        match self {
            ConsentGap::Missing => "consent_missing",
            ConsentGap::Unknown => "consent_unknown",
            ConsentGap::OtherOriginator => "consent_other_originator",
            ConsentGap::OtherHolder => "consent_other_holder",
            ConsentGap::OtherReceiver => "consent_other_receiver",
            ConsentGap::OtherClause => "consent_other_clause",
            ConsentGap::OtherPurpose => "consent_other_purpose",
            ConsentGap::OtherObject => "consent_other_object",
            ConsentGap::Expired(_) => "consent_expired",
            ConsentGap::Retracted => "consent_retracted",
        }
    }
}

impl Consents {
    /// Every request, in the order of its digest.
    pub fn asks(&self) -> impl Iterator<Item = &ConsentAsked> {
        self.asks.values()
    }

    /// The request with this digest.
    pub fn ask(&self, act: Digest) -> Option<&ConsentAsked> {
        self.asks.get(&act)
    }

    /// The request that a consent answers.
    pub fn asked_by(&self, consent: Digest) -> Option<&ConsentAsked> {
        self.asks.get(self.given.get(&consent)?)
    }

    /// A consent of another accord that was shown in this one.
    pub fn shown(&self, consent: Digest) -> Option<&Shown> {
        self.shown.get(&consent)
    }

    /// Every consent of another accord that was shown in this one.
    pub fn all_shown(&self) -> impl Iterator<Item = (&Digest, &Shown)> {
        self.shown.iter()
    }

    /// Requests of a party that wait at this time, without those whose end has come.
    fn waiting(&mut self, party: PartyId, now: UnixSeconds) -> &mut Vec<Digest> {
        let asks = &self.asks;
        let waits = |act: &Digest| {
            let asked = asks.get(act);
            asked.is_some_and(|asked| {
                asked.answer == ConsentAnswer::Open && asked.ask.scope.expires > now
            })
        };
        let open = self.open.entry(party).or_default();
        open.retain(waits);
        open
    }
}

impl State {
    /// Whether a consent of this accord stands at a time: it is on record, was not taken back, and
    /// has not ended. Gives its originator and what was consented to.
    ///
    /// # Errors
    /// [`ConsentGap`].
    pub fn consent_stands(
        &self,
        act: Digest,
        now: UnixSeconds,
    ) -> Result<(PartyId, Arc<Consent>), ConsentGap> {
        let (originator, consent) = match self.consents.asked_by(act) {
            Some(ConsentAsked {
                ask,
                answer: ConsentAnswer::Given { consent, retracted, .. },
                ..
            }) => {
                if retracted.is_some() {
                    return Err(ConsentGap::Retracted);
                }
                (ask.originator, consent)
            }
            _ => match self.consents.shown.get(&act) {
                Some(shown) => (shown.originator, &shown.consent),
                None => return Err(ConsentGap::Unknown),
            },
        };
        let scope = &consent.scope;
        let clock = |party: PartyId| self.parties.get(&party).and_then(PartyState::last);
        let known = [clock(originator), clock(scope.receiver)].into_iter().flatten();
        let latest = known.fold(now, UnixSeconds::max);
        if latest >= scope.expires {
            return Err(ConsentGap::Expired(scope.expires));
        }
        Ok((originator, Arc::clone(consent)))
    }

    /// Whether a consent carries the release of one object.
    ///
    /// # Errors
    /// [`ConsentGap`].
    pub fn consented(&self, act: Option<Digest>, passing: &Passing<'_>) -> Result<(), ConsentGap> {
        let act = act.ok_or(ConsentGap::Missing)?;
        let (originator, consent) = self.consent_stands(act, passing.now)?;
        let scope = &consent.scope;
        let gap = if originator != passing.originator {
            ConsentGap::OtherOriginator
        } else if (scope.holder, scope.accord) != (passing.holder, self.accord) {
            ConsentGap::OtherHolder
        } else if scope.receiver != passing.receiver {
            ConsentGap::OtherReceiver
        } else if scope.clause != passing.clause {
            ConsentGap::OtherClause
        } else if scope.purpose.is_some() && scope.purpose != passing.purpose {
            ConsentGap::OtherPurpose
        } else if passing.address.is_some_and(|address| !scope.lets_go(address)) {
            ConsentGap::OtherObject
        } else {
            return Ok(());
        };
        Err(gap)
    }

    pub(super) fn ask_consent(&mut self, act: &Act, ask: &ConsentAsk) -> Result<Effect, String> {
        let (header, scope) = (act.header(), &ask.scope);
        if scope.holder != header.author {
            return Err("a party asks for itself alone".to_owned());
        }
        if !self.parties.contains_key(&ask.originator) {
            return Err("the originator is no party of this accord".to_owned());
        }
        self.check_receiver(scope)?;
        not_over(scope, header)?;
        if self.consents.voided.get(&header.author).is_some_and(|count| *count >= MAX_VOID_ASKS) {
            return Err(format!("{MAX_VOID_ASKS} requests of the party have come to nothing"));
        }
        let open = self.consents.waiting(header.author, header.time);
        if open.len() >= MAX_OPEN_ASKS {
            return Err(format!("{MAX_OPEN_ASKS} requests of the party wait already"));
        }
        let came = |address: Digest| {
            self.releases.iter().any(|release| {
                release.author == ask.originator
                    && release.receipt.is_some_and(|receipt| receipt.by == header.author)
                    && release.object(address).is_some()
            })
        };
        if !scope.objects.iter().all(|passage| came(passage.came)) {
            *self.consents.voided.entry(header.author).or_default() += 1;
            let words = "an object is none that the originator released and the party acknowledged";
            return Err(words.to_owned());
        }
        self.consents.waiting(header.author, header.time).push(act.digest());
        let asked = ConsentAsked {
            act: act.digest(),
            time: header.time,
            ask: Arc::new(ask.clone()),
            answer: ConsentAnswer::Open,
        };
        self.consents.asks.insert(act.digest(), asked);
        Ok(Effect::InEffect)
    }

    fn check_receiver(&self, scope: &ConsentScope) -> Result<(), String> {
        if scope.accord == self.accord && !self.parties.contains_key(&scope.receiver) {
            return Err("the receiver is no party of this accord".to_owned());
        }
        Ok(())
    }

    /// The request that waits for an answer of this author.
    fn open_ask(&mut self, header: &Header, ask: Digest) -> Result<&mut ConsentAsked, String> {
        let asked = self.consents.asks.get_mut(&ask).ok_or("no such request is on record")?;
        if asked.ask.originator != header.author {
            return Err("another party was asked".to_owned());
        }
        match asked.answer {
            ConsentAnswer::Open => Ok(asked),
            ConsentAnswer::Withdrawn => Err("the request was taken back".to_owned()),
            _ => Err("the request is answered already".to_owned()),
        }
    }

    pub(super) fn give_consent(&mut self, act: &Act, consent: &Consent) -> Result<Effect, String> {
        let (header, digest) = (act.header(), act.digest());
        not_over(&consent.scope, header)?;
        let asked = self.open_ask(header, consent.ask)?;
        if !consent.scope.is_within(&asked.ask.scope) {
            return Err("it consents to other things than were asked".to_owned());
        }
        asked.answer = ConsentAnswer::Given {
            act: digest,
            time: header.time,
            consent: Arc::new(consent.clone()),
            retracted: None,
        };
        self.consents.given.insert(digest, consent.ask);
        Ok(Effect::InEffect)
    }

    pub(super) fn refuse_consent(
        &mut self,
        header: &Header,
        refusal: &ConsentRefusal,
    ) -> Result<Effect, String> {
        let (time, reason) = (header.time, refusal.reason.clone());
        self.open_ask(header, refusal.ask)?.answer = ConsentAnswer::Refused { time, reason };
        Ok(Effect::InEffect)
    }

    /// Takes back a request that waits, or a consent that stands; none if the act is neither.
    pub(super) fn retract_consent(
        &mut self,
        header: &Header,
        earlier: Digest,
    ) -> Option<Result<Effect, String>> {
        let ask = self.consents.given.get(&earlier).copied().unwrap_or(earlier);
        let asked = self.consents.asks.get_mut(&ask)?;
        let no = |words: &str| Some(Err(words.to_owned()));
        match &mut asked.answer {
            ConsentAnswer::Given { retracted, .. } if ask != earlier => {
                if retracted.is_some() {
                    return no("the consent was taken back already");
                }
                *retracted = Some(header.time);
            }
            answer @ ConsentAnswer::Open => *answer = ConsentAnswer::Withdrawn,
            _ => return no("the request is answered already"),
        }
        Some(Ok(Effect::InEffect))
    }

    pub(super) fn present_consent(
        &mut self,
        act: &Act,
        presented: &Presented,
    ) -> Result<Effect, String> {
        let (header, scope) = (act.header(), &presented.consent().scope);
        if scope.holder != header.author || scope.accord != self.accord {
            return Err("the consent is not for this party under this accord".to_owned());
        }
        if presented.accord() == self.accord {
            return Err("a consent of this accord stands in its own record".to_owned());
        }
        self.check_receiver(scope)?;
        // What this record itself shows of the originator's keys counts, whoever shows the consent.
        let roster = self.roster(presented.originator());
        if roster.is_some_and(|roster| roster.is_revoked(presented.key())) {
            return Err("the originator has revoked the key that consented".to_owned());
        }
        let consent = presented.digest();
        if self.consents.shown.contains_key(&consent) {
            return Err("the consent was shown already".to_owned());
        }
        let shown = Shown {
            by_act: act.digest(),
            originator: presented.originator(),
            name: presented.name().to_owned(),
            accord: presented.accord(),
            consent: Arc::new(presented.consent().clone()),
        };
        self.consents.shown.insert(consent, shown);
        Ok(Effect::InEffect)
    }
}

fn not_over(scope: &ConsentScope, header: &Header) -> Result<(), String> {
    if scope.expires <= header.time {
        return Err(format!("it ended on {} already", scope.expires));
    }
    Ok(())
}

/// Whether acts of this kind rest on what others hold, so that they are made anew, not confirmed.
pub(super) const fn is_on_consent(kind: ActKind) -> bool {
    matches!(
        kind,
        ActKind::AskConsent | ActKind::Consent | ActKind::RefuseConsent | ActKind::PresentConsent
    )
}
