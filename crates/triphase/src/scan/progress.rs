//! How far a search is: one line on a terminal, nothing elsewhere.

use std::io::{IsTerminal, Write};

/// Progress on stderr; silent where stderr is no terminal.
pub(crate) struct Progress {
    visible: bool,
    width: usize,
}

impl Progress {
    /// A search that begins.
    pub(crate) fn new() -> Self {
        Self { visible: std::io::stderr().is_terminal(), width: 0 }
    }

    /// What is being asked now.
    pub(crate) fn at(&mut self, text: &str) {
        self.show(text);
    }

    /// The search is over: the line goes away.
    pub(crate) fn done(mut self) {
        self.show("");
        if self.visible {
            let _ = write!(std::io::stderr(), "\r");
        }
    }

    fn show(&mut self, text: &str) {
        if !self.visible {
            return;
        }
        let width = self.width.max(text.chars().count());
        self.width = text.chars().count();
        // Progress is a courtesy: a terminal that went away must not end the search.
        let _ = write!(std::io::stderr(), "\r{text:width$}");
    }
}
