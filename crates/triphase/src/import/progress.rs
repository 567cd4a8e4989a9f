//! One line on a terminal that says how far a long job is.

use std::io::{IsTerminal, Write};

/// Progress on stderr; silent where stderr is no terminal.
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    shown: Option<u64>,
    visible: bool,
}

impl Progress {
    /// A job of `total` units.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        Self { what, total, shown: None, visible: std::io::stderr().is_terminal() }
    }

    /// So many units are done.
    pub(crate) fn at(&mut self, done: u64) {
        let percent = (100 * done.min(self.total)).checked_div(self.total).unwrap_or(100);
        if self.visible && self.shown != Some(percent) {
            self.shown = Some(percent);
            // Progress is a courtesy: a terminal that went away must not end the job.
            let _ = write!(std::io::stderr(), "\r{percent:>3} % {}", self.what);
        }
    }

    /// The job is done: the line goes away.
    pub(crate) fn done(&mut self) {
        if self.visible && self.shown.take().is_some() {
            let width = self.what.len() + 6;
            let _ = write!(std::io::stderr(), "\r{:width$}\r", "");
        }
    }
}
