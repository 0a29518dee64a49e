//! Protocols that find what two lists have in common, behind one interface.
//!
//! Each is a folder; they share the terms (`params.rs`), the faults (`error.rs`) and what stands
//! below: [`Engine`] names one and [`Session`] drives any. Publishing, fetching and updating the
//! filter of a look-up are no runs: see `lookup`.

use std::borrow::Borrow;

pub mod ecdh;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts and lengths here are bounded by the terms, which MAX_ITEMS_FAST bounds"
)]
pub(crate) mod vole;
mod voprf;

pub use detente_vole::ot::BaseTransfer;
pub use vole::VoleOptions;

use crate::error::{CallerFault, Error};
use crate::item::{Item, Seed};
use crate::params::{CONTEXT_BYTES, Mode, Params};
use detente_lookup::Key;
use detente_vole::simd::Simd;

/// What an ended run tells this end. It exists only if both ends confirmed the same transcript
/// and, where both learn, the same answer. A look-up has no confirmation of its own: compare the
/// transcript with the one that the other end states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Places of the common items in the list given to the session, ascending; present if this
    /// end learns which.
    pub common: Option<Vec<usize>>,
    /// Number of common items; present if this end learns anything.
    pub count: Option<u64>,
    /// Digest of all messages of both directions; equal at both ends.
    pub transcript: [u8; 32],
}

/// Contexts that are to be given now, in a run of [`Mode::Payload`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due<'a> {
    /// Places of all common items in the list given to the session, in the order in which both ends
    /// give their contexts. It is not an answer yet: the run may still fail.
    pub common: &'a [usize],
    /// Those of them whose contexts are due in this batch; empty if nothing is common.
    pub range: std::ops::Range<usize>,
}

/// A batch of the peer's contexts, opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Contexts {
    /// The peer's label, in its first batch.
    pub label: Option<[u8; 32]>,
    /// The common items that they are about: places in the list given to the session, in the order
    /// of [`Due::common`].
    pub places: Vec<usize>,
    /// Each as the peer gave it.
    pub contents: Vec<Vec<u8>>,
    /// Whether no more come.
    pub last: bool,
}

impl std::fmt::Debug for Contexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contexts({})", self.contents.len())
    }
}

/// How far a run is. Bytes of both directions are known before it begins, but for contexts; items
/// are counted as their bytes come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items of both lists that are done.
    pub items_done: u64,
    /// Items of both lists after padding.
    pub items_total: u64,
    /// Bytes sent and received.
    pub bytes_done: u64,
    /// Bytes to send and to receive.
    pub bytes_total: u64,
}

/// Which protocol finds the common items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Diffie-Hellman on ristretto255: slow, small, the conservative fallback.
    Ecdh,
    /// VOLE-PSI: fast.
    Vole(VoleOptions),
    /// The VOPRF of RFC 9497 on ristretto255-SHA512 with a published filter: a few items against a
    /// list of millions.
    Voprf,
}

impl Default for Engine {
    /// The fast one, on ML-KEM.
    fn default() -> Engine {
        Engine::Vole(VoleOptions::default())
    }
}

impl Engine {
    /// The name and version by which both ends agree on an engine.
    pub fn name(&self) -> &'static str {
        match self {
            Engine::Ecdh => "ecdh-ristretto255/1",
            Engine::Vole(VoleOptions { base: BaseTransfer::MlKem768, .. }) => "vole-mlkem768/1",
            Engine::Vole(VoleOptions { base: BaseTransfer::Ristretto255, .. }) => {
                "vole-ristretto255/1"
            }
            Engine::Voprf => "voprf-ristretto255-sha512/1",
        }
    }

    /// Whether runs of this engine can tell this.
    pub const fn has(&self, mode: Mode) -> bool {
        match self {
            Engine::Ecdh => matches!(mode, Mode::Which | Mode::CountOnly),
            Engine::Vole(_) => matches!(mode, Mode::Which | Mode::Payload { .. }),
            Engine::Voprf => matches!(mode, Mode::Lookup { .. }),
        }
    }

    /// All engines that have a name.
    pub const ALL: [Engine; 4] = [
        Engine::Ecdh,
        Engine::Vole(VoleOptions { base: BaseTransfer::MlKem768, whole: false }),
        Engine::Vole(VoleOptions { base: BaseTransfer::Ristretto255, whole: false }),
        Engine::Voprf,
    ];

    /// The engine of a name.
    pub fn from_name(name: &str) -> Option<Engine> {
        Engine::ALL.into_iter().find(|engine| engine.name() == name)
    }

    /// The most items that an initiator who breaks the protocol can have tried in a run with a list
    /// of `len`, if it can compute 2^80 hashes: more than were agreed, since the fast matcher's
    /// store has more columns than items.
    pub fn entered_bound(&self, len: u32) -> u64 {
        match self {
            Engine::Ecdh | Engine::Voprf => len.into(),
            Engine::Vole(options) => vole::entered_bound(options, len),
        }
    }

    /// As [`Engine::entered_bound`], without any effort, against a list of `peer_len`.
    pub fn entered_free(&self, len: u32, peer_len: u32) -> u64 {
        match self {
            Engine::Ecdh | Engine::Voprf => len.into(),
            Engine::Vole(options) => vole::entered_free(options, len, peer_len),
        }
    }
}

