//! The statement of an act, by its kind.

use crate::act::account::{Readout, Statement};
use crate::act::alert::AlertsSeen;
use crate::act::bracket::{Change, read_changes, write_changes};
use crate::act::consent::{Consent, ConsentAsk, ConsentRefusal};
use crate::act::erase::Erasure;
use crate::act::feedback::Feedback;
use crate::act::keys::{Paired, read_revocation};
use crate::act::matching::{Answer, Close, Offer};
use crate::act::presented::Presented;
use crate::act::release::ReleaseBody;
use crate::act::reply::{Answering, Reply};
use crate::act::reserve::Unilateral;
use crate::act::retraction::{Retraction, RetractionAnswer};
use crate::act::stance::{Stance, Step, read_time};
use crate::act::suspend::Suspension;
use crate::act::{ActKind, Filter, rule};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::Digest;
use crate::party::MAX_CARD;
use crate::time::UnixSeconds;

/// Longest text of an accord, in bytes.
pub const MAX_TEXT: usize = 256 * 1024;
/// Longest reason given in an act, in bytes.
pub const MAX_REASON: usize = 2_000;
/// Longest body, in bytes: a full manifest with average labels.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// What an act says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The party's card as it was signed by its root.
    Designate {
        /// The signed card.
        card: Vec<u8>,
    },
    /// A text, byte for byte as its author wrote it.
    Propose {
        /// TOML, UTF-8.
        text: Vec<u8>,
        /// The text that it starts from, by SHA-256.
        base: Option<Digest>,
    },
    /// Bound to the text with this digest.
    Sign {
        /// SHA-256 of the text's bytes.
        text: Digest,
    },
    /// Not bound to the text with this digest.
    Refuse {
        /// SHA-256 of the text's bytes.
        text: Digest,
        /// Why.
        reason: String,
    },
    /// Notice of leaving.
    Denounce {
        /// The text in force.
        text: Digest,
        /// Why.
        reason: String,
        /// When it takes effect: not before the accord's notice has run.
        effective: UnixSeconds,
    },
    /// Nothing leaves from now on.
    Stop {
        /// Why.
        reason: String,
    },
    /// The author's stop is over, or a suspension of its own.
    Resume {
        /// Why.
        reason: String,
        /// The suspension or countermeasure that ends, by the digest of its leaf; none for the
        /// stop.
        act: Option<Digest>,
    },
    /// A run is offered.
    OfferMatch(Offer),
    /// A run is taken up.
    AnswerMatch(Answer),
    /// A run has ended.
    CloseMatch(Close),
    /// Objects leave.
    Release(ReleaseBody),
    /// A release arrived whole.
    Receipt {
        /// The release, by the digest of its leaf.
        release: Digest,
        /// Its manifest: see [`ReleaseBody::manifest_digest`].
        manifest: Digest,
    },
    /// A filter to look up in.
    PublishFilter(Filter),
    /// A step towards or away from a commitment.
    Stance(Step, Stance),
    /// Something about one earlier act.
    Reply(Answering, Reply),
    /// An error in a text, and the text without it.
    Correct {
        /// The text with the error.
        text: Digest,
        /// The text without it.
        corrected: Vec<u8>,
        /// Which error.
        reason: String,
    },
    /// A reservation.
    Reserve(Unilateral),
    /// An interpretative declaration.
    Declare(Unilateral),
    /// Clauses are held up.
    Suspend(Suspension),
    /// Clauses are held up in answer to the other side.
    Countermeasure(Suspension),
    /// Brackets in the rolling text.
    Bracket(Vec<Change>),
    /// A statement made outside.
    Attach(Statement),
    /// An account of a meeting.
    Readout(Readout),
    /// A request for an originator's consent.
    AskConsent(ConsentAsk),
    /// An originator's consent.
    Consent(Consent),
    /// Its refusal.
    RefuseConsent(ConsentRefusal),
    /// A consent that stands in another accord's record.
    PresentConsent(Box<Presented>),
    /// A [`crate::roster::Rotation`], signed by both keys.
    RotateKey(Paired),
    /// A signed [`crate::roster::Revocation`].
    RevokeKey {
        /// The signed statement.
        revocation: Vec<u8>,
    },
    /// A [`crate::roster::Delegation`], signed by both keys.
    Delegate(Paired),
    /// A release is taken back, or narrowed.
    RetractRelease(Retraction),
    /// What was done about a retraction.
    AnswerRetraction(RetractionAnswer),
    /// Alerts were seen.
    AcknowledgeAlert(AlertsSeen),
    /// What came of received objects.
    Feedback(Feedback),
    /// Received objects are no longer kept.
    Erase(Erasure),
}

