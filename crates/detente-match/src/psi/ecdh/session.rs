//! One end of a run: which message may come when, and what it leads to.
//!
//! ```text
//! KeyCommit        both ways; the terms are compared before any point leaves
//! Blinded*         our list, chunk by chunk      | both streams run at the same time;
//! Doubled*         answers to the peer's list    | answers go first
//! Confirm          both ways, after all else
//! ```
//!
//! Nothing here does I/O or waits. All work happens inside [`Session::poll`] and
//! [`Session::input`], at most one chunk each, but for the last one, which sorts and compares.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256, Sha512};
use zeroize::{Zeroize, Zeroizing};

use curve25519_dalek::ristretto::RistrettoPoint;

use super::dleq::Statement;
use super::group::{Key, read_points};
use super::msgs::{Body, Message};
use super::own::{OwnList, check_chunk};
use super::params::{Encoded, LABEL_COMMON, LABEL_SEED, PROOF_BYTES, Terms};
use super::peer::{Answer, PeerList};
use super::progress::{Part, Progress};
use super::transcript::Transcript;
use crate::error::{CallerFault, Error, PeerFault};
use crate::item::{Item, Seed};
use crate::params::{Learn, Mode, Params, Role};
use crate::psi::{Engine, Outcome};

/// One end of a run of the Diffie-Hellman matcher.
///
/// Memory: 52 bytes for each of our places and 48 for each of the peer's, and the items until
/// they are sent. Drive it so: send what [`Session::poll`] gives until it gives `None`, feed one
/// received message to [`Session::input`], and again, until [`Session::is_done`]. To stop in
/// between is allowed at any point; to send all before reading costs no memory here but may fill
/// the channel.
pub struct Session {
    params: Params,
    terms: Terms,
    key: Key,
    nonce_secret: Zeroizing<[u8; 32]>,
    key_sent: bool,
    peer_key: Option<PeerKey>,
    own: OwnList,
    peer: PeerList,
    transcript: Transcript,
    stage: Stage,
    fault: Option<Error>,
}

struct PeerKey {
    encoded: Encoded,
    point: RistrettoPoint,
}

/// How far a run is; each stage holds what the next one needs.
enum Stage {
    Exchange,
    Confirm { verdict: Verdict, sent: bool, received: bool },
    Done(Outcome),
}

/// What this end found, before the peer confirmed it.
struct Verdict {
    outcome: Outcome,
    /// As it goes into `Confirm`: zero where the answer stays blank.
    count: u64,
    digest: [u8; 32],
}

