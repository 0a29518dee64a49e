//! What two nodes ask of each other, and the answers.

use detente_accord::{MAX_PARTIES, MAX_SLUG};
use detente_core::act::{MAX_BODY, Salt};
use detente_core::encode::{DecodeError, DecodeFault, Reader, Writer};
use detente_core::object::MAX_OBJECT;
use detente_core::{AccordId, Digest, PartyId, RunId};
use detente_gate::Release;

use crate::limits::{
    BATCH_BYTES, MAX_BODIES, MAX_EVALUATED, MAX_FILTER_PART, MAX_LOG_BODY, MAX_OBJECTS, MAX_QUERY,
    MAX_WORDS,
};

/// Asks something of the other node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The first word of each side: which protocol, which party, which software.
    Hello {
        /// Protocol version.
        version: u16,
        /// Who speaks; TLS has proved it, this only catches mistakes.
        party: PartyId,
        /// Name and version of the software, for people.
        software: String,
    },
    /// I write a log in this accord: where do you stand with it?
    OpenLog {
        /// The accord.
        accord: AccordId,
        /// Its slug.
        slug: String,
        /// Its parties, sorted: with the slug they give the id.
        parties: Vec<PartyId>,
    },
    /// A newer checkpoint of my log (tlog-witness `add-checkpoint`).
    AddCheckpoint {
        /// The accord.
        accord: AccordId,
        /// The request body of tlog-witness.
        body: Vec<u8>,
    },
    /// Bodies of acts whose leaves follow with [`Request::AddEntries`].
    Bodies {
        /// The accord.
        accord: AccordId,
        /// Place in my log of the first.
        start: u64,
        /// Salt and body of each.
        bodies: Vec<(Salt, Vec<u8>)>,
    },
    /// Entries of my log (tlog-mirror `add-entries`), one package.
    AddEntries {
        /// The accord.
        accord: AccordId,
        /// The request body of tlog-mirror.
        body: Vec<u8>,
    },
    /// Opens the stream of a matching run that my log offers.
    BeginMatch {
        /// The accord.
        accord: AccordId,
        /// The run.
        run: RunId,
    },
    /// Opens the stream of a matching run again after its line was cut; both go on where it was.
    ResumeMatch {
        /// The accord.
        accord: AccordId,
        /// The run.
        run: RunId,
    },
    /// My log has this release: which of its objects do you lack?
    OpenRelease {
        /// The accord.
        accord: AccordId,
        /// The release, by the digest of its leaf.
        release: Digest,
    },
    /// Objects of a release, in the order of its manifest.
    PutObjects(ObjectBatch),
    /// Is there anything in your logs for me? Answered when all is pushed.
    Pull,
    /// Buckets of a filter that your log publishes, from this one on, as many as one message holds.
    FetchFilter {
        /// The accord.
        accord: AccordId,
        /// The filter, by its own digest.
        filter: Digest,
        /// Number of the first bucket.
        first: u32,
    },
    /// The update that leads from this filter to a newer one, from this byte on.
    FetchUpdate {
        /// The accord.
        accord: AccordId,
        /// The filter that I hold, by its own digest.
        from: Digest,
        /// Bytes of the update that I have.
        offset: u32,
    },
    /// Evaluate these blinded elements for the query that my log offers.
    Lookup {
        /// The accord.
        accord: AccordId,
        /// The query.
        run: RunId,
        /// Its elements, 32 bytes each.
        elements: Vec<u8>,
    },
}

/// Objects on their way. Made from a [`Release`], which only the gate can make, or read from a
/// peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectBatch {
    accord: AccordId,
    release: Digest,
    start: u32,
    objects: Vec<Vec<u8>>,
}

impl ObjectBatch {
    /// The objects of a release from place `start` of its manifest on, as many as one message
    /// carries; none if there are no more.
    pub fn of(release: &Release, accord: AccordId, act: Digest, start: u32) -> Option<ObjectBatch> {
        let mut bytes = 0;
        let objects: Vec<Vec<u8>> = release
            .objects()
            .iter()
            .skip(usize::try_from(start).unwrap_or(usize::MAX))
            .take(MAX_OBJECTS)
            .take_while(|(_, object)| {
                bytes += object.len();
                bytes <= BATCH_BYTES
            })
            .map(|(_, object)| object.clone())
            .collect();
        if objects.is_empty() {
            return None;
        }
        Some(ObjectBatch { accord, release: act, start, objects })
    }

    fn write(&self, w: &mut Writer) {
        w.array(5).uint(8).bytes(self.accord.as_bytes()).bytes(self.release.as_bytes());
        w.uint(self.start.into()).array(self.objects.len());
        for object in &self.objects {
            w.bytes(object);
        }
    }

    /// The accord.
    pub const fn accord(&self) -> AccordId {
        self.accord
    }

    /// The release, by the digest of its leaf.
    pub const fn release(&self) -> Digest {
        self.release
    }

