//! Transparency log arithmetic after the C2SP specifications, without I/O.
//!
//! Is: RFC 6962 hashing, compact right edges, inclusion, consistency and subtree proofs, tlog-tiles
//! coordinates and bundles, signed notes, checkpoints, Ed25519 cosignatures, the tlog-witness
//! decision, the tlog-mirror state machine, tlog-proof bundles and tlog-policy files.
//!
//! Is not: a log. Nothing here opens a file or a socket, reads a clock or draws a random number.
//! Those who do hand in a [`HashReader`] or a [`TileReader`], times and seeds, and persist what
//! they are told to persist. It knows nothing of accords, parties or any other detente crate.
//!
//! Source: RFC 6962 §2.1, RFC 9162 §2.1, draft-ietf-plants-merkle-tree-certs (subtrees), and the
//! C2SP specifications that `docs/protocol/log.md` lists with their versions and our deviations.

#![forbid(unsafe_code)]

mod blame;
mod bundle;
mod checkpoint;
mod cosign;
mod ed25519;
mod hash;
mod key;
mod mirror;
mod note;
mod policy;
mod proof;
mod proof_bundle;
mod size;
#[cfg(test)]
mod testing;
mod text;
mod tile;
mod tile_reader;
mod tree;
mod upload;
mod witness;

pub use blame::Blame;
pub use bundle::{MAX_BUNDLE_BYTES, MAX_ENTRY_BYTES, decode_bundle, encode_bundle};
pub use checkpoint::{
    Checkpoint, CheckpointBody, CheckpointError, MAX_EXTENSION_LINES, MAX_ORIGIN_BYTES, Origin,
    TrustedLog, VerifiedCheckpoint,
};
pub use cosign::{
    CosignError, CosignTime, Cosignature, Cosigner, CosignerKey, CosignerRole, MayCosign,
};
pub use ed25519::{PublicKey, PublicKeyError, StrictEd25519Error};
pub use hash::{Hash, HashError, leaf_hash, node_hash};
pub use key::{KeyError, KeyId, KeyName, KeyNameError, MAX_VKEY_BYTES, NoteSigner, VerifierKey};
pub use mirror::{Accepted, Commit, MAX_PENDING_CHECKPOINTS, Mirror, MirrorError, MirrorParts};
pub use note::{
    MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError, SignatureLine, VerifiedNote,
    encode_signature_lines, parse_signature_lines,
};
pub use policy::{MAX_POLICY_BYTES, MAX_POLICY_LINES_PER_KIND, Policy, PolicyError, PolicyVerdict};
pub use proof::{
    ConsistencyProof, InclusionProof, MAX_CONSISTENCY_HASHES, MAX_INCLUSION_HASHES,
    MAX_PROOF_LINES, ProofError, ProveError, Subtree, SubtreeProof, prove_consistency,
    prove_inclusion, prove_subtree,
};
pub use proof_bundle::{MAX_EXTRA_BYTES, MAX_PROOF_BUNDLE_BYTES, ProofBundle, ProofBundleError};
pub use size::{LeafIndex, NumberError, TreeHead, TreeSize};
pub use tile::{
    EntryTile, TILE_WIDTH, Tile, TileError, TileWrite, decode_tile, encode_tile,
    entry_tiles_changed, tiles_changed,
};
pub use tile_reader::{TileHashReader, TileReadError, TileReader};
pub use tree::{
    Append, Appender, HashReader, Node, ReadError, RightEdge, RootBuilder, TreeError, root_at,
};
pub use upload::{
    MAX_PACKAGE_BYTES, MAX_PACKAGES_PER_REQUEST, MAX_TICKET_BYTES, MIRROR_VERSION, MirrorInfo,
    Package, PackageRange, Upload, UploadError, UploadHeader,
};
pub use witness::{Accept, AddCheckpoint, MAX_REQUEST_BYTES, Refusal, RequestError, decide};
