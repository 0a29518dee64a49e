//! The canonical bytes: deterministic CBOR (RFC 8949 §4.2.1), one form per value.
//!
//! Only what detente signs or sends is spoken here: integers, byte and text strings, arrays, maps
//! with integer keys, booleans, null and tags of small numbers. Floats, indefinite lengths,
//! non-shortest heads, unsorted or duplicate keys and trailing bytes are refused, so that decode
//! then encode gives the input back.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{DecodeError, DecodeFault, Fields, Reader};
pub use write::Writer;
