//! Inclusion, consistency and subtree proofs: made through a reader, verified from bytes alone.
//!
//! Is: one generator and one verifier, those of subtree consistency proofs, of which an inclusion
//! proof is the case `[i, i + 1)` and a consistency proof the case `[0, m)`. Is not: a text format
//! (see `witness.rs` and `proof_bundle.rs`). Source: RFC 6962 §2.1.1 and §2.1.2, and
//! draft-ietf-plants-merkle-tree-certs §4 "Subtrees", whose variable names the verifier keeps.

use crate::blame::Blame;
use crate::hash::{Hash, node_hash};
use crate::size::{LeafIndex, TreeHead, TreeSize};
use crate::tree::{HashReader, Node, ReadError, covering_nodes, fold_peaks, read_exact};

/// Longest inclusion proof in a tree of [`TreeSize::MAX`] leaves.
pub const MAX_INCLUSION_HASHES: usize = 63;
/// Longest consistency or subtree proof: ceil(log2 n) + 1 (RFC 6962 §2.1.2).
pub const MAX_CONSISTENCY_HASHES: usize = 64;
/// Most hashes that a request may carry (tlog-witness, tlog-mirror: "at most 63"); enough for every
/// tree up to 2^62 leaves.
pub const MAX_PROOF_LINES: usize = 63;

/// A proof that does not hold, or a question that cannot have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A tree of size zero with another root than that of the empty tree.
    #[error("tree of size zero does not have the empty root")]
    EmptyRoot,
    /// The tree has no leaf of that index.
    #[error("index {index} is outside a tree of size {size}")]
    IndexOutside {
        /// Index asked for.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The proof has another length than the sizes ask for.
    #[error("proof has {got} hashes, not {want}")]
    Length {
        /// Hashes given.
        got: usize,
        /// Hashes that this proof must have.
        want: usize,
    },
    /// The proof does not lead to the hash of the older tree or the subtree.
    #[error("proof does not lead to the hash of the smaller tree")]
    OldRoot,
    /// The proof does not lead to the root.
    #[error("proof does not lead to the root of the tree")]
    Root,
    /// The newer tree is smaller than the older.
    #[error("tree shrinks from {old} to {new}")]
    Shrinks {
        /// Size of the older tree.
        old: u64,
        /// Size of the newer tree.
        new: u64,
    },
    /// No subtree begins and ends there.
    #[error("[{start}, {end}) is not a subtree")]
    Subtree {
        /// First leaf.
        start: u64,
        /// Leaf after the last.
        end: u64,
    },
    /// More hashes than any proof can have.
    #[error("proof has {got} hashes, at most {max} allowed")]
    TooLong {
        /// Hashes given.
        got: usize,
        /// Most allowed.
        max: usize,
    },
}

impl ProofError {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyRoot => "proof_empty_root",
            Self::IndexOutside { .. } => "proof_index_outside",
            Self::Length { .. } => "proof_length",
            Self::OldRoot => "proof_old_root",
            Self::Root => "proof_root",
            Self::Shrinks { .. } => "proof_shrinks",
            Self::Subtree { .. } => "proof_subtree",
            Self::TooLong { .. } => "proof_too_long",
        }
    }

    /// When verifying: whoever sent the proof. When proving, these mean that the caller asked for
    /// what cannot be; [`ProveError::blame`] says so.
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Peer
    }
}

/// A proof that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProveError<E: std::error::Error + 'static> {
    /// The stored hashes could not be read.
    #[error("cannot read the stored hashes")]
    Read(#[source] ReadError<E>),
    /// No such proof exists.
    #[error("there is no such proof")]
    Request(#[source] ProofError),
}

impl<E: std::error::Error + 'static> ProveError<E> {
    /// Stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(error) => error.code(),
            Self::Request(error) => error.code(),
        }
    }

    /// The storage or the caller.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Read(_) => Blame::Environment,
            Self::Request(_) => Blame::Caller,
        }
    }
}

macro_rules! proof_type {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(Vec<Hash>);

        impl $name {
            /// Checks the bound; whether the proof holds is for `verify`.
            ///
            /// # Errors
            /// [`ProofError::TooLong`] above the longest possible proof.
            pub fn new(hashes: Vec<Hash>) -> Result<Self, ProofError> {
                if hashes.len() > $max {
                    return Err(ProofError::TooLong { got: hashes.len(), max: $max });
                }
                Ok(Self(hashes))
            }

            /// The hashes, from the leaves to the root.
            #[must_use]
            pub fn hashes(&self) -> &[Hash] {
                &self.0
            }
        }
    };
}

