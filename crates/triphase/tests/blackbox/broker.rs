//! A real mosquitto, a foreign subscriber, and a door between the broker and us.

use crate::process::PATIENCE;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A mosquitto of our own.
pub(crate) struct Broker {
    child: Child,
    config: PathBuf,
    pub(crate) port: u16,
}

/// Whether mosquitto and its clients are here; prints SKIPPED, and is a failure in CI.
pub(crate) fn mosquitto_is_here() -> bool {
    let missing = ["mosquitto", "mosquitto_sub", "mosquitto_pub", "mosquitto_passwd", "openssl"]
        .into_iter()
        .find(|name| find(name).is_none());
    let Some(missing) = missing else { return true };
    assert!(std::env::var_os("CI").is_none(), "{missing} is missing");
    println!("SKIPPED: {missing} is not installed");
    false
}

/// The program, also where Debian hides servers from ordinary users.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    folders.map(|folder| Path::new(folder).join(name)).find(|file| file.is_file())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

impl Broker {
    /// A broker that lets everybody in.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::with(folder, "allow_anonymous true\n")
    }

    /// A broker with more lines of configuration.
    pub(crate) fn with(folder: &Path, lines: &str) -> Self {
        let port = free_port();
        let config = folder.join(format!("mosquitto-{port}.conf"));
        let text = format!("listener {port} 127.0.0.1\npersistence false\n{lines}");
        std::fs::write(&config, text).expect("writable");
        let child = launch(&config, port);
        Self { child, config, port }
    }

    /// Ends the broker the hard way, with everything it knows.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Starts it again after a kill, empty, at the same address.
    pub(crate) fn restart(&mut self) {
        self.child = launch(&self.config, self.port);
    }

    /// Publishes a message with the foreign client.
    pub(crate) fn publish(&self, topic: &str, payload: &str) {
        let port = self.port.to_string();
        let done = Command::new("mosquitto_pub")
            .args(["-p", &port, "-q", "1", "-t", topic, "-m", payload])
            .status()
            .expect("mosquitto_pub starts");
        assert!(done.success());
    }
}

fn launch(config: &Path, port: u16) -> Child {
    let program = find("mosquitto").expect("found before");
    let child = Command::new(program)
        .args(["-c", config.to_str().expect("UTF-8")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mosquitto starts");
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "mosquitto does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One message as the foreign subscriber saw it.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) retained: bool,
    pub(crate) qos: u64,
}

impl Heard {
    /// The payload as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.payload).expect("JSON")
    }
}

/// A mosquitto_sub that writes down everything.
pub(crate) struct Subscriber {
    child: Child,
    lines: Receiver<String>,
    pub(crate) heard: Vec<Heard>,
}

impl Subscriber {
    /// Subscribes to everything, and waits until the broker has agreed.
    pub(crate) fn start(port: u16) -> Self {
        Self::with(port, &[])
    }

    /// The same with more arguments.
    pub(crate) fn with(port: u16, arguments: &[&str]) -> Self {
        let mut child = Command::new("stdbuf")
            .args(["-oL", "mosquitto_sub", "-d", "-q", "1", "-t", "#", "-F", "heard %j"])
            .args(["-p", &port.to_string()])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto_sub starts");
        let (sender, lines) = channel();
        let pipe = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let subscriber = Self { child, lines, heard: Vec::new() };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = subscriber.lines.recv_timeout(left).expect("a subscription");
            if line.starts_with("Subscribed") {
                return subscriber;
            }
        }
    }

    /// Listens until everything heard satisfies `enough`.
    pub(crate) fn wait_for(&mut self, what: &str, enough: impl Fn(&[Heard]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !enough(&self.heard) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let topics: Vec<&str> = self.heard.iter().map(|h| h.topic.as_str()).collect();
                panic!("never heard {what}; heard {topics:?}");
            };
            self.take(&line);
        }
    }

    /// Takes what has come until now, without waiting for more.
    pub(crate) fn take_all(&mut self) {
        while let Ok(line) = self.lines.try_recv() {
            self.take(&line);
        }
    }

    fn take(&mut self, line: &str) {
        let Some(json) = line.strip_prefix("heard ") else { return };
        let message: Value = serde_json::from_str(json).expect("mosquitto_sub writes JSON");
        self.heard.push(Heard {
            topic: message["topic"].as_str().expect("a topic").to_owned(),
            payload: message["payload"].as_str().unwrap_or_default().to_owned(),
            retained: message["retain"] == 1,
            qos: message["qos"].as_u64().expect("a QoS"),
        });
    }

    /// The messages of a topic.
    pub(crate) fn of(&self, topic: &str) -> Vec<&Heard> {
        self.heard.iter().filter(|heard| heard.topic == topic).collect()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the door does with those who come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Leads to the broker.
    Open,
    /// Ends every connection at once.
    Closed,
    /// Takes connections and never answers.
    Mute,
}

