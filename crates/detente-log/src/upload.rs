//! What travels to a mirror: the upload header, packages of entries, and the progress answer.
//!
//! Is: the plan of an upload, and encoding and bounded decoding of its parts. Is not: the mirror's
//! state (`mirror.rs`). Source: C2SP tlog-mirror (untagged draft), `add-entries`.
//!
//! Deviation: tlog-mirror has no version tag, so the body begins with one byte, [`MIRROR_VERSION`].

use crate::blame::Blame;
use crate::bundle::{MAX_BUNDLE_BYTES, push_entry, take_entries};
use crate::checkpoint::{CheckpointError, MAX_ORIGIN_BYTES, Origin, VerifiedCheckpoint};
use crate::hash::{Hash, leaf_hash};
use crate::proof::{MAX_PROOF_LINES, ProofError, ProveError, Subtree, SubtreeProof, prove_subtree};
use crate::size::{LeafIndex, NumberError, TreeSize};
use crate::text::{parse_base64, take_line, to_base64};
use crate::tile::{TILE_WIDTH, TileError};
use crate::tree::HashReader;

/// First byte of an upload body.
pub const MIRROR_VERSION: u8 = 1;
/// Longest ticket: its length is a uint16.
pub const MAX_TICKET_BYTES: usize = 65_535;
/// Longest package: a full bundle, the number of hashes, and the hashes.
pub const MAX_PACKAGE_BYTES: usize = MAX_BUNDLE_BYTES + 1 + MAX_PROOF_LINES * Hash::LEN;
/// Packages that a client should send in one request (8192 entries).
pub const MAX_PACKAGES_PER_REQUEST: usize = 32;
/// Longest progress answer: two decimals and a ticket in base64.
const MAX_INFO_BYTES: usize = 2 * 21 + MAX_TICKET_BYTES.div_ceil(3) * 4 + 1;

/// An upload, package or answer that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Another number of entries than the package must have.
    #[error("package holds {got} entries, not {want}")]
    Entries {
        /// Entries given.
        got: usize,
        /// Entries of that package.
        want: u16,
    },
    /// The entries are malformed.
    #[error("package holds malformed entries")]
    Entry(#[source] TileError),
    /// A progress answer that is not three lines.
    #[error("mirror info is not size, next entry and ticket")]
    Info,
    /// A number in a progress answer or a header is out of bounds.
    #[error("upload holds a malformed number")]
    Number(#[source] NumberError),
    /// The origin is malformed.
    #[error("upload holds a malformed origin")]
    Origin(#[source] CheckpointError),
    /// More proof hashes than allowed.
    #[error("package has {got} proof hashes, at most 63 allowed")]
    ProofLength {
        /// Hashes announced.
        got: usize,
    },
    /// The upload starts after it ends.
    #[error("upload starts at {start} and ends at {end}")]
    Range {
        /// First entry.
        start: u64,
        /// Entry after the last.
        end: u64,
    },
    /// The ticket is longer than its uint16 length can say.
    #[error("ticket has {got} bytes, at most 65535 allowed")]
    Ticket {
        /// Bytes given.
        got: usize,
    },
    /// The bytes end early; more may follow on a stream.
    #[error("upload ends early")]
    Truncated,
    /// Another format than this program speaks.
    #[error("upload has version {got}, not 1")]
    Version {
        /// Version byte.
        got: u8,
    },
}

impl UploadError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entries { .. } => "upload_entries",
            Self::Entry(error) => error.code(),
            Self::Info => "upload_info",
            Self::Number(error) => error.code(),
            Self::Origin(error) => error.code(),
            Self::ProofLength { .. } => "upload_proof_length",
            Self::Range { .. } => "upload_range",
            Self::Ticket { .. } => "upload_ticket",
            Self::Truncated => "upload_truncated",
            Self::Version { .. } => "upload_version",
        }
    }

    /// When decoding, whoever sent the bytes; the faults of encoding are the caller's.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Entries { .. } | Self::Ticket { .. } => Blame::Caller,
            Self::Entry(error) => error.blame(),
            Self::Info
            | Self::Number(_)
            | Self::Origin(_)
            | Self::ProofLength { .. }
            | Self::Range { .. }
            | Self::Truncated
            | Self::Version { .. } => Blame::Peer,
        }
    }
}

/// What an upload begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadHeader {
    /// Log whose entries follow.
    pub origin: Origin,
    /// First entry that follows.
    pub start: LeafIndex,
    /// Size of the pending checkpoint that the packages are proven against.
    pub end: TreeSize,
    /// Opaque value from the mirror's last answer, or nothing. This mirror gives none.
    pub ticket: Vec<u8>,
}

