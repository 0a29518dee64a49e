//! What every line-based format says at its top: who made it, when, and up to which colour.

use std::io::Write;

use detente_core::Tlp;

use crate::export::WriteFault;
use crate::text::ascii_line;
use crate::{MAX_META, Meta, Options};

/// The lines at the top.
pub(crate) struct Head {
    lines: [String; 3],
}

impl Head {
    pub(crate) fn new(meta: &Meta, options: &Options) -> Head {
        let handed_on = if options.own_use { "For own use only. " } else { "" };
        let colour: Tlp = options.max_tlp;
        Head {
            lines: [
                ascii_line(&format!("{} - {}", meta.title, meta.producer), 2 * MAX_META),
                format!("Made at {}.", meta.at),
                format!("{handed_on}Up to {colour}: each entry's colour is beside it."),
            ],
        }
    }

    /// Writes the lines as comments.
    pub(crate) fn write(&self, out: &mut dyn Write, mark: &str) -> Result<(), WriteFault> {
        for line in &self.lines {
            writeln!(out, "{mark} {line}")?;
        }
        Ok(())
    }
}
