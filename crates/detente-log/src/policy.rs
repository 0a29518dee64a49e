//! Trust policies: which logs, which cosigners, and how many of them.
//!
//! Is: the tlog-policy file and its verdict on a checkpoint. Is not: a rule about time.
//! Source: C2SP tlog-policy (untagged).
//!
//! Deviation, narrower: keys other than Ed25519 (types 0x01 and 0x04) are refused, not skipped,
//! because a quorum that counts on them could silently never be met.

use crate::blame::Blame;
use crate::checkpoint::{Checkpoint, CheckpointError, Origin, TrustedLog, VerifiedCheckpoint};
use crate::cosign::{CosignError, Cosignature, CosignerKey, verify_cosignatures};
use crate::key::{KeyError, VerifierKey};

/// Longest policy that is read.
pub const MAX_POLICY_BYTES: usize = 65_536;
/// Most logs, most witnesses, and most groups that are read.
pub const MAX_POLICY_LINES_PER_KIND: usize = 64;

/// A policy that is refused, or a checkpoint that does not meet it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A control character or a byte outside the character set.
    #[error("policy holds a control character on line {line}")]
    Character {
        /// Counted from 1.
        line: usize,
    },
    /// The checkpoint is malformed, or a listed log's signature does not verify.
    #[error("checkpoint is not signed by a listed log")]
    Checkpoint(#[source] CheckpointError),
    /// A cosignature of a listed witness does not verify.
    #[error("checkpoint has a bad cosignature")]
    Cosignature(#[source] CosignError),
    /// A name, key or member that was given before.
    #[error("line {line} repeats a name, a key or a group member")]
    Duplicate {
        /// Counted from 1.
        line: usize,
    },
    /// A key that is refused.
    #[error("line {line} has a bad key")]
    Key {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
    /// Not exactly one quorum line.
    #[error("policy does not have exactly one quorum line")]
    Quorum,
    /// Too few cosignatures.
    #[error("cosignatures do not meet the quorum")]
    QuorumNotMet,
    /// A line that is none of the four, or has the wrong number of items.
    #[error("line {line} is malformed")]
    Syntax {
        /// Counted from 1.
        line: usize,
    },
    /// A threshold of zero or above the number of members.
    #[error("line {line} has an impossible threshold")]
    Threshold {
        /// Counted from 1.
        line: usize,
    },
    /// The policy is longer than is read.
    #[error("policy has {got} bytes, at most 65536 allowed")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// More logs, witnesses or groups than are read.
    #[error("line {line} is one log, witness or group too many")]
    TooMany {
        /// Counted from 1.
        line: usize,
    },
    /// A name that no line before defines.
    #[error("line {line} uses a name that is not defined before it")]
    Undefined {
        /// Counted from 1.
        line: usize,
    },
}

impl PolicyError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Character { .. } => "policy_character",
            Self::Checkpoint(error) => error.code(),
            Self::Cosignature(error) => error.code(),
            Self::Duplicate { .. } => "policy_duplicate",
            Self::Key { source, .. } => source.code(),
            Self::Quorum => "policy_quorum",
            Self::QuorumNotMet => "policy_quorum_not_met",
            Self::Syntax { .. } => "policy_syntax",
            Self::Threshold { .. } => "policy_threshold",
            Self::TooLong { .. } => "policy_too_long",
            Self::TooMany { .. } => "policy_too_many",
            Self::Undefined { .. } => "policy_undefined",
        }
    }

    /// The policy is the caller's; the checkpoint is a peer's.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Checkpoint(error) => error.blame(),
            Self::Cosignature(error) => error.blame(),
            Self::QuorumNotMet => Blame::Peer,
            _ => Blame::Caller,
        }
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Rule {
    /// The witness of that position.
    Witness(usize),
    /// At least `threshold` of the rules at these positions.
    Group { threshold: usize, members: Vec<usize> },
}

