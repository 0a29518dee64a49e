//! The auditor: checks an exported record offline.
