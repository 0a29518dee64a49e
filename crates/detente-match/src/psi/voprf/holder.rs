//! The end whose list is published: it evaluates the query with its key.

use crate::error::{CallerFault, Error, PeerFault};
use crate::params::{Params, Role};
use crate::psi::{Outcome, Progress};
use detente_lookup::{ELEMENT_BYTES, Key, LookupError};

use super::{Terms, refuse_if_void, transcript};

/// The holder's end of a look-up.
pub(crate) struct Holder {
    terms: Terms,
    key: Key,
    stage: Stage,
    fault: Option<Error>,
}

/// How far it is.
enum Stage {
    /// The query is to come.
    Waits,
    /// The reply is to be sent.
    Replies { reply: Vec<u8>, transcript: [u8; 32] },
    /// It was.
    Done { transcript: [u8; 32] },
}

impl Holder {
    pub(crate) fn new(params: &Params, key: Key) -> Result<Holder, CallerFault> {
        let terms = Terms::new(params, Role::Responder)?;
        if *key.public() != terms.key {
            return Err(CallerFault::KeyDiffers);
        }
        Ok(Holder { terms, key, stage: Stage::Waits, fault: None })
    }

    pub(crate) fn poll(&mut self) -> Result<Option<Vec<u8>>, Error> {
        refuse_if_void(self.fault.as_ref())?;
        let Stage::Replies { reply, transcript } = &mut self.stage else {
            return Ok(None);
        };
        let (reply, transcript) = (std::mem::take(reply), *transcript);
        self.stage = Stage::Done { transcript };
        Ok(Some(reply))
    }

    pub(crate) fn input(&mut self, query: &[u8]) -> Result<(), Error> {
        refuse_if_void(self.fault.as_ref())?;
        let taken = self.accept(query);
        if let Err(fault) = &taken {
            self.fault = Some(fault.clone());
        }
        taken
    }

    fn accept(&mut self, query: &[u8]) -> Result<(), Error> {
        if !matches!(self.stage, Stage::Waits) {
            return Err(PeerFault::AfterFinish { got: "query" }.into());
        }
        // Before any work: as many elements as were agreed.
        let want = self.terms.size as usize * ELEMENT_BYTES;
        if query.len() != want {
            return Err(LookupError::MessageLength { got: query.len(), want }.into());
        }
        let context = &self.terms.context;
        let reply = self.key.evaluate(context, query)?;
        let transcript = transcript(context, query, &reply);
        self.stage = Stage::Replies { reply, transcript };
        Ok(())
    }

    pub(crate) fn progress(&self) -> Progress {
        let replied = matches!(self.stage, Stage::Done { .. });
        self.terms.progress(!matches!(self.stage, Stage::Waits), replied)
    }

    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done { .. })
    }

    pub(crate) fn finish(self) -> Result<Outcome, Error> {
        refuse_if_void(self.fault.as_ref())?;
        match self.stage {
            Stage::Done { transcript } => Ok(Outcome { common: None, count: None, transcript }),
            _ => Err(CallerFault::NotDone.into()),
        }
    }
}
