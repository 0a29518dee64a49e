//! Matchers: protocols that find what two lists have in common.
//!
//! Each matcher is a folder; they share the terms (`params.rs`), the faults (`error.rs`) and what
//! stands below: [`Session`] drives either.

use std::borrow::Borrow;

pub mod ecdh;
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts and lengths here are bounded by the terms, which MAX_ITEMS_FAST bounds"
)]
pub(crate) mod vole;

pub use crate::ot::BaseTransfer;
pub use vole::VoleOptions;

use crate::error::{CallerFault, Error};
use crate::item::{Item, Seed};
use crate::params::{MAX_ITEMS, MAX_ITEMS_FAST, Params};
use crate::simd::Simd;

/// What an ended run tells this end. It exists only if both ends confirmed the same transcript
/// and, where both learn, the same answer.
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

/// Contexts that are to be given now, in a run of [`Mode::Payload`](crate::Mode::Payload).
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

/// Which matcher finds the common items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Diffie-Hellman on ristretto255: slow, small, the conservative fallback.
    Ecdh,
    /// VOLE-PSI: fast. All but [`crate::Mode::CountOnly`].
    Vole(VoleOptions),
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
        }
    }

    /// All engines that have a name.
    pub const ALL: [Engine; 3] = [
        Engine::Ecdh,
        Engine::Vole(VoleOptions { base: BaseTransfer::MlKem768, whole: false }),
        Engine::Vole(VoleOptions { base: BaseTransfer::Ristretto255, whole: false }),
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
            Engine::Ecdh => len.into(),
            Engine::Vole(options) => vole::entered_bound(options, len),
        }
    }

    /// As [`Engine::entered_bound`], without any effort, against a list of `peer_len`.
    pub fn entered_free(&self, len: u32, peer_len: u32) -> u64 {
        match self {
            Engine::Ecdh => len.into(),
            Engine::Vole(options) => vole::entered_free(options, len, peer_len),
        }
    }

    /// Most items in one list.
    pub fn items_max(&self) -> u32 {
        match self {
            Engine::Ecdh => MAX_ITEMS,
            Engine::Vole(_) => MAX_ITEMS_FAST,
        }
    }
}

/// One end of a run, whatever the engine.
///
/// Drive it so: send what [`Session::poll`] gives until it gives `None`, feed one received message
/// to [`Session::input`], and again, until [`Session::is_done`]; where contexts go with what is
/// common, look at [`Session::take`] and [`Session::due`] before each poll. Messages travel whole
/// and in order.
pub struct Session(Inner);

enum Inner {
    Ecdh(Box<ecdh::Session>),
    Vole(Box<vole::Session>),
}

impl Session {
    /// Prepares a run over `items`, in any order. The fast matcher takes them one by one and keeps
    /// none, so they can stream.
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
        }
    }

    /// The next message to send, computed now; `None` while waiting for the peer and at the end.
    ///
    /// # Errors
    /// The fault that voided the run, if one did.
    pub fn poll(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match &mut self.0 {
            Inner::Ecdh(session) => Ok(session.poll()?.map(|message| message.encode())),
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
            Inner::Ecdh(session) => session.input(ecdh::Message::decode(bytes)?),
            Inner::Vole(session) => session.input(bytes),
        }
    }

    /// The contexts that this end has to give before the run goes on, if it has to: once all items
    /// are compared, until each end has had its last batch, and when what came before was taken.
    pub fn due(&self) -> Option<Due<'_>> {
        match &self.0 {
            Inner::Ecdh(_) => None,
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
            Inner::Ecdh(_) => Err(CallerFault::ContextsNotDue.into()),
            Inner::Vole(session) => session.give(label, contexts),
        }
    }

    /// Takes the batch of the peer's contexts that has come. The run does not go on before it is
    /// taken, so no more than one is held. What it brings is void if the run is.
    pub fn take(&mut self) -> Option<Contexts> {
        match &mut self.0 {
            Inner::Ecdh(_) => None,
            Inner::Vole(session) => session.take(),
        }
    }

    /// After a cut line: the run goes on over another line, if the peer does the same.
    ///
    /// # Errors
    /// [`CallerFault::NotResumable`] if the engine can't, or the
    /// fault that voided the run.
    pub fn reconnect(&mut self) -> Result<(), Error> {
        match &mut self.0 {
            Inner::Ecdh(_) => Err(CallerFault::NotResumable.into()),
            Inner::Vole(session) => session.reconnect(),
        }
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        match &self.0 {
            Inner::Ecdh(session) => session.progress().into(),
            Inner::Vole(session) => session.progress(),
        }
    }

    /// Whether both ends have confirmed.
    pub fn is_done(&self) -> bool {
        match &self.0 {
            Inner::Ecdh(session) => session.is_done(),
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
            Inner::Ecdh(session) => session.finish(),
            Inner::Vole(session) => session.finish(),
        }
    }
}
