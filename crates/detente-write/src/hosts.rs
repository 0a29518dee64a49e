//! A hosts file that points domains to `0.0.0.0`, and to `::` if asked for.
//!
//! It blocks the names themselves, not the names below them.

use std::io::Write;

use detente_core::Kind;

use crate::export::{Put, WriteFault, Writer};
use crate::head::Head;
use crate::screen::Item;
use crate::seen::Seen;
use crate::{Meta, Options, Reason};

pub(crate) struct Hosts {
    head: Head,
    ipv6: bool,
    seen: Seen,
}

impl Hosts {
    pub(crate) fn new(meta: Meta, options: &Options) -> Hosts {
        let head = Head::new(&meta, options);
        Hosts { head, ipv6: options.hosts_ipv6, seen: Seen::default() }
    }
}

impl Writer for Hosts {
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        self.head.write(out, "#")
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        if item.kind() != Kind::Domain {
            return Ok(Err(Reason::KindNotInFormat));
        }
        if let Err(reason) = self.seen.add(&[item.value()]) {
            return Ok(Err(reason));
        }
        let (name, colours) = (item.value(), item.colours());
        writeln!(out, "0.0.0.0 {name} # {colours}")?;
        if self.ipv6 {
            writeln!(out, ":: {name} # {colours}")?;
        }
        Ok(Ok(()))
    }

    fn end(&mut self, _: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(())
    }
}
