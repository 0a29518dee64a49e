//! Embedded storage on SQLite.
