//! Transparency log arithmetic after C2SP, without I/O.
