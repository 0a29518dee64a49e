//! The signed part of an act. It is the leaf of the log; the body travels beside it.

use crate::act::ActKind;
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::{AccordId, Digest, PartyId};
use crate::sign::Signable;
use crate::time::UnixSeconds;

/// Most foreign checkpoints in one header: parties of an accord less one.
pub const MAX_SEEN: usize = 31;

/// The newest checkpoint of another party's log that the author had seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Whose log.
    pub party: PartyId,
    /// Entries in it.
    pub size: u64,
    /// Its RFC 6962 root at that size.
    pub root: [u8; 32],
}

/// What every act states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// In which accord.
    pub accord: AccordId,
    /// By whom.
    pub author: PartyId,
    /// What sort of act.
    pub kind: ActKind,
    /// Its place in the author's log, from zero.
    pub sequence: u64,
    /// The author's clock: a claim, not a proof.
    pub time: UnixSeconds,
    /// The act that this one replaces, by the digest of its leaf.
    pub supersedes: Option<Digest>,
    /// Ties the logs together; ascending by party, the author not among them.
    pub seen: Vec<Seen>,
    /// The salted digest of the body.
    pub body: Digest,
}

impl Header {
    /// How many entries of a party's log the author had seen; of its own, all.
    pub fn had_seen(&self, party: PartyId) -> u64 {
        if party == self.author {
            return u64::MAX;
        }
        let seen = self.seen.iter().find(|seen| seen.party == party);
        seen.map_or(0, |seen| seen.size)
    }

    /// Whether the author had seen the act at this place of a party's log.
    pub fn knew(&self, party: PartyId, place: u64) -> bool {
        place < self.had_seen(party)
    }
}

impl Signable for Header {
    const LABEL: &'static str = "detente/act/1";
    const MAX_PAYLOAD: usize = 4 * 1024;

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(8 + usize::from(self.supersedes.is_some()));
        w.uint(1).uint(1);
        w.uint(2).bytes(self.accord.as_bytes());
        w.uint(3).bytes(self.author.as_bytes());
        w.uint(4).uint(self.kind.code().into());
        w.uint(5).uint(self.sequence);
        w.uint(6).uint(self.time.get());
        if let Some(superseded) = &self.supersedes {
            w.uint(7).bytes(superseded.as_bytes());
        }
        w.uint(8).array(self.seen.len());
        for seen in &self.seen {
            w.array(3).bytes(seen.party.as_bytes()).uint(seen.size).bytes(&seen.root);
        }
        w.uint(9).bytes(self.body.as_bytes());
        w.into_bytes()
    }

    fn decode(payload: &[u8]) -> Result<Header, DecodeError> {
        let r = &mut Reader::new(payload);
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let version = r.uint()?;
        if version != 1 {
            return Err(r.fail(DecodeFault::BadValue { what: "act version", got: version }));
        }
        fields.required(r, 2)?;
        let accord = AccordId::new(r.fixed()?);
        fields.required(r, 3)?;
        let author = PartyId::new(r.fixed()?);
        fields.required(r, 4)?;
        let kind = ActKind::read(r)?;
        fields.required(r, 5)?;
        let sequence = r.uint()?;
        fields.required(r, 6)?;
        let seconds = r.uint()?;
        let time = UnixSeconds::new(seconds);
        if time.get() != seconds {
            return Err(r.fail(DecodeFault::BadValue { what: "time", got: seconds }));
        }
        let supersedes = if fields.optional(r, 7)? { Some(Digest::new(r.fixed()?)) } else { None };
        fields.required(r, 8)?;
        let seen = read_seen(r)?;
        // Such an act might wait for itself, and all that has seen it would wait with it.
        if seen.iter().any(|seen| seen.party == author) {
            return Err(r.fail(DecodeFault::Rule("a party does not see its own log")));
        }
        fields.required(r, 9)?;
        let body = Digest::new(r.fixed()?);
        fields.end(r)?;
        if !r.is_empty() {
            return Err(r.fail(DecodeFault::Trailing(payload.len() - r.offset())));
        }
        Ok(Header { accord, author, kind, sequence, time, supersedes, seen, body })
    }
}

fn read_seen(r: &mut Reader<'_>) -> Result<Vec<Seen>, DecodeError> {
    let count = r.array(MAX_SEEN)?;
    let mut all: Vec<Seen> = Vec::with_capacity(count);
    for _ in 0..count {
        r.tuple(3)?;
        let seen = Seen { party: PartyId::new(r.fixed()?), size: r.uint()?, root: r.fixed()? };
        if all.last().is_some_and(|last| last.party >= seen.party) {
            return Err(r.fail(DecodeFault::Rule("seen checkpoints are not sorted by party")));
        }
        all.push(seen);
    }
    Ok(all)
}