impl Session {
    /// Prepares a run over `items`, in any order.
    ///
    /// # Errors
    /// [`CallerFault`] for lengths above the limits, more items than `params.own_len`, equal
    /// items, and a mode that this matcher does not have.
    pub fn new(params: Params, items: Vec<Item>, seed: Seed) -> Result<Session, Error> {
        params.check(items.len())?;
        if !Engine::Ecdh.has(params.mode) {
            return Err(CallerFault::ModeUnknown.into());
        }
        let terms = Terms::new(&params);
        let mut rng = generator(&seed, &terms, params.role);
        let key = Key::draw(&mut rng);
        let mut nonce_secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *nonce_secret);
        let own = OwnList::new(&params, items, &mut rng)?;
        Ok(Session {
            terms,
            key,
            nonce_secret,
            key_sent: false,
            peer_key: None,
            own,
            peer: PeerList::new(&params),
            transcript: Transcript::new(terms),
            stage: Stage::Exchange,
            fault: None,
            params,
        })
    }

    /// The next message to send, computed now; `None` while waiting for the peer and at the end.
    ///
    /// # Errors
    /// The fault that voided the run, if one did.
    pub fn poll(&mut self) -> Result<Option<Message>, Error> {
        self.refuse_if_void()?;
        let next = self.next_body().map(Message);
        if let Some(message) = &next {
            self.transcript.note(self.params.role, message);
        }
        self.advance();
        Ok(next)
    }

    /// Takes the next message of the peer.
    ///
    /// # Errors
    /// [`PeerFault`] if an honest peer with the same terms would not have sent it; the run is
    /// void from then on.
    pub fn input(&mut self, message: Message) -> Result<(), Error> {
        self.refuse_if_void()?;
        self.transcript.note(self.params.role.other(), &message);
        if let Err(fault) = self.accept(message) {
            let error = Error::Peer(fault);
            self.fault = Some(error.clone());
            return Err(error);
        }
        self.advance();
        Ok(())
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        let own_answers = if self.params.learns() { self.params.own_len } else { 0 };
        let peer_answers = if self.params.answers() { self.params.peer_len } else { 0 };
        Progress {
            own_blinded: Part { done: self.own.sent(), total: self.params.own_len },
            own_answered: Part { done: self.own.answered(), total: own_answers },
            peer_blinded: Part { done: self.peer.received(), total: self.params.peer_len },
            peer_answered: Part { done: self.peer.answered(), total: peer_answers },
        }
    }

    /// Whether both ends have confirmed.
    pub fn is_done(&self) -> bool {
        self.fault.is_none() && matches!(self.stage, Stage::Done(_))
    }

    /// The outcome of a run that both ends confirmed.
    ///
    /// # Errors
    /// [`CallerFault::NotDone`], or the fault that voided the run: no answer is given out then.
    pub fn finish(self) -> Result<Outcome, Error> {
        self.refuse_if_void()?;
        match self.stage {
            Stage::Done(outcome) => Ok(outcome),
            _ => Err(CallerFault::NotDone.into()),
        }
    }

    fn refuse_if_void(&self) -> Result<(), Error> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    fn next_body(&mut self) -> Option<Body> {
        if !self.key_sent {
            self.key_sent = true;
            return Some(Body::KeyCommit { point: *self.key.public(), terms: self.terms.0 });
        }
        // No point leaves before the peer has shown that it entered the same terms.
        self.peer_key.as_ref()?;
        if let Some(Answer { start, points, proof }) = self.peer.answer_next() {
            return Some(Body::Doubled { start, points, proof });
        }
        if let Some((start, points)) = self.own.blind_next(&self.key, &self.params.context) {
            return Some(Body::Blinded { start, points });
        }
        match &mut self.stage {
            Stage::Confirm { verdict, sent: sent @ false, .. } => {
                *sent = true;
                Some(Body::Confirm {
                    count: verdict.count,
                    digest: verdict.digest,
                    transcript: verdict.outcome.transcript,
                })
            }
            _ => None,
        }
    }

    fn accept(&mut self, message: Message) -> Result<(), PeerFault> {
        let got = message.kind();
        if let Stage::Done(_) = self.stage {
            return Err(PeerFault::AfterFinish { got });
        }
        match (message.0, &self.peer_key) {
            (Body::KeyCommit { point, terms }, None) => self.accept_key(point, terms),
            (Body::KeyCommit { .. }, Some(_)) | (_, None) => Err(PeerFault::OutOfOrder { got }),
            (Body::Blinded { start, points }, Some(_)) => self.accept_blinded(start, &points),
            (Body::Doubled { start, points, proof }, Some(_)) => {
                self.accept_doubled(start, &points, proof)
            }
            (Body::Confirm { count, digest, transcript }, Some(_)) => {
                self.accept_confirm(count, digest, transcript)
            }
        }
    }

    fn accept_key(&mut self, encoded: Encoded, terms: [u8; 32]) -> Result<(), PeerFault> {
        if terms != self.terms.0 {
            return Err(PeerFault::TermsDiffer);
        }
        if encoded == *self.key.public() {
            return Err(PeerFault::KeyReflected);
        }
        let points = read_points(0, &[encoded])?;
        self.peer_key = points.first().map(|&point| PeerKey { encoded, point });
        self.close_peer_list()
    }

    fn accept_blinded(&mut self, start: u32, encoded: &[Encoded]) -> Result<(), PeerFault> {
        check_chunk(self.peer.len(), self.peer.received(), start, encoded.len())?;
        let points = read_points(start, encoded)?;
        let doubled = self.key.raise(&points);
        let proof = match &self.peer_key {
            Some(peer_key) if self.peer.wants_proof() => {
                let statement = Statement {
                    terms: &self.terms,
                    prover: self.params.role,
                    start,
                    prover_key: self.key.public(),
                    verifier_key: &peer_key.encoded,
                    before: encoded,
                    after: &doubled,
                };
                Some(statement.prove(&self.key, &self.nonce_secret, &points))
            }
            _ => None,
        };
        self.peer.take(encoded, &doubled, proof);
        self.close_peer_list()
    }

    fn close_peer_list(&mut self) -> Result<(), PeerFault> {
        if self.peer.all_received() { self.peer.close(self.own.take_tags()) } else { Ok(()) }
    }

    fn accept_doubled(
        &mut self,
        start: u32,
        encoded: &[Encoded],
        proof: Option<[u8; PROOF_BYTES]>,
    ) -> Result<(), PeerFault> {
        match (self.params.mode, proof, &self.peer_key) {
            (Mode::CountOnly, None, _) => self.own.take_sorted(start, encoded),
            (Mode::Which, Some(proof), Some(peer_key)) => {
                let before = self.own.asked(start, encoded.len())?;
                let statement = Statement {
                    terms: &self.terms,
                    prover: self.params.role.other(),
                    start,
                    prover_key: &peer_key.encoded,
                    verifier_key: self.key.public(),
                    before,
                    after: encoded,
                };
                let after = read_points(start, encoded)?;
                let before = read_points(start, before)?;
                if !statement.verify(&proof, &peer_key.point, &before, &after) {
                    return Err(PeerFault::ProofFailed { start });
                }
                self.own.take_proved(start, encoded);
                Ok(())
            }
            _ => Err(PeerFault::ProofMisplaced { start }),
        }
    }

    fn accept_confirm(
        &mut self,
        theirs: u64,
        digest: [u8; 32],
        transcript: [u8; 32],
    ) -> Result<(), PeerFault> {
        let Stage::Confirm { verdict, received, .. } = &mut self.stage else {
            return Err(self.early_confirm());
        };
        if *received {
            return Err(PeerFault::OutOfOrder { got: "confirm" });
        }
        if transcript != verdict.outcome.transcript {
            return Err(PeerFault::TranscriptDiffers);
        }
        if self.params.learn == Learn::Initiator && (theirs, digest) != (0, [0; 32]) {
            return Err(PeerFault::VerdictShown);
        }
        if theirs != verdict.count {
            return Err(PeerFault::CountDiffers { ours: verdict.count, theirs });
        }
        if digest != verdict.digest {
            return Err(PeerFault::DigestDiffers);
        }
        *received = true;
        Ok(())
    }

    /// Why a confirmation cannot come yet.
    fn early_confirm(&self) -> PeerFault {
        let Progress { own_answered, peer_blinded, .. } = self.progress();
        let got = u64::from(own_answered.done) + u64::from(peer_blinded.done);
        let expected = u64::from(own_answered.total) + u64::from(peer_blinded.total);
        if got < expected {
            PeerFault::TooFewPoints { got, expected }
        } else {
            // It has not seen all of our messages, so it can't know the transcript.
            PeerFault::OutOfOrder { got: "confirm" }
        }
    }

    /// Goes to the next stage if all that it needs is there.
    fn advance(&mut self) {
        let exchanged = self.key_sent
            && self.peer_key.is_some()
            && self.own.all_sent()
            && self.own.all_answered()
            && self.peer.all_received()
            && self.peer.all_answered();
        if exchanged && matches!(self.stage, Stage::Exchange) {
            let verdict = self.compare();
            self.stage = Stage::Confirm { verdict, sent: false, received: false };
        }
        if let Stage::Confirm { verdict, sent: true, received: true } = &self.stage {
            self.stage = Stage::Done(verdict.outcome.clone());
        }
    }

    /// What both lists hold.
    fn compare(&mut self) -> Verdict {
        self.peer.sort();
        let (common, count, digest) = match self.params.mode {
            _ if !self.params.learns() => (None, None, [0; 32]),
            Mode::Which | Mode::Lookup { .. } | Mode::Payload { .. } => {
                let (common, digest) = self.common_items();
                let count = common.len() as u64;
                (Some(common), Some(count), digest)
            }
            Mode::CountOnly => {
                let found = self.own.answers().par_iter().filter(|point| self.peer.holds(point));
                (None, Some(found.count() as u64), [0; 32])
            }
        };
        let outcome = Outcome { common, count, transcript: self.transcript.digest() };
        match self.params.learn {
            Learn::Both => Verdict { outcome, count: count.unwrap_or(0), digest },
            Learn::Initiator => Verdict { outcome, count: 0, digest: [0; 32] },
        }
    }

    /// Our common items' places, ascending, and the digest of their points, ascending.
    fn common_items(&self) -> (Vec<usize>, [u8; 32]) {
        let found = self.own.answers_by_item().filter(|(_, point)| self.peer.holds(point));
        let (mut places, mut points): (Vec<usize>, Vec<Encoded>) =
            found.map(|(number, point)| (number as usize, *point)).unzip();
        places.par_sort_unstable();
        points.par_sort_unstable();
        let hash = Sha256::new().chain_update(LABEL_COMMON).chain_update(points.as_flattened());
        (places, hash.finalize().into())
    }
}

/// The generator of a session. Terms and role go in, so that a seed used twice by mistake does
/// not give the same key in two runs or at two ends.
fn generator(seed: &Seed, terms: &Terms, role: Role) -> ChaCha20Rng {
    let mut wide: [u8; 64] = Sha512::new()
        .chain_update(LABEL_SEED)
        .chain_update(seed.expose())
        .chain_update(terms.0)
        .chain_update([role.code()])
        .finalize()
        .into();
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&wide[..32]);
    wide.zeroize();
    ChaCha20Rng::from_seed(*key)
}
