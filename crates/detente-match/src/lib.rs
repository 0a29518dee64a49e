//! Private set intersection without I/O.
