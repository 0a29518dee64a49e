//! A progress bar on long work: drawn on stderr when that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::command::Progress;

/// Draws what a command reports.
pub struct Bar {
    bar: Option<ProgressBar>,
    what: String,
    silent: bool,
}

impl Bar {
    /// A bar that appears with the first news; never with `silent`.
    pub const fn new(silent: bool) -> Bar {
        Bar { bar: None, what: String::new(), silent }
    }

    /// Draws one piece of news.
    pub fn update(&mut self, news: &Progress) {
        if self.silent {
            return;
        }
        if self.bar.is_none() || self.what != news.what {
            self.finish();
            self.what.clone_from(&news.what);
            // indicatif draws nothing when stderr is no terminal.
            let bar = ProgressBar::new(news.total);
            let template = if news.counts {
                "{prefix} {bar:30} {human_pos}/{human_len} {per_sec} {eta} left {msg}"
            } else {
                "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(crate::output::safe(&news.what));
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_length(news.total.max(news.done));
            bar.set_position(news.done);
            bar.set_message(crate::output::safe(&news.note));
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