impl Body {
    /// The kind that the header states.
    pub const fn kind(&self) -> ActKind {
        match self {
            Body::Designate { .. } => ActKind::Designate,
            Body::Propose { .. } => ActKind::Propose,
            Body::Sign { .. } => ActKind::Sign,
            Body::Refuse { .. } => ActKind::Refuse,
            Body::Denounce { .. } => ActKind::Denounce,
            Body::Stop { .. } => ActKind::Stop,
            Body::Resume { .. } => ActKind::Resume,
            Body::OfferMatch(_) => ActKind::OfferMatch,
            Body::AnswerMatch(_) => ActKind::AnswerMatch,
            Body::CloseMatch(_) => ActKind::CloseMatch,
            Body::Release(_) => ActKind::Release,
            Body::Receipt { .. } => ActKind::Receipt,
            Body::PublishFilter(_) => ActKind::PublishFilter,
            Body::Stance(step, _) => step.kind(),
            Body::Reply(answering, _) => answering.kind(),
            Body::Correct { .. } => ActKind::Correct,
            Body::Reserve(_) => ActKind::Reserve,
            Body::Declare(_) => ActKind::Declare,
            Body::Suspend(_) => ActKind::Suspend,
            Body::Countermeasure(_) => ActKind::Countermeasure,
            Body::Bracket(_) => ActKind::Bracket,
            Body::Attach(_) => ActKind::Attach,
            Body::Readout(_) => ActKind::Readout,
            Body::AskConsent(_) => ActKind::AskConsent,
            Body::Consent(_) => ActKind::Consent,
            Body::RefuseConsent(_) => ActKind::RefuseConsent,
            Body::PresentConsent(_) => ActKind::PresentConsent,
            Body::RetractRelease(_) => ActKind::RetractRelease,
            Body::AnswerRetraction(_) => ActKind::AnswerRetraction,
            Body::AcknowledgeAlert(_) => ActKind::AcknowledgeAlert,
            Body::Feedback(_) => ActKind::Feedback,
            Body::Erase(_) => ActKind::Erase,
            Body::RotateKey(_) => ActKind::RotateKey,
            Body::RevokeKey { .. } => ActKind::RevokeKey,
            Body::Delegate(_) => ActKind::Delegate,
        }
    }

    /// The text that must allow its author to do this, beside the text in force: a text says who
    /// may sign it. It can't say who may refuse it, since nobody has agreed to it yet.
    pub fn governing(&self) -> Option<Digest> {
        match self {
            Body::Sign { text } => Some(*text),
            Body::Stance(Step::Ratify | Step::Accede, stance) => stance.matter.text(),
            _ => None,
        }
    }

