//! Indicators: normal form, readers, markings.