/// One end of a run, whatever the engine.
///
/// Drive it so: send what [`Session::poll`] gives until it gives `None`, feed one received message
/// to [`Session::input`], and again, until [`Session::is_done`]; where contexts go with what is
/// common, look at [`Session::take`] and [`Session::due`] before each poll, and in a look-up at
/// [`Session::bucket_due`]. Messages travel whole and in order.
pub struct Session(Inner);

enum Inner {
    Asker(Box<voprf::Asker>),
    Ecdh(Box<ecdh::Session>),
    Holder(Box<voprf::Holder>),
    Vole(Box<vole::Session>),
}

impl Session {
    /// Prepares a run over `items`, in any order. The fast matcher takes them one by one and keeps
    /// none, so they can stream. In a look-up this is the end that asks; the end that is asked
    /// enters its key in place of items: [`Session::hold`].
    ///
    /// # Errors
    /// [`CallerFault`] for lengths above the limits, more items than
    /// `params.own_len`, equal items (the fast matcher finds them during the run), and a mode that
    /// the engine does not have.
    pub fn new(
        engine: &Engine,
        params: Params,
        items: impl IntoIterator<Item: Borrow<Item> + Sync>,
        seed: Seed,
    ) -> Result<Session, Error> {
        let items = items.into_iter();
        match engine {
            Engine::Ecdh => {
                let items = items.map(|item| item.borrow().clone()).collect();
                let session = ecdh::Session::new(params, items, seed)?;
                Ok(Session(Inner::Ecdh(Box::new(session))))
            }
            Engine::Vole(options) => {
                let session = vole::Session::new(Simd::detect(), params, options, items, &seed)?;
                Ok(Session(Inner::Vole(Box::new(session))))
            }
            Engine::Voprf => {
                let items: Vec<Item> = items.map(|item| item.borrow().clone()).collect();
                let session = voprf::Asker::new(&params, &items, &seed)?;
                Ok(Session(Inner::Asker(Box::new(session))))
            }
        }
    }

    /// Prepares the end of a look-up whose list is published ([`Engine::Voprf`]). The list itself
    /// is not needed: what is asked is looked up in the filter, at the end that asks.
    ///
    /// # Errors
    /// [`CallerFault`] for a key that is not the one of the terms, for lengths above the limits,
    /// and another mode.
    pub fn hold(params: &Params, key: Key) -> Result<Session, Error> {
        Ok(Session(Inner::Holder(Box::new(voprf::Holder::new(params, key)?))))
    }

    /// Binds the run to another context than `params` had. The end that asks in a look-up may do
    /// so until it has the reply: only with it does it learn which of the holder's publications
    /// under the same key the holder took up the query with.
    ///
    /// # Errors
    /// [`CallerFault::ContextSettled`] in every other run and later, or the fault that voided the
    /// run.
    pub fn rebind(&mut self, context: [u8; CONTEXT_BYTES]) -> Result<(), Error> {
        match &mut self.0 {
            Inner::Asker(session) => session.rebind(context),
            Inner::Ecdh(_) | Inner::Holder(_) | Inner::Vole(_) => {
                Err(CallerFault::ContextSettled.into())
            }
        }
    }

    /// The next message to send, computed now; `None` while waiting for the peer and at the end.
    ///
    /// # Errors
    /// The fault that voided the run, if one did.
    pub fn poll(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match &mut self.0 {
            Inner::Asker(session) => session.poll(),
            Inner::Ecdh(session) => Ok(session.poll()?.map(|message| message.encode())),
            Inner::Holder(session) => session.poll(),
            Inner::Vole(session) => session.poll(),
        }
    }

