//! What an import came to.

use reading::{MeterId, Timestamp};
use std::io::Write;

/// Refused rows that are told one by one.
const TOLD_MAX: usize = 20;

/// Counts, and the first refusals.
#[derive(Debug, Default)]
pub(super) struct Summary {
    rows: u64,
    empty: u64,
    refused: u64,
    told: Vec<String>,
    new: u64,
    known: u64,
    range: Option<(Timestamp, Timestamp)>,
}

impl Summary {
    pub(super) fn row(&mut self, _line: u64) {
        self.rows += 1;
    }

    pub(super) fn good(&mut self) {
        self.rows += 1;
    }

    pub(super) fn empty(&mut self) {
        self.rows += 1;
        self.empty += 1;
    }

    pub(super) fn refused(&mut self, line: u64, reason: &str) {
        self.rows += 1;
        self.contradicted(line, reason);
    }

    /// A row that was counted already turned out to be refused.
    pub(super) fn contradicted(&mut self, line: u64, reason: &str) {
        self.refused += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(format!("line {line}: {reason}"));
        }
    }

    pub(super) fn stored(&mut self, at: Timestamp) {
        self.new += 1;
        self.seen(at);
    }

    pub(super) fn known(&mut self, at: Timestamp) {
        self.known += 1;
        self.seen(at);
    }

    fn seen(&mut self, at: Timestamp) {
        let (from, to) = self.range.unwrap_or((at, at));
        self.range = Some((from.min(at), to.max(at)));
    }

    /// Whether anything is in the store now.
    pub(super) const fn has_good(&self) -> bool {
        self.new + self.known > 0
    }

    /// The refused rows as text; `None` when there are none.
    pub(super) fn refusals(&self) -> Option<String> {
        let more = self.refused - self.told.len() as u64;
        let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
        (self.refused > 0)
            .then(|| format!("{} refused:\n{}{more}", rows(self.refused), self.told.join("\n")))
    }

    /// Prints the summary on stdout and the refusals on stderr.
    pub(super) fn print(
        &self,
        meter: &MeterId,
        unused: &[&str],
        out: &mut dyn Write,
    ) -> std::io::Result<()> {
        if let Some(refusals) = self.refusals() {
            eprintln!("{refusals}");
        }
        let Self { new, known, empty, refused, .. } = self;
        writeln!(
            out,
            "{} read for {meter}: {new} telegrams stored, {known} stored already, {} refused, {} \
             without values",
            rows(self.rows),
            rows(*refused),
            rows(*empty)
        )?;
        if let Some((from, to)) = self.range {
            writeln!(out, "measured from {from} to {to}")?;
        }
        if !unused.is_empty() {
            writeln!(out, "columns not imported: {}", unused.join(", "))?;
        }
        Ok(())
    }
}

fn rows(count: u64) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}
