//! Wires with something real at the other end: pseudo-terminals, loopback TCP, files.

use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use wire::{Error, Link, Port, Pty, SerialSettings, open};

fn every_byte() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

fn as_it_is(content: &[u8]) -> Vec<u8> {
    content.to_vec()
}

async fn take(link: &mut Link, count: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 100];
    while all.len() < count {
        let read = timeout(Duration::from_secs(10), link.read(&mut buffer)).await;
        let read = read.expect("bytes in time").expect("an open wire");
        assert!(read > 0, "closed after {} bytes", all.len());
        all.extend_from_slice(&buffer[..read]);
    }
    all
}

fn serial(path: PathBuf) -> Port {
    Port::Serial(SerialSettings::customer_interface(path))
}

#[tokio::test]
async fn a_serial_line_passes_every_byte_both_ways() {
    let mut pty = Pty::open(None).expect("a pair");
    let mut link = open(&serial(pty.path().to_owned()), as_it_is).await.expect("opens");
    assert_eq!(pty.write_or_lose(&every_byte()).expect("writes"), 256);
    assert_eq!(take(&mut link, 256).await, every_byte());
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("meter");
    let port = Port::Pty { link: Some(name.clone()) };
    let mut ours = open(&port, as_it_is).await.expect("opens");
    let mut theirs = open(&serial(name.clone()), as_it_is).await.expect("opens by its link");
    theirs.write_all(&every_byte()).await.expect("writes");
    assert_eq!(take(&mut ours, 256).await, every_byte());
    drop(ours);
    assert!(!name.exists() && !name.is_symlink(), "the link goes with its terminal");
}

#[tokio::test]
async fn a_reader_may_go_and_come_back() {
    let mut pty = Pty::open(None).expect("a pair");
    let port = serial(pty.path().to_owned());
    for round in 0..3_u8 {
        let mut link = open(&port, as_it_is).await.expect("opens again");
        pty.write_or_lose(&[round; 10]).expect("writes");
        assert_eq!(take(&mut link, 10).await, [round; 10]);
    }
}

#[tokio::test]
async fn a_line_that_nobody_reads_loses_bytes_and_never_blocks() {
    let mut pty = Pty::open(None).expect("a pair");
    let mut written = 0;
    for _ in 0..100 {
        written += pty.write_or_lose(&[0x7E; 4096]).expect("writes or loses");
    }
    assert!(written < 100 * 4096, "a terminal's buffer is finite");
    // Whoever comes then hears the present, whole.
    let before = pty.write_or_lose(&[0; 4096]).expect("writes or loses");
    assert!(before > 0, "an overrun empties the line");
    while pty.write_or_lose(&[0; 4096]).expect("writes or loses") == 4096 {}
    let mut link = open(&serial(pty.path().to_owned()), as_it_is).await.expect("opens");
    pty.write_or_lose(&every_byte()).expect("writes");
    assert_eq!(take(&mut link, 256).await, every_byte());
}

#[tokio::test]
async fn an_adapter_that_vanishes_is_told_by_its_name() {
    let pty = Pty::open(None).expect("a pair");
    let path = pty.path().to_owned();
    let mut link = open(&serial(path.clone()), as_it_is).await.expect("opens");
    drop(pty);
    let error = link.read(&mut [0; 10]).await.expect_err("gone");
    assert!(matches!(&error, Error::Gone { path: gone, .. } if *gone == path));
    assert!(error.to_string().contains("unplugged"), "{error}");
    assert!(!error.is_final());
}

#[test]
fn relative_paths_are_seen_from_the_configuration() {
    let folder = std::path::Path::new("/etc/triphase");
    for (port, seen) in [
        ("file://a.hex?speed=1", "file:///etc/triphase/a.hex?speed=1"),
        ("pty://meter", "pty:///etc/triphase/meter"),
        ("pty://", "pty://"),
        ("tcp://host:1", "tcp://host:1"),
    ] {
        let port: Port = port.parse().expect("valid");
        assert_eq!(port.relative_to(folder).to_string(), seen);
    }
}

#[tokio::test]
async fn tcp_passes_bytes_and_tells_its_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.write_all(&every_byte()).await.expect("writes");
    });
    let port = format!("tcp://{address}").parse().expect("valid");
    let mut link = open(&port, as_it_is).await.expect("connects");
    assert_eq!(take(&mut link, 256).await, every_byte());
    server.await.expect("the server ends");
    assert_eq!(link.read(&mut [0; 10]).await.expect("an orderly end"), 0);
    let gone = open(&port, as_it_is).await.expect_err("nobody listens");
    assert!(gone.to_string().contains("cannot be reached"), "{gone}");
    assert!(!gone.is_final());
}

#[tokio::test(start_paused = true)]
async fn a_replay_keeps_the_pace_of_the_line_and_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("capture.bin");
    std::fs::write(&path, every_byte()).expect("writable");
    let port = Port::File { path, speed: 2.0 };
    let began = tokio::time::Instant::now();
    let mut link = open(&port, as_it_is).await.expect("opens");
    assert_eq!(take(&mut link, 256).await, every_byte());
    // The first piece comes at once; three more of 64 bytes at 2400 baud, twice as fast.
    let expected = Duration::from_secs_f64(192.0 * 11.0 / 2400.0 / 2.0);
    let took = began.elapsed();
    assert!(took >= expected && took < expected * 2, "{took:?} for {expected:?}");
    let end = link.read(&mut [0; 10]).await.expect_err("over");
    assert!(matches!(end, Error::ReplayEnded { bytes: 256, .. }) && end.is_final());
}

#[tokio::test]
async fn says_why_a_device_cannot_be_opened() {
    let missing = serial("/dev/no-such-adapter".into());
    let error = open(&missing, as_it_is).await.expect_err("missing");
    assert!(matches!(error, Error::NoDevice { .. }), "{error}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "no terminal").expect("writable");
    let error = open(&serial(file), as_it_is).await.expect_err("no terminal");
    assert!(matches!(error, Error::Device { .. }), "{error}");
    let no_capture = Port::File { path: folder.path().join("none"), speed: 1.0 };
    let error = open(&no_capture, as_it_is).await.expect_err("missing");
    assert!(error.to_string().contains("cannot be replayed"), "{error}");
}