impl UploadHeader {
    /// Writes the header.
    ///
    /// # Errors
    /// [`UploadError::Ticket`] or [`UploadError::Range`].
    pub fn encode(&self) -> Result<Vec<u8>, UploadError> {
        let ticket = u16::try_from(self.ticket.len())
            .map_err(|_| UploadError::Ticket { got: self.ticket.len() })?;
        self.check_range()?;
        let origin = self.origin.as_str().as_bytes();
        // An origin has at most 255 bytes.
        let origin_size = u16::try_from(origin.len()).unwrap_or(u16::MAX);
        let mut bytes = vec![MIRROR_VERSION];
        bytes.extend_from_slice(&origin_size.to_be_bytes());
        bytes.extend_from_slice(origin);
        bytes.extend_from_slice(&self.start.get().to_be_bytes());
        bytes.extend_from_slice(&self.end.get().to_be_bytes());
        bytes.extend_from_slice(&ticket.to_be_bytes());
        bytes.extend_from_slice(&self.ticket);
        Ok(bytes)
    }

    /// Reads a header off the front of `bytes` and returns the rest.
    ///
    /// # Errors
    /// [`UploadError`] names the fault.
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), UploadError> {
        let (version, rest) = take::<1>(bytes)?;
        if version[0] != MIRROR_VERSION {
            return Err(UploadError::Version { got: version[0] });
        }
        let (size, rest) = take::<2>(rest)?;
        let size = usize::from(u16::from_be_bytes(*size));
        if size > MAX_ORIGIN_BYTES {
            return Err(UploadError::Origin(CheckpointError::Origin));
        }
        let (origin, rest) = rest.split_at_checked(size).ok_or(UploadError::Truncated)?;
        let origin = std::str::from_utf8(origin)
            .map_err(|_| UploadError::Origin(CheckpointError::Origin))?;
        let origin = Origin::new(origin).map_err(UploadError::Origin)?;
        let (start, rest) = take::<8>(rest)?;
        let (end, rest) = take::<8>(rest)?;
        let start = LeafIndex::new(u64::from_be_bytes(*start));
        let end = TreeSize::new(u64::from_be_bytes(*end)).map_err(UploadError::Number)?;
        let (size, rest) = take::<2>(rest)?;
        let size = usize::from(u16::from_be_bytes(*size));
        let (ticket, rest) = rest.split_at_checked(size).ok_or(UploadError::Truncated)?;
        let header = Self { origin, start, end, ticket: ticket.to_vec() };
        header.check_range()?;
        Ok((header, rest))
    }

    /// "`upload_start` MUST be less or equal to `upload_end`."
    fn check_range(&self) -> Result<(), UploadError> {
        if self.start.get() > self.end.get() {
            return Err(UploadError::Range { start: self.start.get(), end: self.end.get() });
        }
        Ok(())
    }
}

/// Takes a fixed number of bytes off the front.
fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), UploadError> {
    bytes.split_first_chunk::<N>().ok_or(UploadError::Truncated)
}

/// Which entries one package holds: at most 256, never across a multiple of 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageRange {
    start: u64,
    end: u64,
}

impl PackageRange {
    /// The package that begins at `start` in an upload that ends at `end`; `None` when it is over.
    #[must_use]
    pub fn at(start: LeafIndex, end: TreeSize) -> Option<Self> {
        let start = start.get();
        let width = u64::from(TILE_WIDTH);
        let bundle_end = (start - start % width).saturating_add(width);
        let range = Self { start, end: end.get().min(bundle_end) };
        (range.start < range.end).then_some(range)
    }

    /// First entry.
    #[must_use]
    pub fn start(&self) -> LeafIndex {
        LeafIndex::new(self.start)
    }

    /// Tree size once the package is in.
    #[must_use]
    pub fn end(&self) -> TreeSize {
        // `end` is at most that of a `TreeSize`.
        TreeSize::new(self.end).unwrap_or(TreeSize::MAX)
    }

    /// Entries in the package, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        u16::try_from(self.end - self.start).unwrap_or(TILE_WIDTH)
    }

    /// First entry of the bundle that the package belongs to.
    #[must_use]
    pub fn bundle_start(&self) -> LeafIndex {
        LeafIndex::new(self.start - self.start % u64::from(TILE_WIDTH))
    }

    /// The subtree that the package's proof is about: from the start of the bundle.
    ///
    /// # Errors
    /// None in practice: a part of a bundle that begins where the bundle begins is a subtree.
    pub fn subtree(&self) -> Result<Subtree, ProofError> {
        Subtree::new(self.bundle_start(), self.end())
    }
}

/// Entries and the proof that they are in the checkpoint, borrowed from the bytes or the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package<'a> {
    entries: Vec<&'a [u8]>,
    proof: SubtreeProof,
}