    /// Takes the next message of the peer.
    ///
    /// # Errors
    /// [`PeerFault`](crate::PeerFault) if an honest peer with the same terms would not have sent
    /// it; the run is void from then on.
    pub fn input(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.0 {
            Inner::Asker(session) => session.input(bytes),
            Inner::Ecdh(session) => session.input(ecdh::Message::decode(bytes)?),
            Inner::Holder(session) => session.input(bytes),
            Inner::Vole(session) => session.input(bytes),
        }
    }

    /// The contexts that this end has to give before the run goes on, if it has to: once all items
    /// are compared, until each end has had its last batch, and when what came before was taken.
    pub fn due(&self) -> Option<Due<'_>> {
        match &self.0 {
            Inner::Asker(_) | Inner::Ecdh(_) | Inner::Holder(_) => None,
            Inner::Vole(session) => session.due(),
        }
    }

    /// Gives the contexts that are due, one for each common item of the batch; an empty one where
    /// there is none. `label` is 32 bytes of the caller's for the peer's caller, which go with the
    /// first batch; later ones are not looked at.
    ///
    /// # Errors
    /// [`CallerFault`] if none are due, for another number, and for a context that is too long: the
    /// run is not void then. Or the fault that voided the run.
    pub fn give(&mut self, label: &[u8; 32], contexts: &[Vec<u8>]) -> Result<(), Error> {
        match &mut self.0 {
            Inner::Asker(_) | Inner::Ecdh(_) | Inner::Holder(_) => {
                Err(CallerFault::ContextsNotDue.into())
            }
            Inner::Vole(session) => session.give(label, contexts),
        }
    }

    /// Takes the batch of the peer's contexts that has come. The run does not go on before it is
    /// taken, so no more than one is held. What it brings is void if the run is.
    pub fn take(&mut self) -> Option<Contexts> {
        match &mut self.0 {
            Inner::Asker(_) | Inner::Ecdh(_) | Inner::Holder(_) => None,
            Inner::Vole(session) => session.take(),
        }
    }

    /// The number of the bucket of the filter that this end wants next, if it wants one: in a
    /// look-up, once the reply was verified, each that can hold one of the values, rising.
    pub fn bucket_due(&self) -> Option<u32> {
        match &self.0 {
            Inner::Asker(session) => session.bucket_due(),
            Inner::Ecdh(_) | Inner::Holder(_) | Inner::Vole(_) => None,
        }
    }

    /// Gives the bytes of the bucket that is due, from the filter on record as it was fetched.
    ///
    /// # Errors
    /// [`CallerFault`] if none is due, and for bytes that no encoder writes (the right ones may
    /// follow); or the fault that voided the run.
    pub fn give_bucket(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match &mut self.0 {
            Inner::Asker(session) => session.give_bucket(bytes),
            Inner::Ecdh(_) | Inner::Holder(_) | Inner::Vole(_) => {
                Err(CallerFault::BucketNotDue.into())
            }
        }
    }

    /// After a cut line: the run goes on over another line, if the peer does the same. In a
    /// look-up the query goes out again, and the holder's program keeps its reply.
    ///
    /// # Errors
    /// [`CallerFault::NotResumable`] if the engine can't, or the
    /// fault that voided the run.
    pub fn reconnect(&mut self) -> Result<(), Error> {
        match &mut self.0 {
            Inner::Asker(session) => session.reconnect(),
            Inner::Ecdh(_) | Inner::Holder(_) => Err(CallerFault::NotResumable.into()),
            Inner::Vole(session) => session.reconnect(),
        }
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        match &self.0 {
            Inner::Asker(session) => session.progress(),
            Inner::Ecdh(session) => session.progress().into(),
            Inner::Holder(session) => session.progress(),
            Inner::Vole(session) => session.progress(),
        }
    }

    /// Whether both ends have confirmed; in a look-up, whether this end has nothing left to do.
    pub fn is_done(&self) -> bool {
        match &self.0 {
            Inner::Asker(session) => session.is_done(),
            Inner::Ecdh(session) => session.is_done(),
            Inner::Holder(session) => session.is_done(),
            Inner::Vole(session) => session.is_done(),
        }
    }

    /// The outcome of a run that both ends confirmed.
    ///
    /// # Errors
    /// [`CallerFault::NotDone`], or the fault that voided the run: no
    /// answer is given out then.
    pub fn finish(self) -> Result<Outcome, Error> {
        match self.0 {
            Inner::Asker(session) => session.finish(),
            Inner::Ecdh(session) => session.finish(),
            Inner::Holder(session) => session.finish(),
            Inner::Vole(session) => session.finish(),
        }
    }
}

#[cfg(test)]
mod tests;
