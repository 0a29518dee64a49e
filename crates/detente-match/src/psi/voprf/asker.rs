//! The end that asks: it sends the query, verifies the reply, and looks the values up.

use crate::error::{CallerFault, Error, PeerFault};
use crate::item::{Item, Seed};
use crate::params::{Params, Role};
use crate::psi::{Outcome, Progress};
use detente_lookup::{Query, read_bucket};

use super::{Terms, refuse_if_void, transcript};

/// The asker's end of a look-up.
pub(crate) struct Asker {
    terms: Terms,
    query: Query,
    stage: Stage,
    fault: Option<Error>,
}

/// How far it is.
enum Stage {
    /// The query is to be sent.
    Asks,
    /// The reply is to come.
    Waits,
    /// The reply was verified.
    Looks(Looking),
}

/// What is being looked up.
struct Looking {
    /// Each value with the place of its item, rising: so each bucket is asked for once.
    values: Vec<(u64, usize)>,
    /// Values before this one are looked up.
    next: usize,
    /// Places of what was found.
    found: Vec<usize>,
    transcript: [u8; 32],
}

impl Asker {
    /// Blinds what is asked; in the query it stands in the order in which it was given.
    pub(crate) fn new(params: &Params, items: &[Item], seed: &Seed) -> Result<Asker, CallerFault> {
        let terms = Terms::new(params, Role::Initiator)?;
        if items.len() > terms.size as usize {
            return Err(CallerFault::PaddingTooShort { items: items.len(), padded: terms.size });
        }
        refuse_equal(items)?;
        let inputs = items.iter().map(|item| item.as_bytes().to_vec()).collect();
        let query = Query::new(inputs, terms.size, seed.expose()).map_err(CallerFault::Lookup)?;
        Ok(Asker { terms, query, stage: Stage::Asks, fault: None })
    }

    pub(crate) fn poll(&mut self) -> Result<Option<Vec<u8>>, Error> {
        refuse_if_void(self.fault.as_ref())?;
        if !matches!(self.stage, Stage::Asks) {
            return Ok(None);
        }
        self.stage = Stage::Waits;
        Ok(Some(self.query.message()))
    }

    pub(crate) fn input(&mut self, reply: &[u8]) -> Result<(), Error> {
        refuse_if_void(self.fault.as_ref())?;
        let taken = self.accept(reply);
        if let Err(fault) = &taken {
            self.fault = Some(fault.clone());
        }
        taken
    }

    fn accept(&mut self, reply: &[u8]) -> Result<(), Error> {
        match self.stage {
            Stage::Asks => return Err(PeerFault::OutOfOrder { got: "reply" }.into()),
            Stage::Looks(_) => return Err(PeerFault::AfterFinish { got: "reply" }.into()),
            Stage::Waits => {}
        }
        let Terms { context, key, shape, .. } = &self.terms;
        let outputs = self.query.finish(key, context, reply)?;
        let mut values: Vec<(u64, usize)> = outputs.values(shape).into_iter().zip(0..).collect();
        values.sort_unstable();
        let transcript = transcript(context, &self.query.message(), reply);
        self.stage = Stage::Looks(Looking { values, next: 0, found: Vec::new(), transcript });
        Ok(())
    }

    /// Another context, as long as nothing was verified under the first.
    pub(crate) fn rebind(&mut self, context: [u8; 32]) -> Result<(), Error> {
        refuse_if_void(self.fault.as_ref())?;
        if matches!(self.stage, Stage::Looks(_)) {
            return Err(CallerFault::ContextSettled.into());
        }
        self.terms.context = context;
        Ok(())
    }

    /// The query goes out once more; nothing else can have been lost.
    pub(crate) fn reconnect(&mut self) -> Result<(), Error> {
        refuse_if_void(self.fault.as_ref())?;
        if matches!(self.stage, Stage::Waits) {
            self.stage = Stage::Asks;
        }
        Ok(())
    }

    pub(crate) fn bucket_due(&self) -> Option<u32> {
        match &self.stage {
            Stage::Looks(looking) if self.fault.is_none() => {
                let (value, _) = looking.values.get(looking.next)?;
                Some(self.terms.shape.bucket_of(*value))
            }
            _ => None,
        }
    }

    pub(crate) fn give_bucket(&mut self, bytes: &[u8]) -> Result<(), Error> {
        refuse_if_void(self.fault.as_ref())?;
        let number = self.bucket_due();
        let (Some(number), Stage::Looks(looking)) = (number, &mut self.stage) else {
            return Err(CallerFault::BucketNotDue.into());
        };
        let shape = &self.terms.shape;
        // This end checked it when it was fetched, so it is not the peer's fault now.
        let bucket = read_bucket(shape, number, bytes).map_err(CallerFault::Lookup)?;
        let here = looking.values.get(looking.next..).unwrap_or_default();
        let here = here.iter().take_while(|(value, _)| shape.bucket_of(*value) == number);
        for (value, place) in here {
            looking.next += 1;
            if bucket.binary_search(value).is_ok() {
                looking.found.push(*place);
            }
        }
        Ok(())
    }

    pub(crate) fn progress(&self) -> Progress {
        let replied = matches!(self.stage, Stage::Looks(_));
        self.terms.progress(replied || matches!(self.stage, Stage::Waits), replied)
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(&self.stage, Stage::Looks(looking) if looking.next == looking.values.len())
    }

    pub(crate) fn finish(self) -> Result<Outcome, Error> {
        refuse_if_void(self.fault.as_ref())?;
        let done = self.is_done();
        let Stage::Looks(Looking { mut found, transcript, .. }) = self.stage else {
            return Err(CallerFault::NotDone.into());
        };
        if !done {
            return Err(CallerFault::NotDone.into());
        }
        found.sort_unstable();
        let count = Some(found.len() as u64);
        Ok(Outcome { common: Some(found), count, transcript })
    }
}

/// A value asked twice would be counted twice.
fn refuse_equal(items: &[Item]) -> Result<(), CallerFault> {
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by_key(|place| items.get(*place).map(Item::as_bytes));
    for pair in places.windows(2) {
        if let [first, second] = *pair
            && items.get(first) == items.get(second)
        {
            return Err(CallerFault::DuplicateItem { first, second });
        }
    }
    Ok(())
}