proof_type!(
    /// Proves that a leaf is in a tree (RFC 6962 §2.1.1).
    InclusionProof,
    MAX_INCLUSION_HASHES
);
proof_type!(
    /// Proves that a tree begins with an older tree (RFC 6962 §2.1.2).
    ConsistencyProof,
    MAX_CONSISTENCY_HASHES
);
proof_type!(
    /// Proves that a tree holds a subtree (draft-ietf-plants-merkle-tree-certs §4.4).
    SubtreeProof,
    MAX_CONSISTENCY_HASHES
);

/// A range of leaves that forms a subtree: its start is a multiple of the smallest power of two
/// that is not below its length (draft-ietf-plants-merkle-tree-certs §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    start: u64,
    end: u64,
}

impl Subtree {
    /// Checks the definition.
    ///
    /// # Errors
    /// [`ProofError::Subtree`] when the range is not aligned, or ends before it starts.
    pub fn new(start: LeafIndex, end: TreeSize) -> Result<Self, ProofError> {
        let (start, end) = (start.get(), end.get());
        let wrong = ProofError::Subtree { start, end };
        let length = end.checked_sub(start).ok_or(wrong)?;
        // `end` is below 2^63, so the power of two exists.
        let ceiling = length.checked_next_power_of_two().ok_or(wrong)?;
        if start & (ceiling - 1) == 0 { Ok(Self { start, end }) } else { Err(wrong) }
    }

    /// First leaf.
    #[must_use]
    pub fn start(&self) -> LeafIndex {
        LeafIndex::new(self.start)
    }

    /// Size of the smallest tree that holds the subtree.
    #[must_use]
    pub fn end(&self) -> TreeSize {
        // `end` came out of a `TreeSize`.
        TreeSize::new(self.end).unwrap_or(TreeSize::MAX)
    }
}

/// The ranges of leaves whose hashes make up the proof, from the leaves to the root: SUBTREE_PROOF
/// of draft-ietf-plants-merkle-tree-certs §4.4.1, which is PROOF of RFC 6962 §2.1.2 for start zero.
fn proof_ranges(subtree: &Subtree, size: u64) -> Vec<(u64, u64)> {
    let (mut start, end) = (subtree.start, subtree.end);
    if start == end {
        return Vec::new();
    }
    let (mut low, mut high) = (0, size);
    let mut known = true;
    let mut ranges = Vec::new();
    while (start, end) != (low, high) {
        let length: u64 = high - low;
        let split = low + (1 << (length - 1).ilog2());
        if end <= split {
            ranges.push((split, high));
            high = split;
            continue;
        }
        if start < split {
            // Only a subtree that begins where the tree begins crosses the split.
            known = false;
            start = split;
        }
        ranges.push((low, split));
        low = split;
    }
    if !known {
        ranges.push((low, high));
    }
    ranges.reverse();
    ranges
}

/// Reads all hashes in one batch and folds each range.
fn prove<R: HashReader>(
    reader: &R,
    subtree: &Subtree,
    size: TreeSize,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut counts = Vec::new();
    for (start, end) in proof_ranges(subtree, size.get()) {
        let covering = covering_nodes(start, end);
        counts.push(covering.len());
        nodes.extend(covering);
    }
    let hashes = read_exact(reader, &nodes).map_err(ProveError::Read)?;
    let mut rest = hashes.as_slice();
    Ok(counts
        .into_iter()
        .map(|count| {
            // `read_exact` returned as many hashes as the counts sum up to.
            let (peaks, after) = rest.split_at(count);
            rest = after;
            fold_peaks(peaks)
        })
        .collect())
}

/// Proves that the tree of `size` leaves holds the leaf `index`.
///
/// # Errors
/// [`ProveError`] when there is no such leaf or the reader fails.
pub fn prove_inclusion<R: HashReader>(
    reader: &R,
    index: LeafIndex,
    size: TreeSize,
) -> Result<InclusionProof, ProveError<R::Error>> {
    let subtree = leaf_subtree(index, size).map_err(ProveError::Request)?;
    InclusionProof::new(prove(reader, &subtree, size)?).map_err(ProveError::Request)
}

/// Proves that the tree of `new` leaves begins with the tree of `old` leaves.
///
/// # Errors
/// [`ProveError`] when `old` is above `new` or the reader fails.
pub fn prove_consistency<R: HashReader>(
    reader: &R,
    old: TreeSize,
    new: TreeSize,
) -> Result<ConsistencyProof, ProveError<R::Error>> {
    check_growth(old, new).map_err(ProveError::Request)?;
    let subtree = Subtree { start: 0, end: old.get() };
    ConsistencyProof::new(prove(reader, &subtree, new)?).map_err(ProveError::Request)
}