    /// Place of the first object in the manifest.
    pub const fn start(&self) -> u32 {
        self.start
    }

    /// The objects' bytes.
    pub fn objects(&self) -> &[Vec<u8>] {
        &self.objects
    }
}

/// The other node's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// Done; nothing to add.
    Done,
    /// Where the mirror of a log stands.
    LogState {
        /// Size of the newest pending checkpoint.
        pending: u64,
        /// First entry that the mirror lacks.
        next: u64,
    },
    /// All entries up to the checkpoint are durable: the mirror's cosignature line.
    Cosigned {
        /// A signature line of a signed note, without line end.
        line: String,
    },
    /// Objects of a release that the other side has from the front of the manifest.
    ReleaseState {
        /// The first place it lacks.
        next: u32,
    },
    /// No, and why.
    Refused(Refusal),
    /// Buckets of a filter in order, each behind its length; none if there are no more.
    FilterPart {
        /// The buckets.
        bytes: Vec<u8>,
    },
    /// A part of an update.
    UpdatePart {
        /// The filter to which it leads, by its own digest.
        to: Digest,
        /// Bytes of the whole update.
        total: u32,
        /// The part.
        bytes: Vec<u8>,
    },
    /// The evaluated elements of a query and their proof.
    Evaluated {
        /// See `docs/protocol/matching-lookup.md`.
        bytes: Vec<u8>,
    },
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words} ({code})")]
pub struct Refusal {
    /// A stable machine code.
    pub code: String,
    /// In words.
    pub words: String,
}

impl Refusal {
    /// A refusal; words are cut to what a message carries.
    pub fn new(code: &str, words: impl Into<String>) -> Refusal {
        let cut = |text: String| {
            let end = text.floor_char_boundary(MAX_WORDS);
            text.get(..end).unwrap_or_default().to_owned()
        };
        Refusal { code: cut(code.to_owned()), words: cut(words.into()) }
    }
}

impl Request {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Request::Hello { version, party, software } => {
                w.array(4).uint(1).uint((*version).into()).bytes(party.as_bytes()).text(software);
            }
            Request::OpenLog { accord, slug, parties } => {
                w.array(4).uint(2).bytes(accord.as_bytes()).text(slug).array(parties.len());
                for party in parties {
                    w.bytes(party.as_bytes());
                }
            }
            Request::AddCheckpoint { accord, body } => {
                w.array(3).uint(3).bytes(accord.as_bytes()).bytes(body);
            }
            Request::Bodies { accord, start, bodies } => {
                w.array(4).uint(4).bytes(accord.as_bytes()).uint(*start).array(bodies.len());
                for (salt, body) in bodies {
                    w.array(2).bytes(salt).bytes(body);
                }
            }
            Request::AddEntries { accord, body } => {
                w.array(3).uint(5).bytes(accord.as_bytes()).bytes(body);
            }
            Request::BeginMatch { accord, run } => {
                w.array(3).uint(6).bytes(accord.as_bytes()).bytes(run.as_bytes());
            }
            Request::ResumeMatch { accord, run } => {
                w.array(3).uint(10).bytes(accord.as_bytes()).bytes(run.as_bytes());
            }
            Request::OpenRelease { accord, release } => {
                w.array(3).uint(7).bytes(accord.as_bytes()).bytes(release.as_bytes());
            }
            Request::PutObjects(batch) => batch.write(&mut w),
            Request::Pull => {
                w.array(1).uint(9);
            }
            Request::FetchFilter { accord, filter, first } => {
                w.array(4).uint(11).bytes(accord.as_bytes()).bytes(filter.as_bytes());
                w.uint((*first).into());
            }
            Request::FetchUpdate { accord, from, offset } => {
                w.array(4).uint(12).bytes(accord.as_bytes()).bytes(from.as_bytes());
                w.uint((*offset).into());
            }
            Request::Lookup { accord, run, elements } => {
                w.array(4).uint(13).bytes(accord.as_bytes()).bytes(run.as_bytes()).bytes(elements);
            }
        }
        w.into_bytes()
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but the one canonical form.
    pub fn decode(bytes: &[u8]) -> Result<Request, DecodeError> {
        let r = &mut Reader::new(bytes);
        let len = r.array(5)?;
        let code = r.uint()?;
        let want = match code {
            1 | 2 | 4 | 11..=13 => 4,
            3 | 5..=7 | 10 => 3,
            8 => 5,
            9 => 1,
            got => {
                return Err(r.fail(DecodeFault::BadValue { what: "request", got }));
            }
        };
        if len != want {
            return Err(r.fail(DecodeFault::WrongLength { got: len as u64, want }));
        }
        let request = Request::read(r, code)?;
        if r.is_empty() {
            return Ok(request);
        }
        Err(r.fail(DecodeFault::Trailing(bytes.len() - r.offset())))
    }

    fn read(r: &mut Reader<'_>, code: u64) -> Result<Request, DecodeError> {
        if code == 1 {
            let got = r.uint()?;
            let version = u16::try_from(got)
                .map_err(|_| r.fail(DecodeFault::BadValue { what: "version", got }))?;
            let party = PartyId::new(r.fixed()?);
            return Ok(Request::Hello { version, party, software: r.text(MAX_WORDS)?.to_owned() });
        }
        if code == 9 {
            return Ok(Request::Pull);
        }
        let accord = AccordId::new(r.fixed()?);
        Ok(match code {
            2 => Request::OpenLog {
                accord,
                slug: r.text(MAX_SLUG)?.to_owned(),
                parties: list(r, MAX_PARTIES, |r| r.fixed().map(PartyId::new))?,
            },
            3 => Request::AddCheckpoint { accord, body: r.bytes(MAX_LOG_BODY)?.to_vec() },
            4 => Request::Bodies {
                accord,
                start: r.uint()?,
                bodies: list(r, MAX_BODIES, |r| {
                    r.tuple(2)?;
                    Ok((r.fixed()?, r.bytes(MAX_BODY)?.to_vec()))
                })?,
            },
            5 => Request::AddEntries { accord, body: r.bytes(MAX_LOG_BODY)?.to_vec() },
            6 => Request::BeginMatch { accord, run: RunId::new(r.fixed()?) },
            10 => Request::ResumeMatch { accord, run: RunId::new(r.fixed()?) },
            11 => Request::FetchFilter {
                accord,
                filter: Digest::new(r.fixed()?),
                first: r.uint32("bucket")?,
            },
            12 => Request::FetchUpdate {
                accord,
                from: Digest::new(r.fixed()?),
                offset: r.uint32("offset")?,
            },
            13 => Request::Lookup {
                accord,
                run: RunId::new(r.fixed()?),
                elements: r.bytes(MAX_QUERY)?.to_vec(),
            },
            7 => Request::OpenRelease { accord, release: Digest::new(r.fixed()?) },
            _ => Request::PutObjects(ObjectBatch {
                accord,
                release: Digest::new(r.fixed()?),
                start: r.uint32("place in the manifest")?,
                objects: list(r, MAX_OBJECTS, |r| r.bytes(MAX_OBJECT).map(<[u8]>::to_vec))?,
            }),
        })
    }
}

