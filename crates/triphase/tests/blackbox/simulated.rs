//! A meter or bus that `triphase simulate` plays.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running `triphase simulate`; it ends with the value.
pub(crate) struct Simulated {
    child: Child,
    /// Where it listens: a pseudo-terminal's path or a URL.
    pub(crate) place: String,
}

impl Simulated {
    /// Starts it and waits until it says where it is.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_triphase"))
            .args(["simulate", "--seed", "7"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut place = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        output.read_line(&mut place).expect("a line");
        Self { child, place: place.trim().to_owned() }
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
