//! The analyst's desk: files into the own list, the own list exported for other programs, and both
//! looked up in warninglists.
//!
//! In scope: imports in batches with an account of every item ([`import`]); which statements of the
//! own list an export takes, beside what formats and markings allow ([`export()`]): what was taken
//! back, what another party controls and what a warninglist blocks stay here. Every statement is
//! accounted for.
//!
//! Out of scope: where files, lists and exports lie, and what leaves to other parties: that is a
//! release, and the gate's.

#![forbid(unsafe_code)]

mod closers;
mod export;
mod follow;
mod intake;
mod observe;
mod outcome;
mod preview;
mod stix;
mod view;
mod warned;

pub use export::{DeskError, ExportOrder, IndicatorExport, PassedOver, export};
pub use follow::{follow, take_in};
pub use intake::{Hearers, Import, STOPPED, Together, import};
pub use observe::{HeldPattern, ObserveError, ObservedReport, observe};
pub use outcome::{Ended, ended, not_tried};
pub use preview::{PreviewItem, PreviewReport, preview};
pub use stix::{ToShelf, check_collection, check_object};
pub use view::{INDICATORS, Received, Released, refresh_own, refresh_received, refresh_released};
pub use warned::{AddedReport, ListReport, Tally, hits};
