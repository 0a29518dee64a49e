//! The analyst's desk: `export` and `warninglist`.

mod exporting;
mod warninglist;

pub use exporting::{ExportArgs, ExportCommand, export};
pub use warninglist::{WarnCommand, WarnVerb, Warnings, warninglist};
