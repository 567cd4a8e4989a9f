//! Tokens, sessions and TLS of the running binary, asked by a client that somebody else wrote.

use crate::process::{PATIENCE, Service, triphase};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder whose service listens on `listen` with `more` lines under `[http]`.
fn folder(listen: &str, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = format!(
        "[site]\nname = \"Atelier\"\ntimezone = \"Europe/Paris\"\n\
         [[meter]]\nid = \"general\"\n[http]\nlisten = \"{listen}\"\n{more}\n"
    );
    std::fs::write(folder.path().join("triphase.toml"), text).expect("writable");
    folder
}

fn token(folder: &Path, arguments: &[&str]) -> Output {
    let config = folder.join("triphase.toml");
    let config = ["--config", config.to_str().expect("UTF-8")];
    triphase(&[&["token"], arguments, &config].concat())
}

/// Makes a token and returns its text.
fn add(folder: &Path, name: &str, scope: &str) -> String {
    let output = token(folder, &["add", name, "--scope", scope]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// curl's answer: the status and the body; `None` prints SKIPPED where there is no curl.
fn curl(arguments: &[&str]) -> Option<(u16, String)> {
    let told = ["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}"];
    let output = match Command::new("curl").args(told).args(arguments).output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "curl is missing: {error}");
            println!("SKIPPED: curl is not here");
            return None;
        }
    };
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let (body, status) = text.rsplit_once('\n').expect("a status");
    let status = status.parse().expect("a number");
    Some((status, if status == 0 { said(&output) } else { body.to_owned() }))
}

