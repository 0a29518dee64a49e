//! The one pure function that decides what may leave.
