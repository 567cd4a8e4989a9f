//! Starting and asking the binary.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running `triphase run` or `triphase demo`.
pub(crate) struct Service {
    child: Child,
    url: String,
    log: Receiver<String>,
    seen: Vec<String>,
}

/// Runs a command of the binary to its end.
pub(crate) fn triphase(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_triphase"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

/// A folder with a configuration; the site section and a free port are added.
pub(crate) fn folder(meters: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = format!(
        "[site]\nname = \"Atelier\"\ntimezone = \"Europe/Paris\"\nsubscribed_power_kw = 50\n\
         [http]\nlisten = \"127.0.0.1:0\"\n{meters}"
    );
    std::fs::write(folder.path().join("triphase.toml"), text).expect("writable");
    folder
}

impl Service {
    /// Starts the service on a folder made by [`folder`].
    pub(crate) fn run(folder: &Path) -> Self {
        let config = folder.join("triphase.toml");
        Self::start(&["run", "--config", config.to_str().expect("UTF-8")])
    }

    /// Starts any serving command and waits until it answers.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_triphase"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (lines, log) = channel();
        let pipes: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("piped")),
            Box::new(child.stderr.take().expect("piped")),
        ];
        for pipe in pipes {
            let lines = lines.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let _ = lines.send(line);
                }
            });
        }
        let mut service = Self { child, url: String::new(), log, seen: Vec::new() };
        const SCHEMES: [&str; 2] = ["http://", "https://"];
        let ours = |line: &str| SCHEMES.iter().any(|s| line.contains(&format!("{s}127.0.0.1:")));
        let line = service.wait_for_line_that("an address of ours", ours);
        let scheme = SCHEMES.into_iter().find(|s| line.contains(s)).expect("one of them");
        let address = line.split(scheme).nth(1).expect("an address");
        let end = address.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
        service.url = format!("{scheme}{}", &address[..end.unwrap_or(address.len())]);
        service
    }

    /// Where it answers, such as `http://127.0.0.1:8330`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether a line of output that has been read contained `text`.
    pub(crate) fn was_logged(&self, text: &str) {
        assert!(self.seen.iter().any(|line| line.contains(text)), "{}", self.seen.join("\n"));
    }

    /// Waits for a line of output that contains `text`.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        self.wait_for_line_that(text, |line| line.contains(text))
    }

    fn wait_for_line_that(&mut self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) =
            self.log.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.seen.push(line.clone());
            if is(&line) {
                return line;
            }
        }
        panic!("no line with {what:?} in:\n{}", self.seen.join("\n"));
    }

    /// GETs a path: status and JSON body.
    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let response = agent().get(format!("{}{path}", self.url)).call().expect("an answer");
        read(response)
    }

    /// GETs a path: status and text.
    pub(crate) fn get_text(&self, path: &str) -> (u16, String) {
        let mut response = agent()
            .get(format!("{}{path}", self.url))
            .header("accept", "text/html")
            .call()
            .expect("an answer");
        (response.status().as_u16(), response.body_mut().read_to_string().expect("text"))
    }

    /// POSTs JSON text: status and JSON body.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let response = agent()
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .send(body)
            .expect("an answer");
        read(response)
    }

    /// POSTs bytes as they are: status and JSON body.
    pub(crate) fn post_bytes(&self, path: &str, body: &[u8]) -> (u16, Value) {
        let response = agent()
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/octet-stream")
            .send(body)
            .expect("an answer");
        read(response)
    }

    /// Asks until `good` accepts the answer.
    pub(crate) fn wait_for(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, value) = self.get(path);
            if status == 200 && good(&value) {
                return value;
            }
            assert!(Instant::now() < deadline, "{path} stayed at {status} {value}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the process the hard way.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Asks the process to end and waits for it.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(asked.success());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return status;
            }
            assert!(Instant::now() < deadline, "SIGTERM was not obeyed");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build();
    config.into()
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let text = response.body_mut().read_to_string().expect("text");
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (response.status().as_u16(), value)
}

/// A folder beside the workspace that holds what others recorded; `None` prints SKIPPED, and is
/// a failure in CI.
pub(crate) fn shared(variable: &str, name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    let folder = std::env::var_os(variable).map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", folder.display());
    println!("SKIPPED: {} is not here", folder.display());
    None
}
