//! Chores that need code: tidy.
