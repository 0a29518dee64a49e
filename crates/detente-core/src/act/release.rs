//! The body of a release: what left, object by object, under which clause.

use crate::act::MAX_CLAUSE_ID;
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::handling::{Handling, ObjectKind};
use crate::id::{Digest, PartyId, RunId};
use crate::kind::Kind;
use crate::object::Object;
use crate::tlp::Tlp;
use crate::transform::Transform;

/// Most objects in one release.
pub const MAX_MANIFEST: usize = 16_384;
/// Most labels of one object.
pub const MAX_LABELS: usize = 32;
/// Longest label, in bytes.
pub const MAX_LABEL: usize = 100;

/// The facts of an object that the gate decides on. All of them can be read off the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFacts {
    /// What sort of object it is.
    pub object: ObjectKind,
    /// What the indicator observes.
    pub kind: Kind,
    /// The most restrictive TLP colour of all its markings.
    pub tlp: Tlp,
    /// It carries a marking that this program does not understand, or markings that contradict
    /// each other: it is closed.
    pub marking_unknown: bool,
    /// Labels, sorted, each once.
    pub labels: Vec<String>,
    /// Size of the object in bytes.
    pub bytes: u32,
    /// How it may be handled, as far as that is known.
    pub handling: Handling,
}

/// One object in a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEntry {
    /// SHA-256 of the object's bytes: its address.
    pub object: Digest,
    /// The clause that lets it go.
    pub clause: String,
    /// What was taken out of it before it left, sorted.
    pub transforms: Vec<Transform>,
    /// What the gate saw, but of the object as it left.
    pub facts: ObjectFacts,
}

/// Lets objects leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseBody {
    /// The text in force, by digest.
    pub text: Digest,
    /// The run on whose answer the release rests, if it rests on one.
    pub run: Option<RunId>,
    /// The objects in the order in which the gate decided on them.
    pub manifest: Vec<ManifestEntry>,
    /// Who receives them, if the release says it; without it, the other side of the run.
    pub to: Option<PartyId>,
    /// The originator's consent on which the release rests, by the digest of its leaf.
    pub consent: Option<Digest>,
}

impl ReleaseBody {
    pub(crate) fn write(&self, w: &mut Writer) {
        let optional = [self.run.is_some(), self.to.is_some(), self.consent.is_some()];
        w.map(2 + optional.into_iter().filter(|there| *there).count());
        w.uint(1).bytes(self.text.as_bytes());
        if let Some(run) = &self.run {
            w.uint(2).bytes(run.as_bytes());
        }
        w.uint(3).array(self.manifest.len());
        for entry in &self.manifest {
            entry.write(w);
        }
        if let Some(to) = &self.to {
            w.uint(4).bytes(to.as_bytes());
        }
        if let Some(consent) = &self.consent {
            w.uint(5).bytes(consent.as_bytes());
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<ReleaseBody, DecodeError> {
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let text = Digest::new(r.fixed()?);
        let run = if fields.optional(r, 2)? { Some(RunId::new(r.fixed()?)) } else { None };
        fields.required(r, 3)?;
        let count = r.array(MAX_MANIFEST)?;
        // Not `with_capacity(count)`: the peer has not paid for the entries yet.
        let mut manifest = Vec::new();
        for _ in 0..count {
            manifest.push(ManifestEntry::read(r)?);
        }
        let to = if fields.optional(r, 4)? { Some(PartyId::new(r.fixed()?)) } else { None };
        let consent = if fields.optional(r, 5)? { Some(Digest::new(r.fixed()?)) } else { None };
        fields.end(r)?;
        Ok(ReleaseBody { text, run, manifest, to, consent })
    }

    /// Names the manifest: what a receipt acknowledges.
    pub fn manifest_digest(&self) -> Digest {
        let mut w = Writer::new();
        self.write(&mut w);
        Digest::of("detente/manifest/1", &[&w.into_bytes()])
    }
}

impl ManifestEntry {
    /// Whether this is the object that the entry names: its address, its facts, and nothing in it
    /// that was to be taken out.
    pub fn is_of(&self, object: &Object, bytes: &[u8]) -> bool {
        Object::address(bytes) == self.object
            && object.facts(bytes) == self.facts
            && Transform::all(&self.transforms, object) == *object
    }

    fn write(&self, w: &mut Writer) {
        w.array(10)
            .bytes(self.object.as_bytes())
            .text(&self.clause)
            .uint(self.facts.kind.code().into())
            .uint(self.facts.tlp.code().into())
            .bool(self.facts.marking_unknown)
            .array(self.facts.labels.len());
        for label in &self.facts.labels {
            w.text(label);
        }
        w.uint(self.facts.bytes.into()).uint(self.facts.object.code().into());
        self.facts.handling.write(w);
        Transform::write_all(&self.transforms, w);
    }

    fn read(r: &mut Reader<'_>) -> Result<ManifestEntry, DecodeError> {
        r.tuple(10)?;
        let object = Digest::new(r.fixed()?);
        let clause = r.text(MAX_CLAUSE_ID)?.to_owned();
        let kind = read_kind(r)?;
        let tlp = read_tlp(r)?;
        let marking_unknown = r.bool()?;
        let labels = read_labels(r)?;
        let bytes = r.uint32("object size")?;
        let object_kind = ObjectKind::read(r)?;
        let handling = Handling::read(r)?;
        let facts = ObjectFacts {
            object: object_kind,
            kind,
            tlp,
            marking_unknown,
            labels,
            bytes,
            handling,
        };
        let transforms = Transform::read_all(r)?;
        Ok(ManifestEntry { object, clause, transforms, facts })
    }
}

/// Reads the code of a kind.
pub(crate) fn read_kind(r: &mut Reader<'_>) -> Result<Kind, DecodeError> {
    let code = r.uint8("kind")?;
    Kind::from_code(code)
        .ok_or_else(|| r.fail(DecodeFault::BadValue { what: "kind", got: code.into() }))
}

/// Reads the code of a TLP colour.
pub(crate) fn read_tlp(r: &mut Reader<'_>) -> Result<Tlp, DecodeError> {
    let code = r.uint8("TLP colour")?;
    Tlp::from_code(code)
        .ok_or_else(|| r.fail(DecodeFault::BadValue { what: "TLP colour", got: code.into() }))
}

/// Reads labels: sorted, each once.
pub(crate) fn read_labels(r: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let count = r.array(MAX_LABELS)?;
    let mut labels: Vec<String> = Vec::new();
    for _ in 0..count {
        let label = r.text(MAX_LABEL)?;
        if labels.last().is_some_and(|last| last.as_str() >= label) {
            return Err(r.fail(DecodeFault::Rule("labels are not sorted or repeat")));
        }
        labels.push(label.to_owned());
    }
    Ok(labels)
}
