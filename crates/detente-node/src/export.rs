//! Export: the record of an accord as this node holds it, ready to be laid out for an auditor.

use std::collections::BTreeMap;

use detente_core::AccordId;
use detente_core::act::{Act, Body};
use detente_log::Checkpoint;
use detente_verify::{EntryRecord, LogRecord, Record};

use crate::error::NodeError;
use crate::node::Node;
use crate::ports::LogKey;

impl Node {
    /// The logs of all parties up to their newest checkpoint here, with bodies and with the objects
    /// that were released and that this node holds.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn record(&self, accord: AccordId) -> Result<Record, NodeError> {
        let book = self.book(accord)?;
        let mut logs = BTreeMap::new();
        for party in &book.row.parties {
            let key = LogKey { accord, party: *party };
            let Some(checkpoint) = self.store.log(key)?.checkpoint else {
                continue;
            };
            let size = Checkpoint::parse(&checkpoint)
                .map_err(NodeError::damaged)?
                .unverified_body()
                .head()
                .size
                .get();
            let entries = self
                .store
                .entries(key, 0..size)?
                .into_iter()
                .map(|row| EntryRecord { leaf: row.leaf, salt: row.salt, body: row.body })
                .collect();
            logs.insert(*party, LogRecord { checkpoint, entries });
        }
        let mut objects = BTreeMap::new();
        for party in &book.row.parties {
            for body in book.logs.of(*party).iter().map(Act::body) {
                let Body::Release(release) = body else {
                    continue;
                };
                for entry in &release.manifest {
                    if let Some(bytes) = self.store.object(entry.object)? {
                        objects.insert(entry.object, bytes);
                    }
                }
            }
        }
        Ok(Record {
            accord,
            slug: book.row.slug.clone(),
            parties: book.row.parties.clone(),
            logs,
            objects,
        })
    }
}
