//! This program's own form: an indicator's JSON a line. Nothing is lost but a source that must not
//! be named; an indicator without colour has the one that the caller gives.

use std::io::Write;

use crate::export::{Put, WriteFault, Writer};
use crate::screen::Item;

pub(crate) struct Ndjson;

impl Writer for Ndjson {
    fn begin(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        serde_json::to_writer(&mut *out, item.indicator.as_ref())?;
        out.write_all(b"\n")?;
        Ok(Ok(()))
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }
}
