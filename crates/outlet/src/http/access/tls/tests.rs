//! Certificates that are made, given, wrong, renewed; clients that never get to the point.

use super::*;
use std::os::unix::fs::PermissionsExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const NOW_S: i64 = 1_777_887_561;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW_S)
}

fn open(source: Source, folder: &Path) -> Result<Tls, Error> {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "workshop-pc".to_owned()];
    Tls::open(source, Surroundings { folder, names, clock: Arc::new(now) })
}

/// A certificate that ends in `year`, and its key, as PEM files.
fn files(folder: &Path, year: i32) -> (PathBuf, PathBuf) {
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let pair = rcgen::KeyPair::generate().expect("a key");
    let made = params.self_signed(&pair).expect("a certificate");
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&cert, made.pem()).expect("writable");
    fs::write(&key, pair.serialize_pem()).expect("writable");
    (cert, key)
}

fn fingerprint_of(tls: &Tls) -> String {
    tls.current.read().expect("whole").fingerprint.clone()
}

fn standing(tls: &Tls) -> Standing {
    Standing::of(tls.current.read().expect("whole").validity, now())
}

/// The two ends of a connection: what the server makes of it, and the client's socket.
async fn connect(tls: &Arc<Tls>) -> (tokio::task::JoinHandle<io::Result<Vec<u8>>>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let client = TcpStream::connect(address).await.expect("listening");
    let (stream, _) = listener.accept().await.expect("connected");
    let tls = Arc::clone(tls);
    let server = tokio::spawn(async move {
        let mut stream = tls.shake_hands(stream).await?;
        let mut heard = vec![0; 4];
        stream.read_exact(&mut heard).await?;
        Ok(heard)
    });
    (server, client)
}

async fn greet(client: TcpStream, root: &Path, name: &'static str) -> io::Result<()> {
    let mut roots = RootCertStore::empty();
    let cert = CertificateDer::from_pem_file(root).expect("a certificate");
    roots.add(cert).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).expect("a name");
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, client).await?;
    stream.write_all(b"ping").await?;
    stream.flush().await
}

#[tokio::test]
async fn a_self_signed_certificate_is_made_once_and_names_the_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let tls = Arc::new(open(Source::SelfSigned, folder.path()).expect("made"));
    let again = open(Source::SelfSigned, folder.path()).expect("kept");
    assert_eq!(fingerprint_of(&tls), fingerprint_of(&again));
    assert_eq!(fingerprint_of(&tls).len(), 32 * 3 - 1);
    assert_eq!(standing(&tls), Standing::Good);
    let cert = folder.path().join(OWN_CERTIFICATE);
    for file in [&cert, &folder.path().join(OWN_KEY)] {
        let mode = fs::metadata(file).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
    for name in ["localhost", "127.0.0.1", "workshop-pc"] {
        let (server, client) = connect(&tls).await;
        greet(client, &cert, name).await.expect("trusted");
        assert_eq!(server.await.expect("ended").expect("heard"), b"ping");
    }
    let (server, client) = connect(&tls).await;
    greet(client, &cert, "evil.example").await.expect_err("not its name");
    assert!(server.await.expect("ended").is_err());
    assert_eq!(tls.failures.total(), 1);
}

#[test]
fn an_own_certificate_past_its_end_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = files(folder.path(), 2021);
    fs::rename(cert, folder.path().join(OWN_CERTIFICATE)).expect("renamed");
    fs::rename(key, folder.path().join(OWN_KEY)).expect("renamed");
    let tls = open(Source::SelfSigned, folder.path()).expect("made anew");
    assert_eq!(standing(&tls), Standing::Good);
}

#[test]
fn files_that_do_not_do_are_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = files(folder.path(), 2040);
    let (good_cert, good_key) = (fs::read(&cert).expect("read"), fs::read(&key).expect("read"));
    let source = Source::Files { cert: cert.clone(), key: key.clone() };
    let said =
        |source: &Source| open(source.clone(), folder.path()).err().expect("refused").to_string();
    let (_, other) = (files(folder.path(), 2040), fs::read(&key).expect("read"));
    fs::write(&cert, &good_cert).expect("writable");
    assert!(said(&source).contains("key.pem does not belong to the certificate"));
    fs::write(&key, "no PEM").expect("writable");
    assert!(said(&source).contains("key.pem holds no private key in PEM form"));
    fs::write(&key, &good_key).expect("writable");
    fs::write(&cert, &other).expect("writable");
    assert!(said(&source).contains("cert.pem holds no certificate in PEM form"));
    let rubbish = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(&cert, rubbish).expect("writable");
    assert!(said(&source).contains("cert.pem cannot be used"), "{}", said(&source));
    fs::remove_file(&cert).expect("there");
    assert!(said(&source).contains("cert.pem cannot be read"));
}

#[test]
fn a_renewal_is_taken_and_a_failed_one_leaves_the_earlier_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = files(folder.path(), 2021);
    let source = Source::Files { cert: cert.clone(), key: key.clone() };
    let tls = open(source, folder.path()).expect("an ended certificate does not stop recording");
    assert!(matches!(standing(&tls), Standing::Ended(_)), "{:?}", standing(&tls));
    let old = fingerprint_of(&tls);
    let old_key = fs::read(&key).expect("read");
    files(folder.path(), 2040);
    let new_key = fs::read(&key).expect("read");
    fs::write(&key, old_key).expect("writable");
    tls.look(Instant::now());
    assert_eq!(fingerprint_of(&tls), old, "the key is not written yet");
    fs::write(&key, new_key).expect("writable");
    tls.look(Instant::now());
    assert_ne!(fingerprint_of(&tls), old);
    assert_eq!(standing(&tls), Standing::Good);
}

#[test]
fn the_end_of_a_certificate_is_announced() {
    let at = |seconds: i64| Timestamp::from_seconds(seconds);
    let validity = Some((1_000_000, 9_000_000));
    assert_eq!(Standing::of(validity, at(999_999)), Standing::NotYet(at(1_000_000)));
    assert_eq!(Standing::of(validity, at(2_000_000)), Standing::Good);
    assert_eq!(Standing::of(validity, at(8_000_000)), Standing::EndsSoon(at(9_000_000)));
    assert_eq!(Standing::of(validity, at(9_000_001)), Standing::Ended(at(9_000_000)));
    assert_eq!(Standing::of(None, at(0)), Standing::Good);
}

#[tokio::test]
async fn plain_http_is_told_to_use_https() {
    let folder = tempfile::tempdir().expect("a folder");
    let tls = Arc::new(open(Source::SelfSigned, folder.path()).expect("made"));
    let (server, mut client) = connect(&tls).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("answered");
    assert!(server.await.expect("ended").is_err());
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(body.contains("https://"), "{body}");
}

/// The clock stands while anything moves and jumps when nothing does.
#[tokio::test(start_paused = true)]
async fn a_client_that_never_shakes_hands_is_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let tls = Arc::new(open(Source::SelfSigned, folder.path()).expect("made"));
    for first in [&b""[..], &[HANDSHAKE, 3, 1]] {
        let began = Instant::now();
        let (server, mut client) = connect(&tls).await;
        client.write_all(first).await.expect("sent");
        let error = server.await.expect("ended").expect_err("cut off");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= HANDSHAKE_MAX);
        drop(client);
    }
}
