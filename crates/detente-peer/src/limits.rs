//! How much a peer may send. Each bound is checked before anything is allocated for what it bounds.

/// Longest frame after its head, in bytes: one act's body with its envelope.
pub const MAX_FRAME: usize = detente_core::act::MAX_BODY + 64 * 1024;
/// Longest text that a peer may put into a refusal or greeting, in bytes.
pub const MAX_WORDS: usize = 2_000;
/// Longest tlog-witness or tlog-mirror body, in bytes: 256 entries of 64 KiB at the very most, and
/// in practice 256 acts of 4 kB.
pub const MAX_LOG_BODY: usize = 4 * 1024 * 1024;
/// Most bodies of acts in one message.
pub const MAX_BODIES: usize = 256;
/// Most objects in one message.
pub const MAX_OBJECTS: usize = 1_024;
/// Sum of the bytes of objects or bodies that a sender puts into one message before it begins the
/// next.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Longest query of look-ups, in bytes: 2^14 group elements.
pub const MAX_QUERY: usize = (1 << 14) * 32;
/// Longest answer to a query, in bytes: its elements and one proof.
pub const MAX_EVALUATED: usize = MAX_QUERY + 64;
/// Longest part of a filter or of an update in one message, in bytes. A sender stops before it.
pub const MAX_FILTER_PART: usize = 2 * 1024 * 1024;
/// Exchanges that a peer may have open at once.
pub const MAX_OPEN_EXCHANGES: usize = 16;
/// Bytes of one stream that may wait to be read.
pub const MAX_STREAM_BACKLOG: usize = 256 * 1024 * 1024;
/// Accords that one party may open logs for at a node.
pub const MAX_ACCORDS_PER_PARTY: usize = 256;