/// Reads a list; grows as its items are read, not by what its head claims.
fn list<T>(
    r: &mut Reader<'_>,
    max: usize,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = r.array(max)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(item(r)?);
    }
    Ok(items)
}

impl Response {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Response::Done => w.array(1).uint(1),
            Response::LogState { pending, next } => w.array(3).uint(2).uint(*pending).uint(*next),
            Response::Cosigned { line } => w.array(2).uint(3).text(line),
            Response::ReleaseState { next } => w.array(2).uint(4).uint((*next).into()),
            Response::Refused(refusal) => {
                w.array(3).uint(5).text(&refusal.code).text(&refusal.words)
            }
            Response::FilterPart { bytes } => w.array(2).uint(6).bytes(bytes),
            Response::UpdatePart { to, total, bytes } => {
                w.array(4).uint(7).bytes(to.as_bytes()).uint((*total).into()).bytes(bytes)
            }
            Response::Evaluated { bytes } => w.array(2).uint(8).bytes(bytes),
        };
        w.into_bytes()
    }

    /// Reads a response.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but the one canonical form.
    pub fn decode(bytes: &[u8]) -> Result<Response, DecodeError> {
        let r = &mut Reader::new(bytes);
        let len = r.array(4)?;
        let code = r.uint()?;
        let want = match code {
            1 => 1,
            2 | 5 => 3,
            3 | 4 | 6 | 8 => 2,
            7 => 4,
            got => {
                return Err(r.fail(DecodeFault::BadValue { what: "response", got }));
            }
        };
        if len != want {
            return Err(r.fail(DecodeFault::WrongLength { got: len as u64, want }));
        }
        let response = match code {
            1 => Response::Done,
            2 => Response::LogState { pending: r.uint()?, next: r.uint()? },
            3 => Response::Cosigned { line: r.text(MAX_WORDS)?.to_owned() },
            4 => Response::ReleaseState { next: r.uint32("place in the manifest")? },
            6 => Response::FilterPart { bytes: r.bytes(MAX_FILTER_PART)?.to_vec() },
            7 => Response::UpdatePart {
                to: Digest::new(r.fixed()?),
                total: r.uint32("bytes of the update")?,
                bytes: r.bytes(MAX_FILTER_PART)?.to_vec(),
            },
            8 => Response::Evaluated { bytes: r.bytes(MAX_EVALUATED)?.to_vec() },
            _ => Response::Refused(Refusal {
                code: r.text(MAX_WORDS)?.to_owned(),
                words: r.text(MAX_WORDS)?.to_owned(),
            }),
        };
        if r.is_empty() {
            return Ok(response);
        }
        Err(r.fail(DecodeFault::Trailing(bytes.len() - r.offset())))
    }
}
