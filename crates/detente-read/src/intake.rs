//! The counter through which every reader passes what it meets.

use super::report::excerpt;
use super::{
    Format, Options, PROGRESS_STEP, Place, ReadFault, Reason, Refusal, Sink, Skip, Summary,
};
use detente_core::Tlp;
use detente_intel::{Context, Indicator, Observable};

/// The sink, the options and the running account of one import.
pub(super) struct Intake<'a> {
    pub(super) options: &'a Options,
    sink: &'a mut dyn Sink,
    summary: Summary,
    next_progress: u64,
}

impl<'a> Intake<'a> {
    pub(super) fn new(options: &'a Options, sink: &'a mut dyn Sink, format: Format) -> Intake<'a> {
        let summary = Summary { format, ..Summary::default() };
        Intake { options, sink, summary, next_progress: PROGRESS_STEP }
    }

    /// A new context of this import's source.
    pub(super) fn context(&self) -> Context {
        Context::from_source(&self.options.source)
    }

    /// Counts one item met. Every call is followed by one `take`, `refuse` or `skip`.
    pub(super) fn see(&mut self) {
        self.summary.seen += 1;
    }

    /// Counts a time or number that is not understood.
    pub(super) fn unread(&mut self, name: &'static str) {
        *self.summary.unread.entry(name).or_default() += 1;
    }

    /// Hands over what was seen. What its source took back is handed over too, for those who hold
    /// it, and counts as skipped.
    pub(super) fn take(
        &mut self,
        observable: Observable,
        context: Context,
    ) -> Result<(), ReadFault> {
        self.take_at_least(None, observable, context)
    }

    /// The same for what has this colour at least if it has any: a floor under what was named, and
    /// no colour of what is unmarked.
    pub(super) fn take_at_least(
        &mut self,
        floor: Option<Tlp>,
        observable: Observable,
        mut context: Context,
    ) -> Result<(), ReadFault> {
        context.shorten();
        if context.markings.is_unmarked()
            && let Some(tlp) = self.options.default_tlp
        {
            context.markings.add_tlp(tlp);
        }
        if let Some(tlp) = floor.filter(|_| !context.markings.is_unmarked()) {
            context.markings.raise(tlp);
        }
        if let Some(tlp) = self.options.at_least {
            context.markings.raise(tlp);
        }
        if let Some(why) = &self.options.closed {
            context.markings.add_unknown(why);
        }
        if context.revoked {
            let misp = self.summary.format == Format::Misp;
            self.skip(if misp { Skip::Deleted } else { Skip::Revoked });
            return self.sink.take(Indicator { observable, context }).map_err(ReadFault::Sink);
        }
        self.summary.closed += u64::from(context.markings.is_closed());
        self.summary.conflicting += u64::from(context.markings.is_conflicting());
        self.summary.shortened += u64::from(context.shortened);
        self.sink.take(Indicator { observable, context }).map_err(ReadFault::Sink)?;
        self.summary.taken += 1;
        Ok(())
    }

    pub(super) fn object(&mut self, bytes: &[u8]) -> Result<(), ReadFault> {
        self.sink.object(bytes).map_err(ReadFault::Sink)
    }

    pub(super) fn refuse(&mut self, place: Place, content: &[u8], reason: impl Into<Reason>) {
        let reason = reason.into();
        *self.summary.refused.entry(reason.code()).or_default() += 1;
        self.sink.refuse(Refusal { place, excerpt: excerpt(content), reason });
    }

    pub(super) fn skip(&mut self, skip: Skip) {
        *self.summary.skipped.entry(skip.code()).or_default() += 1;
    }

    /// Sees and skips one item.
    pub(super) fn pass(&mut self, skip: Skip) {
        self.see();
        self.skip(skip);
    }

    /// Sees and refuses what makes the rest of the file unreadable.
    pub(super) fn break_off(&mut self, place: Place, content: &[u8], reason: Reason) {
        self.see();
        self.summary.broken = Some(reason.clone());
        self.refuse(place, content, reason);
    }

    /// Notes how far the input has been read.
    pub(super) fn at(&mut self, bytes: u64, lines: u64) {
        self.summary.bytes = bytes;
        self.summary.lines = lines;
        if bytes >= self.next_progress {
            self.next_progress = bytes.saturating_add(PROGRESS_STEP);
            self.sink.progress(bytes);
        }
    }

    pub(super) fn finish(self) -> Summary {
        self.sink.progress(self.summary.bytes);
        self.summary
    }
}
