//! Bodies of the match acts: terms and commitment, answer, outcome or abort.

use std::fmt;
use std::str::FromStr;

use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::{Digest, RunId};

/// Longest clause id, in bytes.
pub const MAX_CLAUSE_ID: usize = 32;
/// Longest name of an engine, in bytes.
pub(super) const MAX_ENGINE: usize = 64;
/// Longest reason, in bytes.
const MAX_REASON: usize = 2_000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, {
        $($(#[$vdoc:meta])* $variant:ident = $code:literal, $text:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $code,)* }

        impl $name {
            /// The signed code.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The name in accords and reports.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// Reads a code.
            pub fn read(r: &mut Reader<'_>) -> Result<$name, DecodeError> {
                match r.uint8($what)? {
                    $($code => Ok($name::$variant),)*
                    got => Err(r.fail(DecodeFault::BadValue { what: $what, got: got.into() })),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                match text {
                    $($text => Ok($name::$variant),)*
                    _ => Err(UnknownWord { what: $what, words: &[$($text),*] }),
                }
            }
        }
    };
}

/// The text is not in a closed list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be one of: {}", words.join(", "))]
pub struct UnknownWord {
    /// The field.
    pub what: &'static str,
    /// What it may say.
    pub words: &'static [&'static str],
}

words! {
    /// What a matching run tells.
    Mode, "mode", {
        /// Which items both hold.
        Which = 1, "which";
        /// Only how many items both hold.
        Count = 2, "count";
        /// Which items both hold, with the context of each that may leave.
        Payload = 3, "payload";
        /// Whether the one side's list holds what the other asks.
        Lookup = 4, "lookup";
    }
}

words! {
    /// Who learns the answer.
    Learn, "answer", {
        /// Both sides.
        Both = 1, "both";
        /// Only the side that offered the run.
        Initiator = 2, "initiator";
    }
}

words! {
    /// How a run finds what is common. An offer names it with a version: `vole-mlkem768/1`.
    Engine, "engine", {
        /// Diffie-Hellman on ristretto255: slow, small, the conservative fallback.
        Ecdh = 1, "ecdh-ristretto255";
        /// VOLE-PSI on ML-KEM-768: fast, post-quantum.
        VoleMlKem768 = 2, "vole-mlkem768";
        /// VOLE-PSI on ristretto255.
        VoleRistretto255 = 3, "vole-ristretto255";
        /// Look-ups by the VOPRF of RFC 9497 on ristretto255: not post-quantum.
        Voprf = 4, "voprf-ristretto255-sha512";
    }
}

impl Engine {
    /// Whether an offer's engine is this one, in whatever version.
    pub fn is_named_by(self, offered: &str) -> bool {
        offered.split_once('/').is_some_and(|(name, _)| name == self.name())
    }
}

words! {
    /// At whose door an abort lies, as the closing party sees it.
    Blame, "blame", {
        /// The other side broke the protocol or its terms.
        Peer = 1, "peer";
        /// This side stopped.
        Own = 2, "own";
        /// The line was cut.
        Line = 3, "line";
    }
}

/// The terms of a run and the initiator's commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Names the run.
    pub run: RunId,
    /// The text in force, by digest.
    pub text: Digest,
    /// The matching clause.
    pub clause: String,
    /// What the run tells.
    pub mode: Mode,
    /// Who learns it.
    pub learn: Learn,
    /// The version of the normal form.
    pub normal_form: u16,
    /// The engine and its version.
    pub engine: String,
    /// Items the initiator enters, padding included.
    pub size: u32,
    /// Merkle root over the initiator's salted items.
    pub commitment: Digest,
}

/// The responder takes up a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which run.
    pub run: RunId,
    /// The offer, by the digest of its leaf.
    pub offer: Digest,
    /// Items the responder enters, padding included.
    pub size: u32,
    /// Merkle root over the responder's salted items.
    pub commitment: Digest,
}

/// How a run ended, as one side saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
}

/// Outcome or abort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The run ended and both transcripts agree.
    Done {
        /// How many items are common, if this side learnt it.
        count: Option<u64>,
        /// The digest of the whole transcript.
        transcript: Digest,
    },
    /// The run is void.
    Aborted {
        /// At whose door.
        blame: Blame,
        /// Why, in words.
        reason: String,
    },
}

impl Offer {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(9)
            .bytes(self.run.as_bytes())
            .bytes(self.text.as_bytes())
            .text(&self.clause)
            .uint(self.mode.code().into())
            .uint(self.learn.code().into())
            .uint(self.normal_form.into())
            .text(&self.engine)
            .uint(self.size.into())
            .bytes(self.commitment.as_bytes());
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Offer, DecodeError> {
        r.tuple(9)?;
        let run = RunId::new(r.fixed()?);
        let text = Digest::new(r.fixed()?);
        let clause = r.text(MAX_CLAUSE_ID)?.to_owned();
        let mode = Mode::read(r)?;
        let learn = Learn::read(r)?;
        let got = r.uint()?;
        let normal_form = u16::try_from(got)
            .map_err(|_| r.fail(DecodeFault::BadValue { what: "normal form", got }))?;
        let engine = r.text(MAX_ENGINE)?.to_owned();
        let size = r.uint32("size")?;
        let commitment = Digest::new(r.fixed()?);
        Ok(Offer { run, text, clause, mode, learn, normal_form, engine, size, commitment })
    }
}

impl Answer {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(4)
            .bytes(self.run.as_bytes())
            .bytes(self.offer.as_bytes())
            .uint(self.size.into())
            .bytes(self.commitment.as_bytes());
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Answer, DecodeError> {
        r.tuple(4)?;
        Ok(Answer {
            run: RunId::new(r.fixed()?),
            offer: Digest::new(r.fixed()?),
            size: r.uint32("size")?,
            commitment: Digest::new(r.fixed()?),
        })
    }
}

impl Close {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(2).bytes(self.run.as_bytes());
        match &self.outcome {
            Outcome::Done { count, transcript } => {
                w.map(1 + usize::from(count.is_some()));
                w.uint(1).bytes(transcript.as_bytes());
                if let Some(count) = count {
                    w.uint(2).uint(*count);
                }
            }
            Outcome::Aborted { blame, reason } => {
                w.map(2).uint(3).uint(blame.code().into()).uint(4).text(reason);
            }
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Close, DecodeError> {
        r.tuple(2)?;
        let run = RunId::new(r.fixed()?);
        let mut fields = r.map()?;
        let outcome = if fields.optional(r, 1)? {
            let transcript = Digest::new(r.fixed()?);
            let count = if fields.optional(r, 2)? { Some(r.uint()?) } else { None };
            Outcome::Done { count, transcript }
        } else {
            fields.required(r, 3)?;
            let blame = Blame::read(r)?;
            fields.required(r, 4)?;
            Outcome::Aborted { blame, reason: r.text(MAX_REASON)?.to_owned() }
        };
        fields.end(r)?;
        Ok(Close { run, outcome })
    }
}