/// A way to the broker that a test can close.
pub(crate) struct Passage {
    pub(crate) port: u16,
    door: Arc<Mutex<Door>>,
    through: Arc<Mutex<Vec<TcpStream>>>,
}

impl Passage {
    pub(crate) fn to(broker: u16, door: Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let door = Arc::new(Mutex::new(door));
        let through: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (seen, kept) = (Arc::clone(&door), Arc::clone(&through));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let door = *seen.lock().expect("a door");
                if door == Door::Closed {
                    continue;
                }
                kept.lock().expect("a list").push(stream.try_clone().expect("a handle"));
                if door == Door::Open
                    && let Ok(other) = TcpStream::connect(("127.0.0.1", broker))
                {
                    kept.lock().expect("a list").push(other.try_clone().expect("a handle"));
                    carry(&stream, &other);
                    carry(&other, &stream);
                }
            }
        });
        Self { port, door, through }
    }

    /// Sets the door; whoever is through already is cut off.
    pub(crate) fn set(&self, door: Door) {
        *self.door.lock().expect("a door") = door;
        for stream in self.through.lock().expect("a list").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn carry(from: &TcpStream, to: &TcpStream) {
    let mut from = from.try_clone().expect("a handle");
    let mut to = to.try_clone().expect("a handle");
    std::thread::spawn(move || {
        let mut buffer = [0; 16384];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// A broker by hand: it takes messages and acknowledges those that a test chooses.
pub(crate) struct Hand {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A message as it came over the wire.
pub(crate) struct Taken {
    pub(crate) topic: String,
    pub(crate) payload: String,
    packet: [u8; 2],
}

impl Hand {
    /// Lets the next client in.
    pub(crate) fn welcome(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().expect("a client");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let mut hand = Self { stream, buffer: Vec::new() };
        assert_eq!(hand.packet().0 >> 4, 1, "CONNECT comes first");
        hand.write(&[0x20, 2, 0, 0]);
        hand
    }

    /// The next message; everything else is answered as the protocol wants it.
    pub(crate) fn take(&mut self) -> Taken {
        loop {
            let (kind, body) = self.packet();
            match kind >> 4 {
                3 => {
                    assert_eq!(kind & 0b0110, 0b0010, "QoS 1");
                    let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
                    return Taken {
                        topic: text(&body[2..2 + length]),
                        packet: [body[2 + length], body[3 + length]],
                        payload: text(&body[4 + length..]),
                    };
                }
                8 => self.write(&[0x90, 3, body[0], body[1], 0]),
                12 => self.write(&[0xD0, 0]),
                other => panic!("packet type {other}"),
            }
        }
    }

    /// Acknowledges a message.
    pub(crate) fn acknowledge(&mut self, taken: &Taken) {
        self.write(&[0x40, 2, taken.packet[0], taken.packet[1]]);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the client reads");
    }

    fn packet(&mut self) -> (u8, Vec<u8>) {
        loop {
            let mut length = 0;
            for (place, byte) in self.buffer.iter().skip(1).take(4).enumerate() {
                length |= usize::from(byte & 0x7F) << (7 * place);
                let whole = place + 2 + length;
                if byte & 0x80 == 0 && self.buffer.len() >= whole {
                    let packet: Vec<u8> = self.buffer.drain(..whole).collect();
                    return (packet[0], packet[place + 2..].to_vec());
                }
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let mut more = [0; 4096];
            let count = self.stream.read(&mut more).expect("the client writes");
            assert!(count > 0, "the client went away");
            self.buffer.extend_from_slice(&more[..count]);
        }
    }
}