/// Asks with a token until the status is `expected`.
fn wait_for_status((url, token): (&str, &str), expected: u16) -> Option<()> {
    let deadline = Instant::now() + PATIENCE;
    let header = format!("authorization: Bearer {token}");
    loop {
        let (status, body) = curl(&["--header", &header, url])?;
        if status == expected {
            return Some(());
        }
        assert!(Instant::now() < deadline, "{url} stayed at {status} {body}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn tokens_are_shown_once_listed_by_name_and_revoked() {
    let folder = folder("127.0.0.1:0", "");
    let none = token(folder.path(), &["list"]);
    assert!(none.status.success() && none.stdout.is_empty(), "{}", said(&none));
    let secret = add(folder.path(), "bureau", "admin");
    assert!(secret.starts_with("tri_") && secret.len() == 68, "{secret}");
    add(folder.path(), "plc", "write");
    let list = String::from_utf8(token(folder.path(), &["list"]).stdout).expect("UTF-8");
    assert!(list.contains("bureau  admin  ") && list.contains("plc     write  "), "{list}");
    assert!(!list.contains(&secret[4..20]), "{list}");
    let cases: [(&[&str], i32, &str); 4] = [
        (&["add", "plc", "--scope", "read"], 1, "already"),
        (&["add", "two words", "--scope", "read"], 2, "expected a name"),
        (&["add", "x", "--scope", "root"], 2, "possible values: read, write, admin"),
        (&["revoke", "nobody"], 1, "the tokens are bureau, plc"),
    ];
    for (arguments, code, words) in cases {
        let output = token(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    assert!(token(folder.path(), &["revoke", "plc"]).status.success());
    let last = token(folder.path(), &["revoke", "bureau"]);
    assert!(said(&last).contains("None is left"), "{}", said(&last));
    for name in ["tokens.json", "tokens.lock", "audit.log"] {
        let file = folder.path().join("data").join(name);
        let text = std::fs::read_to_string(&file).expect("there");
        let mode = std::fs::metadata(&file).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
        assert!(!text.contains(&secret[4..20]), "{name}: {text}");
    }
}

#[test]
fn beyond_loopback_there_are_tokens_or_no_start() {
    let folder = folder("0.0.0.0:0", "");
    let config = folder.path().join("triphase.toml");
    let config = config.to_str().expect("UTF-8");
    assert!(triphase(&["check", "--config", config]).status.success(), "checking does no I/O");
    let refused = triphase(&["run", "--config", config]);
    assert_eq!(refused.status.code(), Some(2));
    let data = folder.path().join("data");
    let advice = format!("triphase token add NAME --scope admin --data {}", data.display());
    assert!(said(&refused).contains(&advice), "{}", said(&refused));
    std::fs::write(data.join("tokens.json"), "{\"version\": 1, \"tok").expect("writable");
    let damaged = triphase(&["run", "--config", config]);
    assert_eq!(damaged.status.code(), Some(2));
    assert!(said(&damaged).contains("tokens.json is damaged"), "{}", said(&damaged));
    assert!(said(&damaged).contains("nobody is let in"), "{}", said(&damaged));
}

/// A token counts within about a second; revoked, it ends what goes on with it.
#[test]
fn tokens_are_made_and_revoked_while_the_service_runs() {
    let folder = folder("127.0.0.1:0", "");
    let service = Service::run(folder.path());
    assert_eq!(service.get("/api/v1/site").0, 200, "open");
    let url = |path: &str| format!("{}{path}", service.url());
    let (reader, plc) = (add(folder.path(), "tv", "read"), add(folder.path(), "plc", "write"));
    let site = url("/api/v1/site");
    if wait_for_status((&site, "tri_none"), 401).is_none() {
        return;
    }
    wait_for_status((&site, &reader), 200);
    let row = json!({"tension_l1": 230}).to_string();
    let post = |token: &str| {
        let header = format!("authorization: Bearer {token}");
        let json = "content-type: application/json";
        curl(&["-H", &header, "-H", json, "--data", &row, &url("/api/mesures")]).expect("curl").0
    };
    assert_eq!((post(&plc), post(&reader)), (201, 403));
    let jar = folder.path().join("jar");
    let jar = jar.to_str().expect("UTF-8");
    let body = json!({ "token": reader }).to_string();
    let json = "content-type: application/json";
    let (status, session) =
        curl(&["-c", jar, "-H", json, "--data", &body, &url("/api/v1/session")]).expect("curl");
    let session: Value = serde_json::from_str(&session).expect("JSON");
    assert_eq!((status, &session["name"]), (200, &json!("tv")));
    assert_eq!(curl(&["-b", jar, &site]).expect("curl").0, 200);
    let mut stream = stream(&["-b", jar, &url("/api/v1/events")]);
    let began = Instant::now();
    assert!(token(folder.path(), &["revoke", "tv"]).status.success());
    let mut rest = String::new();
    stream.reader.read_to_string(&mut rest).expect("the stream ends");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(curl(&["-b", jar, &site]).expect("curl").0, 401);
    wait_for_status((&site, &reader), 401);
    wait_for_status((&site, &plc), 200);
    assert!(service.terminate().success());
    let told = std::fs::read_to_string(folder.path().join("data/audit.log")).expect("there");
    let told: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let words: Vec<&str> = told.iter().filter_map(|line| line["what"].as_str()).collect();
    for word in ["started", "token_added", "signed_in", "posted", "token_revoked", "stopped"] {
        assert!(words.contains(&word), "{word}: {words:?}");
    }
}

#[test]
fn a_self_signed_certificate_serves_browsers_and_tells_plain_http_where_to_go() {
    let folder = folder("127.0.0.1:0", "tls = \"self-signed\"");
    let service = Service::run(folder.path());
    service.was_logged("SHA-256 fingerprint");
    let url = service.url().to_owned();
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let cert = folder.path().join("data/tls-cert.pem");
    let cert = cert.to_str().expect("UTF-8");
    // Whoever says nothing, or half a greeting, holds up nobody.
    let address = url.trim_start_matches("https://");
    let _silent: Vec<_> =
        (0..8).map(|_| std::net::TcpStream::connect(address).expect("accepted")).collect();
    for version in [&["--tls-max", "1.2"][..], &["--tlsv1.3"]] {
        let health = format!("{url}/healthz");
        let arguments = [version, &["--cacert", cert, "--include", &health]].concat();
        let Some((status, answer)) = curl(&arguments) else { return };
        assert_eq!(status, 200, "{answer}");
        assert!(!answer.contains("strict-transport-security"), "nobody vouches for it: {answer}");
    }
    let doubted = curl(&[&format!("{url}/healthz")]).expect("curl");
    assert_eq!(doubted.0, 0, "an unknown certificate is doubted: {}", doubted.1);
    let plain = curl(&[&format!("http://{address}/")]).expect("curl");
    assert!(plain.0 == 400 && plain.1.contains("https://"), "{plain:?}");
    let secret = add(folder.path(), "bureau", "read");
    let site = format!("{url}/api/v1/session");
    let body = json!({ "token": secret }).to_string();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let json = "content-type: application/json";
        let sign_in = ["--cacert", cert, "-i", "-H", json, "--data", &body, &site];
        let (status, answer) = curl(&sign_in).expect("curl");
        if status == 200 {
            assert!(answer.contains("__Host-triphase_") && answer.contains("; Secure"), "{answer}");
            break;
        }
        assert!(Instant::now() < deadline, "{status} {answer}");
    }
}

#[test]
fn given_certificates_are_checked_at_the_start_and_read_anew() {
    let made = folder("127.0.0.1:0", "tls = \"self-signed\"");
    Service::run(made.path()).kill();
    let other = folder("127.0.0.1:0", "tls = \"self-signed\"");
    Service::run(other.path()).kill();
    let file = |of: &tempfile::TempDir, name: &str| of.path().join("data").join(name);
    let folder = folder("127.0.0.1:0", "tls = { cert = \"cert.pem\", key = \"key.pem\" }");
    let config = folder.path().join("triphase.toml");
    let run = ["run", "--config", config.to_str().expect("UTF-8")];
    let missing = triphase(&run);
    assert_eq!(missing.status.code(), Some(2));
    assert!(said(&missing).contains("cert.pem cannot be read"), "{}", said(&missing));
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::copy(file(&made, "tls-cert.pem"), &cert).expect("copied");
    std::fs::copy(file(&other, "tls-key.pem"), &key).expect("copied");
    let mismatch = triphase(&run);
    assert_eq!(mismatch.status.code(), Some(2));
    assert!(said(&mismatch).contains("does not belong to the certificate"), "{}", said(&mismatch));
    std::fs::copy(file(&made, "tls-key.pem"), &key).expect("copied");
    let mut service = Service::run(folder.path());
    let health = format!("{}/healthz", service.url());
    let cert_text = cert.to_str().expect("UTF-8");
    let Some((status, answer)) = curl(&["--cacert", cert_text, "--include", &health]) else {
        return;
    };
    assert!(status == 200 && answer.contains("strict-transport-security: max-age="), "{answer}");
    std::fs::copy(file(&other, "tls-key.pem"), &key).expect("copied");
    std::fs::copy(file(&other, "tls-cert.pem"), &cert).expect("copied");
    service.wait_for_line("was read anew");
    assert_eq!(curl(&["--cacert", cert_text, &health]).expect("curl").0, 200, "the new one");
}

/// A running curl whose first line has come.
struct Stream {
    child: Child,
    reader: BufReader<std::process::ChildStdout>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stream(arguments: &[&str]) -> Stream {
    let mut child = Command::new("curl")
        .args(["--silent", "--no-buffer"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl");
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut first = String::new();
    reader.read_line(&mut first).expect("a line");
    assert!(!first.is_empty(), "the stream began");
    Stream { child, reader }
}
