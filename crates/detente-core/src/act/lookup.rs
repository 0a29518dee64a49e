//! The body of the act that publishes a filter to look up in.

use super::matching::{MAX_CLAUSE_ID, MAX_ENGINE};
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::Digest;

/// Bytes of the public part of a look-up key: one group element.
pub const LOOKUP_KEY_LEN: usize = 32;

/// A filter that its holder lets the other side look up in. Neither values nor their true number
/// are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The text in force, by digest.
    pub text: Digest,
    /// The look-up clause.
    pub clause: String,
    /// The version of the normal form.
    pub normal_form: u16,
    /// The engine and its version.
    pub engine: String,
    /// Counts the keys under this clause, from 1.
    pub epoch: u32,
    /// The public part of the key under which the set was evaluated.
    pub key: [u8; LOOKUP_KEY_LEN],
    /// Values in the filter, padding included.
    pub items: u32,
    /// Names the filter's bytes.
    pub digest: Digest,
    /// The filter under the same key before this one, by its digest: what an update begins from.
    pub previous: Option<Digest>,
}

impl Filter {
    pub(crate) fn write(&self, w: &mut Writer) {
        w.map(8 + usize::from(self.previous.is_some()));
        w.uint(1).bytes(self.text.as_bytes());
        w.uint(2).text(&self.clause);
        w.uint(3).uint(self.normal_form.into());
        w.uint(4).text(&self.engine);
        w.uint(5).uint(self.epoch.into());
        w.uint(6).bytes(&self.key);
        w.uint(7).uint(self.items.into());
        w.uint(8).bytes(self.digest.as_bytes());
        if let Some(previous) = &self.previous {
            w.uint(9).bytes(previous.as_bytes());
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Filter, DecodeError> {
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let text = Digest::new(r.fixed()?);
        fields.required(r, 2)?;
        let clause = r.text(MAX_CLAUSE_ID)?.to_owned();
        fields.required(r, 3)?;
        let got = r.uint()?;
        let normal_form = u16::try_from(got)
            .map_err(|_| r.fail(DecodeFault::BadValue { what: "normal form", got }))?;
        fields.required(r, 4)?;
        let engine = r.text(MAX_ENGINE)?.to_owned();
        fields.required(r, 5)?;
        let epoch = r.uint32("epoch")?;
        fields.required(r, 6)?;
        let key = r.fixed()?;
        fields.required(r, 7)?;
        let items = r.uint32("items")?;
        fields.required(r, 8)?;
        let digest = Digest::new(r.fixed()?);
        let previous = if fields.optional(r, 9)? { Some(Digest::new(r.fixed()?)) } else { None };
        fields.end(r)?;
        Ok(Filter { text, clause, normal_form, engine, epoch, key, items, digest, previous })
    }
}