/// Proves that the tree of `size` leaves holds the subtree.
///
/// # Errors
/// [`ProveError`] when the subtree ends after the tree or the reader fails.
pub fn prove_subtree<R: HashReader>(
    reader: &R,
    subtree: &Subtree,
    size: TreeSize,
) -> Result<SubtreeProof, ProveError<R::Error>> {
    check_growth(subtree.end(), size).map_err(ProveError::Request)?;
    SubtreeProof::new(prove(reader, subtree, size)?).map_err(ProveError::Request)
}

/// The subtree that is one leaf.
fn leaf_subtree(index: LeafIndex, size: TreeSize) -> Result<Subtree, ProofError> {
    if !size.contains(index) {
        return Err(ProofError::IndexOutside { index: index.get(), size: size.get() });
    }
    Ok(Subtree { start: index.get(), end: index.get() + 1 })
}

/// Refuses a tree that shrinks.
fn check_growth(old: TreeSize, new: TreeSize) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrinks { old: old.get(), new: new.get() });
    }
    Ok(())
}

impl InclusionProof {
    /// Checks that `head` holds `leaf` at `index`.
    ///
    /// # Errors
    /// [`ProofError`] names the fault.
    pub fn verify(&self, index: LeafIndex, leaf: &Hash, head: &TreeHead) -> Result<(), ProofError> {
        let subtree = leaf_subtree(index, head.size)?;
        verify(&self.0, &subtree, leaf, head)
    }
}

impl ConsistencyProof {
    /// Checks that `new` begins with `old`. From size zero the proof is empty, because the empty
    /// tree begins every tree; between equal sizes it is empty and the roots must be equal.
    ///
    /// # Errors
    /// [`ProofError`] names the fault.
    pub fn verify(&self, old: &TreeHead, new: &TreeHead) -> Result<(), ProofError> {
        check_growth(old.size, new.size)?;
        verify(&self.0, &Subtree { start: 0, end: old.size.get() }, &old.root, new)
    }
}

impl SubtreeProof {
    /// Checks that `head` holds the subtree of this hash.
    ///
    /// # Errors
    /// [`ProofError`] names the fault.
    pub fn verify(
        &self,
        subtree: &Subtree,
        hash: &Hash,
        head: &TreeHead,
    ) -> Result<(), ProofError> {
        check_growth(subtree.end(), head.size)?;
        verify(&self.0, subtree, hash, head)
    }
}

/// draft-ietf-plants-merkle-tree-certs §4.4.3; `subtree` lies within `head`.
///
/// The length is compared first: it follows from the sizes, and a proof of that length makes every
/// later step of the procedure well defined.
fn verify(
    proof: &[Hash],
    subtree: &Subtree,
    hash: &Hash,
    head: &TreeHead,
) -> Result<(), ProofError> {
    if !head.is_possible() {
        return Err(ProofError::EmptyRoot);
    }
    let want = proof_ranges(subtree, head.size.get()).len();
    if proof.len() != want {
        return Err(ProofError::Length { got: proof.len(), want });
    }
    if subtree.start == subtree.end {
        return if *hash == Hash::EMPTY_ROOT { Ok(()) } else { Err(ProofError::EmptyRoot) };
    }
    // Step 3; no underflow: start < end <= size.
    let (mut fnode, mut snode, mut tnode) = (subtree.start, subtree.end - 1, head.size.get() - 1);
    // Steps 4 and 5.
    while fnode != snode && (snode == tnode || snode & 1 == 1) {
        (fnode, snode, tnode) = (fnode >> 1, snode >> 1, tnode >> 1);
    }
    // Steps 6 and 7.
    let mut rest = proof.iter();
    let mut sr = *hash;
    if fnode != snode {
        sr = *rest.next().ok_or(ProofError::Length { got: proof.len(), want })?;
    }
    let mut fr = sr;
    // Step 8.
    for c in rest {
        if tnode == 0 {
            return Err(ProofError::Length { got: proof.len(), want });
        }
        if snode & 1 == 1 || snode == tnode {
            if fnode < snode {
                fr = node_hash(c, &fr);
            }
            sr = node_hash(c, &sr);
            while snode & 1 == 0 {
                (fnode, snode, tnode) = (fnode >> 1, snode >> 1, tnode >> 1);
            }
        } else {
            sr = node_hash(&sr, c);
        }
        (fnode, snode, tnode) = (fnode >> 1, snode >> 1, tnode >> 1);
    }
    // Step 9.
    if tnode != 0 {
        return Err(ProofError::Length { got: proof.len(), want });
    }
    if fr != *hash {
        return Err(ProofError::OldRoot);
    }
    if sr != head.root { Err(ProofError::Root) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
