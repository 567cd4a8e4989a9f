//! What systemd is told, by the protocol of sd_notify(3) on a socket of our own.

use crate::process::{PATIENCE, folder};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

fn told(socket: &UnixDatagram) -> String {
    let mut message = [0; 4096];
    let length = socket.recv(&mut message).expect("a message in time");
    String::from_utf8_lossy(&message[..length]).into_owned()
}

#[test]
fn the_supervisor_learns_of_ready_alive_and_stopping() {
    let folder = folder("[[meter]]\nid = \"general\"\n");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut child = Command::new(env!("CARGO_BIN_EXE_triphase"))
        .args(["run", "--config"])
        .arg(folder.path().join("triphase.toml"))
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "400000")
        .env_remove("WATCHDOG_PID")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let (mut ready, mut alive) = (false, 0);
    while !ready || alive < 3 {
        let message = told(&socket);
        if message.contains("READY=1") {
            assert!(message.contains("STATUS=the page answers at 127.0.0.1:"), "{message}");
            ready = true;
        }
        alive += usize::from(message.contains("WATCHDOG=1"));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    while !told(&socket).contains("STOPPING=1") {}
    assert!(child.wait().expect("wait").success());
}