    /// The canonical bytes. The kind is not in them: it stands in the header.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Body::Designate { card } => {
                w.array(1).bytes(card);
            }
            Body::Propose { text, base } => {
                w.array(1 + usize::from(base.is_some())).bytes(text);
                if let Some(base) = base {
                    w.bytes(base.as_bytes());
                }
            }
            Body::Sign { text } => {
                w.array(1).bytes(text.as_bytes());
            }
            Body::Refuse { text, reason } => {
                w.array(2).bytes(text.as_bytes()).text(reason);
            }
            Body::Denounce { text, reason, effective } => {
                w.array(3).bytes(text.as_bytes()).text(reason).uint(effective.get());
            }
            Body::Stop { reason } => {
                w.array(1).text(reason);
            }
            Body::Resume { reason, act } => {
                w.array(1 + usize::from(act.is_some())).text(reason);
                if let Some(act) = act {
                    w.bytes(act.as_bytes());
                }
            }
            Body::OfferMatch(offer) => offer.write(&mut w),
            Body::AnswerMatch(answer) => answer.write(&mut w),
            Body::CloseMatch(close) => close.write(&mut w),
            Body::Release(release) => release.write(&mut w),
            Body::Receipt { release, manifest } => {
                w.array(2).bytes(release.as_bytes()).bytes(manifest.as_bytes());
            }
            Body::PublishFilter(filter) => filter.write(&mut w),
            Body::Stance(_, stance) => stance.write(&mut w),
            Body::Reply(_, reply) => reply.write(&mut w),
            Body::Correct { text, corrected, reason } => {
                w.array(3).bytes(text.as_bytes()).bytes(corrected).text(reason);
            }
            Body::Reserve(statement) | Body::Declare(statement) => statement.write(&mut w),
            Body::Suspend(suspension) | Body::Countermeasure(suspension) => {
                suspension.write(&mut w);
            }
            Body::Bracket(changes) => write_changes(changes, &mut w),
            Body::Attach(statement) => statement.write(&mut w),
            Body::Readout(readout) => readout.write(&mut w),
            Body::AskConsent(ask) => ask.write(&mut w),
            Body::Consent(consent) => consent.write(&mut w),
            Body::RefuseConsent(refusal) => refusal.write(&mut w),
            Body::PresentConsent(presented) => presented.write(&mut w),
            Body::RotateKey(paired) | Body::Delegate(paired) => paired.write(&mut w),
            Body::RevokeKey { revocation } => {
                w.array(1).bytes(revocation);
            }
            Body::RetractRelease(retraction) => retraction.write(&mut w),
            Body::AnswerRetraction(answer) => answer.write(&mut w),
            Body::AcknowledgeAlert(seen) => seen.write(&mut w),
            Body::Feedback(feedback) => feedback.write(&mut w),
            Body::Erase(erasure) => erasure.write(&mut w),
        }
        w.into_bytes()
    }

    /// Reads the body of an act of `kind`.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but the one canonical form.
    pub fn decode(kind: ActKind, bytes: &[u8]) -> Result<Body, DecodeError> {
        let r = &mut Reader::new(bytes);
        let body = Body::read(kind, r)?;
        if !r.is_empty() {
            return Err(rule(r.offset(), "bytes follow the body"));
        }
        Ok(body)
    }

    fn read(kind: ActKind, r: &mut Reader<'_>) -> Result<Body, DecodeError> {
        if let Some(step) = Step::of(kind) {
            return Ok(Body::Stance(step, Stance::read(r, step)?));
        }
        if let Some(answering) = Answering::of(kind) {
            return Ok(Body::Reply(answering, Reply::read(r, answering)?));
        }
        Ok(match kind {
            ActKind::Designate => {
                r.tuple(1)?;
                Body::Designate { card: r.bytes(MAX_CARD)?.to_vec() }
            }
            ActKind::OfferMatch => Body::OfferMatch(Offer::read(r)?),
            ActKind::AnswerMatch => Body::AnswerMatch(Answer::read(r)?),
            ActKind::CloseMatch => Body::CloseMatch(Close::read(r)?),
            ActKind::Release => Body::Release(ReleaseBody::read(r)?),
            ActKind::PublishFilter => Body::PublishFilter(Filter::read(r)?),
            ActKind::Receipt => {
                r.tuple(2)?;
                let release = Digest::new(r.fixed()?);
                Body::Receipt { release, manifest: Digest::new(r.fixed()?) }
            }
            ActKind::Reserve => Body::Reserve(Unilateral::read(r)?),
            ActKind::Declare => Body::Declare(Unilateral::read(r)?),
            ActKind::Suspend => Body::Suspend(Suspension::read(r, false)?),
            ActKind::Countermeasure => Body::Countermeasure(Suspension::read(r, true)?),
            ActKind::Bracket => Body::Bracket(read_changes(r)?),
            ActKind::Attach => Body::Attach(Statement::read(r)?),
            ActKind::Readout => Body::Readout(Readout::read(r)?),
            ActKind::AskConsent => Body::AskConsent(ConsentAsk::read(r)?),
            ActKind::Consent => Body::Consent(Consent::read(r)?),
            ActKind::RefuseConsent => Body::RefuseConsent(ConsentRefusal::read(r)?),
            ActKind::PresentConsent => Body::PresentConsent(Box::new(Presented::read(r)?)),
            ActKind::RotateKey => Body::RotateKey(Paired::read(r)?),
            ActKind::RevokeKey => Body::RevokeKey { revocation: read_revocation(r)? },
            ActKind::Delegate => Body::Delegate(Paired::read(r)?),
            ActKind::RetractRelease => Body::RetractRelease(Retraction::read(r)?),
            ActKind::AnswerRetraction => Body::AnswerRetraction(RetractionAnswer::read(r)?),
            ActKind::AcknowledgeAlert => Body::AcknowledgeAlert(AlertsSeen::read(r)?),
            ActKind::Feedback => Body::Feedback(Feedback::read(r)?),
            ActKind::Erase => Body::Erase(Erasure::read(r)?),
            _ => Body::read_on_text(kind, r)?,
        })
    }

    /// The acts on a whole text, and those that stop and resume.
    fn read_on_text(kind: ActKind, r: &mut Reader<'_>) -> Result<Body, DecodeError> {
        Ok(match kind {
            ActKind::Propose => {
                let more = has_second(r)?;
                let text = r.bytes(MAX_TEXT)?.to_vec();
                Body::Propose { text, base: digest_if(more, r)? }
            }
            ActKind::Sign => {
                r.tuple(1)?;
                Body::Sign { text: Digest::new(r.fixed()?) }
            }
            ActKind::Refuse => {
                r.tuple(2)?;
                Body::Refuse { text: Digest::new(r.fixed()?), reason: reason(r)? }
            }
            ActKind::Denounce => {
                r.tuple(3)?;
                let text = Digest::new(r.fixed()?);
                let reason = reason(r)?;
                Body::Denounce { text, reason, effective: read_time(r)? }
            }
            ActKind::Stop => {
                r.tuple(1)?;
                Body::Stop { reason: reason(r)? }
            }
            ActKind::Resume => {
                let more = has_second(r)?;
                let reason = reason(r)?;
                Body::Resume { reason, act: digest_if(more, r)? }
            }
            ActKind::Correct => {
                r.tuple(3)?;
                let text = Digest::new(r.fixed()?);
                let corrected = r.bytes(MAX_TEXT)?.to_vec();
                Body::Correct { text, corrected, reason: reason(r)? }
            }
            _ => return Err(rule(r.offset(), "acts of this kind have no body")),
        })
    }
}

/// The head of a list of one or two items: whether it has the second.
fn has_second(r: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match r.array(2)? {
        0 => Err(rule(r.offset(), "the list is empty")),
        count => Ok(count > 1),
    }
}

fn digest_if(there: bool, r: &mut Reader<'_>) -> Result<Option<Digest>, DecodeError> {
    if there { Ok(Some(Digest::new(r.fixed()?))) } else { Ok(None) }
}

fn reason(r: &mut Reader<'_>) -> Result<String, DecodeError> {
    Ok(r.text(MAX_REASON)?.to_owned())
}
