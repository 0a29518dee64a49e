//! The statement of an act, by its kind.

use crate::act::matching::{Answer, Close, Offer};
use crate::act::release::ReleaseBody;
use crate::act::{ActKind, Filter, rule};
use crate::encode::{DecodeError, Reader, Writer};
use crate::id::Digest;
use crate::time::UnixSeconds;

/// Longest text of an accord, in bytes.
pub const MAX_TEXT: usize = 256 * 1024;
/// Longest reason given in an act, in bytes.
pub const MAX_REASON: usize = 2_000;
/// Longest card, in bytes.
const MAX_CARD: usize = 64 * 1024;
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
    /// The author's stop is over.
    Resume {
        /// Why.
        reason: String,
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
        }
    }

    /// The canonical bytes. The kind is not in them: it stands in the header.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Body::Designate { card: bytes } | Body::Propose { text: bytes } => {
                w.array(1).bytes(bytes);
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
            Body::Stop { reason } | Body::Resume { reason } => {
                w.array(1).text(reason);
            }
            Body::OfferMatch(offer) => offer.write(&mut w),
            Body::AnswerMatch(answer) => answer.write(&mut w),
            Body::CloseMatch(close) => close.write(&mut w),
            Body::Release(release) => release.write(&mut w),
            Body::Receipt { release, manifest } => {
                w.array(2).bytes(release.as_bytes()).bytes(manifest.as_bytes());
            }
            Body::PublishFilter(filter) => filter.write(&mut w),
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
        let body = match kind {
            ActKind::Designate => {
                r.tuple(1)?;
                Body::Designate { card: r.bytes(MAX_CARD)?.to_vec() }
            }
            ActKind::Propose => {
                r.tuple(1)?;
                Body::Propose { text: r.bytes(MAX_TEXT)?.to_vec() }
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
                let seconds = r.uint()?;
                let effective = UnixSeconds::new(seconds);
                if effective.get() != seconds {
                    return Err(rule(r.offset(), "effective time is out of range"));
                }
                Body::Denounce { text, reason, effective }
            }
            ActKind::Stop => {
                r.tuple(1)?;
                Body::Stop { reason: reason(r)? }
            }
            ActKind::Resume => {
                r.tuple(1)?;
                Body::Resume { reason: reason(r)? }
            }
            ActKind::OfferMatch => Body::OfferMatch(Offer::read(r)?),
            ActKind::AnswerMatch => Body::AnswerMatch(Answer::read(r)?),
            ActKind::CloseMatch => Body::CloseMatch(Close::read(r)?),
            ActKind::Release => Body::Release(ReleaseBody::read(r)?),
            ActKind::PublishFilter => Body::PublishFilter(Filter::read(r)?),
            ActKind::Receipt => {
                r.tuple(2)?;
                Body::Receipt {
                    release: Digest::new(r.fixed()?),
                    manifest: Digest::new(r.fixed()?),
                }
            }
        };
        Ok(body)
    }
}

fn reason(r: &mut Reader<'_>) -> Result<String, DecodeError> {
    Ok(r.text(MAX_REASON)?.to_owned())
}