/// A policy that was read.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    logs: Vec<TrustedLog>,
    witnesses: Vec<CosignerKey>,
    /// Each rule refers to earlier ones only.
    rules: Vec<Rule>,
    /// `None` for `quorum none`.
    quorum: Option<usize>,
}

/// A checkpoint that a policy accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVerdict {
    /// The checkpoint, signed by a listed log.
    pub checkpoint: VerifiedCheckpoint,
    /// Cosignatures by listed witnesses, in the order of the policy.
    pub cosignatures: Vec<Cosignature>,
}

/// State of the reader.
#[derive(Default)]
struct Reader<'a> {
    policy: Policy,
    names: Vec<&'a [u8]>,
    used: Vec<bool>,
    groups: usize,
    quorums: usize,
    line: usize,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`] names line and fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLong { got: bytes.len() });
        }
        let mut reader = Reader::default();
        let lines = match bytes.strip_suffix(b"\n") {
            Some(lines) => lines,
            None if bytes.is_empty() => bytes,
            None => {
                let line = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
                return Err(PolicyError::Syntax { line });
            }
        };
        for line in lines.split(|byte| *byte == b'\n') {
            reader.read_line(line)?;
        }
        if reader.quorums == 1 { Ok(reader.policy) } else { Err(PolicyError::Quorum) }
    }

    /// The logs listed.
    #[must_use]
    pub fn logs(&self) -> &[TrustedLog] {
        &self.logs
    }

    /// The witnesses listed.
    #[must_use]
    pub fn witnesses(&self) -> &[CosignerKey] {
        &self.witnesses
    }

    /// Accepts a checkpoint that a listed log signed and enough listed witnesses cosigned.
    ///
    /// # Errors
    /// [`PolicyError`] names what is missing or wrong.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<PolicyVerdict, PolicyError> {
        let origin = checkpoint.unverified_body().origin();
        let mut refused = CheckpointError::OriginMismatch;
        for log in self.logs.iter().filter(|log| log.origin() == origin) {
            match checkpoint.verify(log) {
                Ok(verified) => return self.check_quorum(verified),
                Err(error) => refused = error,
            }
        }
        Err(PolicyError::Checkpoint(refused))
    }

    /// Accepts the checkpoint of a log that is known from elsewhere if enough witnesses cosigned.
    ///
    /// # Errors
    /// [`PolicyError::Cosignature`] or [`PolicyError::QuorumNotMet`].
    pub fn check_quorum(
        &self,
        checkpoint: VerifiedCheckpoint,
    ) -> Result<PolicyVerdict, PolicyError> {
        let lines = checkpoint.checkpoint().lines();
        let mut cosigned = Vec::with_capacity(self.witnesses.len());
        for key in &self.witnesses {
            let found = verify_cosignatures(checkpoint.text(), lines, std::slice::from_ref(key))
                .map_err(PolicyError::Cosignature)?;
            cosigned.push(found.into_iter().next());
        }
        let mut met: Vec<bool> = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let holds = match rule {
                Rule::Witness(at) => cosigned.get(*at).is_some_and(Option::is_some),
                Rule::Group { threshold, members } => {
                    // A group's members come before it, so their verdicts exist.
                    members.iter().filter(|member| met.get(**member) == Some(&true)).count()
                        >= *threshold
                }
            };
            met.push(holds);
        }
        if self.quorum.is_some_and(|rule| met.get(rule) != Some(&true)) {
            return Err(PolicyError::QuorumNotMet);
        }
        Ok(PolicyVerdict { checkpoint, cosignatures: cosigned.into_iter().flatten().collect() })
    }
}

impl<'a> Reader<'a> {
    fn read_line(&mut self, line: &'a [u8]) -> Result<(), PolicyError> {
        self.line += 1;
        let number = self.line;
        let allowed = |byte: &u8| matches!(byte, 0x09 | 0x20..=0x7e | 0x80..=0xff);
        if !line.iter().all(allowed) {
            return Err(PolicyError::Character { line: number });
        }
        let items: Vec<&[u8]> = line
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|item| !item.is_empty())
            .collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => self.read_log(key),
            [b"witness", name, key] | [b"witness", name, key, _] => self.read_witness(name, key),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => {
                self.read_group(name, threshold, members)
            }
            [b"quorum", name] => self.read_quorum(name),
            _ => Err(PolicyError::Syntax { line: number }),
        }
    }

    fn text(&self, item: &'a [u8]) -> Result<&'a str, PolicyError> {
        std::str::from_utf8(item).map_err(|_| PolicyError::Syntax { line: self.line })
    }

    fn read_log(&mut self, key: &'a [u8]) -> Result<(), PolicyError> {
        let line = self.line;
        let key = VerifierKey::parse(self.text(key)?)
            .map_err(|source| PolicyError::Key { line, source })?;
        let repeats =
            |log: &TrustedLog| log.keys().iter().any(|old| old.public_key() == key.public_key());
        if self.policy.logs.iter().any(repeats) {
            return Err(PolicyError::Duplicate { line });
        }
        if self.policy.logs.len() == MAX_POLICY_LINES_PER_KIND {
            return Err(PolicyError::TooMany { line });
        }
        let origin = Origin::new(key.name().as_str()).map_err(PolicyError::Checkpoint)?;
        self.policy.logs.push(TrustedLog::new(origin, vec![key]));
        Ok(())
    }

    fn read_witness(&mut self, name: &'a [u8], key: &'a [u8]) -> Result<(), PolicyError> {
        let line = self.line;
        let key = CosignerKey::parse(self.text(key)?)
            .map_err(|source| PolicyError::Key { line, source })?;
        if self.policy.witnesses.iter().any(|old| old.public_key() == key.public_key()) {
            return Err(PolicyError::Duplicate { line });
        }
        if self.policy.witnesses.len() == MAX_POLICY_LINES_PER_KIND {
            return Err(PolicyError::TooMany { line });
        }
        let at = self.policy.witnesses.len();
        self.define(name, Rule::Witness(at))?;
        self.policy.witnesses.push(key);
        Ok(())
    }

    fn read_group(
        &mut self,
        name: &'a [u8],
        threshold: &'a [u8],
        names: &[&'a [u8]],
    ) -> Result<(), PolicyError> {
        let line = self.line;
        if self.groups == MAX_POLICY_LINES_PER_KIND {
            return Err(PolicyError::TooMany { line });
        }
        let mut members = Vec::with_capacity(names.len().min(2 * MAX_POLICY_LINES_PER_KIND));
        for name in names {
            let member = self.position(name)?;
            // "Each defined name can be listed as a group member at most once."
            match self.used.get_mut(member) {
                Some(used) if !*used => *used = true,
                _ => return Err(PolicyError::Duplicate { line }),
            }
            members.push(member);
        }
        let threshold = match threshold {
            b"all" => members.len(),
            b"any" => 1,
            digits => crate::text::parse_decimal(self.text(digits)?)
                .ok()
                .and_then(|count| usize::try_from(count).ok())
                .ok_or(PolicyError::Threshold { line })?,
        };
        if threshold == 0 || threshold > members.len() {
            return Err(PolicyError::Threshold { line });
        }
        self.groups += 1;
        self.define(name, Rule::Group { threshold, members })
    }

    fn read_quorum(&mut self, name: &'a [u8]) -> Result<(), PolicyError> {
        self.quorums += 1;
        self.policy.quorum = if name == b"none" { None } else { Some(self.position(name)?) };
        Ok(())
    }

    fn position(&self, name: &[u8]) -> Result<usize, PolicyError> {
        let found = self.names.iter().position(|old| *old == name);
        found.ok_or(PolicyError::Undefined { line: self.line })
    }

    fn define(&mut self, name: &'a [u8], rule: Rule) -> Result<(), PolicyError> {
        if name == b"none" || self.names.contains(&name) {
            return Err(PolicyError::Duplicate { line: self.line });
        }
        self.names.push(name);
        self.used.push(false);
        self.policy.rules.push(rule);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