impl<'a> Package<'a> {
    /// Collects a package from the entries of `range` and stored hashes of the whole log.
    ///
    /// # Errors
    /// [`ProveError`] when the range ends after `end` or the reader fails.
    pub fn prove<R: HashReader>(
        reader: &R,
        range: &PackageRange,
        entries: Vec<&'a [u8]>,
        end: TreeSize,
    ) -> Result<Self, ProveError<R::Error>> {
        let subtree = range.subtree().map_err(ProveError::Request)?;
        Ok(Self { entries, proof: prove_subtree(reader, &subtree, end)? })
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[&'a [u8]] {
        &self.entries
    }

    /// The proof.
    #[must_use]
    pub fn proof(&self) -> &SubtreeProof {
        &self.proof
    }

    /// The leaf hashes of the entries.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = Hash> {
        self.entries.iter().map(|entry| leaf_hash(entry))
    }

    /// Writes the package.
    ///
    /// # Errors
    /// [`UploadError`] when the entries are not those of `range`, one is too long, or the proof has
    /// more than 63 hashes.
    pub fn encode(&self, range: &PackageRange) -> Result<Vec<u8>, UploadError> {
        if self.entries.len() != usize::from(range.width()) {
            return Err(UploadError::Entries { got: self.entries.len(), want: range.width() });
        }
        let mut bytes = Vec::new();
        for entry in &self.entries {
            push_entry(&mut bytes, entry).map_err(UploadError::Entry)?;
        }
        let hashes = self.proof.hashes();
        let count = u8::try_from(hashes.len())
            .ok()
            .filter(|count| usize::from(*count) <= MAX_PROOF_LINES)
            .ok_or(UploadError::ProofLength { got: hashes.len() })?;
        bytes.push(count);
        hashes.iter().for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
        Ok(bytes)
    }

    /// Reads the package of `range` off the front of `bytes` and returns the rest. Allocates
    /// nothing that is larger than the bytes given.
    ///
    /// # Errors
    /// [`UploadError::Truncated`] when more bytes are needed; another [`UploadError`] otherwise.
    pub fn decode(bytes: &'a [u8], range: &PackageRange) -> Result<(Self, &'a [u8]), UploadError> {
        let (entries, rest) = take_entries(bytes, range.width()).map_err(|error| match error {
            TileError::BundleTruncated { .. } => UploadError::Truncated,
            other => UploadError::Entry(other),
        })?;
        let (count, rest) = take::<1>(rest)?;
        let count = usize::from(count[0]);
        if count > MAX_PROOF_LINES {
            return Err(UploadError::ProofLength { got: count });
        }
        let (hashes, rest) =
            rest.split_at_checked(count * Hash::LEN).ok_or(UploadError::Truncated)?;
        let hashes = hashes.as_chunks::<{ Hash::LEN }>().0;
        let hashes = hashes.iter().map(|hash| Hash::from_bytes(*hash)).collect();
        let proof =
            SubtreeProof::new(hashes).map_err(|_| UploadError::ProofLength { got: count })?;
        Ok((Self { entries, proof }, rest))
    }
}

/// An upload that a mirror admitted: against which checkpoint, and which package comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub(crate) checkpoint: VerifiedCheckpoint,
    pub(crate) next: u64,
}

impl Upload {
    /// The checkpoint that the packages are proven against.
    #[must_use]
    pub fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// What the next package must hold; `None` when the upload is complete.
    #[must_use]
    pub fn next_package(&self) -> Option<PackageRange> {
        PackageRange::at(LeafIndex::new(self.next), self.checkpoint.head().size)
    }
}

/// Body of a 202 or 409 answer: where the client should go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorInfo {
    /// Size of a pending checkpoint to upload to.
    pub size: TreeSize,
    /// First entry that the mirror lacks.
    pub next: TreeSize,
    /// To be sent back.
    pub ticket: Vec<u8>,
}

impl MirrorInfo {
    /// Writes the three lines.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("{}\n{}\n{}\n", self.size, self.next, to_base64(&self.ticket))
    }

    /// Reads the three lines.
    ///
    /// # Errors
    /// [`UploadError`] names the fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, UploadError> {
        if bytes.len() > MAX_INFO_BYTES {
            return Err(UploadError::Info);
        }
        let mut rest = std::str::from_utf8(bytes).map_err(|_| UploadError::Info)?;
        let mut line = || take_line(&mut rest).ok_or(UploadError::Info);
        let size = TreeSize::parse(line()?).map_err(UploadError::Number)?;
        let next = TreeSize::parse(line()?).map_err(UploadError::Number)?;
        let ticket = parse_base64(line()?).ok_or(UploadError::Info)?;
        if !rest.is_empty() || ticket.len() > MAX_TICKET_BYTES {
            return Err(UploadError::Info);
        }
        Ok(Self { size, next, ticket })
    }
}
