//! The peer protocol without I/O.
