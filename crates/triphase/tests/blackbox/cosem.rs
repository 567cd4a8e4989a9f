//! A meter that is asked over DLMS/COSEM, with a service that is killed in the middle.

use crate::process::{PATIENCE, Service, folder};
use reading::Timestamp;
use serde_json::Value;
use sim::{Access, CosemMeter, CosemServer, CosemSettings};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const GUEK: &str = "000102030405060708090A0B0C0D0E0F";
const GAK: &str = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";

/// A meter in the test's own process, so that it can tell how it was asked.
struct Meter {
    meter: Arc<Mutex<CosemMeter>>,
    address: String,
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("this millennium"))
}

impl Meter {
    fn start(access: Access) -> Self {
        let zone = jiff::tz::TimeZone::get("Europe/Paris").expect("bundled");
        let settings = CosemSettings { access, ..CosemSettings::default() };
        let meter = Arc::new(Mutex::new(CosemMeter::new(3, now(), zone, settings)));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let served = Arc::clone(&meter);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let meter = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &meter));
            }
        });
        Self { meter, address }
    }

    fn told<T>(&self, of: impl Fn(&CosemMeter) -> T) -> T {
        of(&self.meter.lock().expect("whole"))
    }

    fn configured(&self, keys: &str) -> tempfile::TempDir {
        let folder = folder(&format!(
            "[[meter]]\nid = \"general\"\nmodel = \"lgz_e450_dlms\"\nport = \"tcp://{}\"\n\
             period = \"500ms\"\n{keys}\n",
            self.address
        ));
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("writable");
        };
        write("guek.hex", GUEK);
        write("gak.hex", GAK);
        write("password.txt", "wrong\n");
        folder
    }
}

fn serve(mut stream: TcpStream, meter: &Mutex<CosemMeter>) {
    let mut server = CosemServer::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let mut meter = meter.lock().expect("whole");
        let answer = server.receive(&mut meter, now(), &buffer[..count]);
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

fn key(hex: &str) -> [u8; 16] {
    frame::capture_text::bytes_of_text(hex.as_bytes())
        .and_then(|it| it.try_into().ok())
        .expect("a key")
}

fn samples(service: &Service) -> Vec<Value> {
    let page = service.get("/api/v1/samples?meter=general&limit=1000").1;
    page["samples"].as_array().cloned().unwrap_or_default()
}

fn of_list<'a>(samples: &'a [Value], list: &'a str) -> impl Iterator<Item = &'a Value> {
    samples.iter().filter(move |sample| sample["list"] == list)
}

fn wait_for_samples(service: &Service, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let samples = samples(service);
        if enough(&samples) {
            return samples;
        }
        assert!(Instant::now() < deadline, "{} samples", samples.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_ciphered_meter_is_read_over_a_kill_without_using_a_counter_twice() {
    let meter = Meter::start(Access::Keys { guek: key(GUEK), gak: key(GAK) });
    let folder = meter.configured(
        "guek = { file = \"guek.hex\" }\ngak = { file = \"gak.hex\" }\n\
         dlms = { transport = \"wrapper\", client = 1, security = \"high_gmac\", backfill = \"5d\" }",
    );
    let mut kept = 0;
    for _ in 0..3 {
        let service = Service::run(folder.path());
        let found = wait_for_samples(&service, |samples| {
            of_list(samples, "cosem").count() > kept + 1
                && of_list(samples, "1-0:99.1.0*255").count() >= 5 * 96 - 1
        });
        kept = of_list(&found, "cosem").count();
        let rows: Vec<&Value> = of_list(&found, "1-0:99.1.0*255").collect();
        let mut times: Vec<&str> =
            rows.iter().filter_map(|row| row["measured_at"].as_str()).collect();
        times.sort_unstable();
        times.dedup();
        assert_eq!(times.len(), rows.len(), "a row came twice");
        service.kill();
    }
    assert_eq!(meter.told(CosemMeter::replays), 0);
    assert_eq!(meter.told(CosemMeter::refusals), 0);
}

fn reason_of(folder: &Path) -> String {
    let service = Service::run(folder);
    let meters = service.wait_for("/api/v1/meters", |meters| meters.to_string().contains("refuse"));
    service.kill();
    meters.to_string()
}

#[test]
fn a_refused_password_is_shown_once_over_kills_and_the_page_can_say_why() {
    let meter = Meter::start(Access::Password(b"12345678".to_vec()));
    let folder = meter.configured(
        "dlms = { client = 1, security = \"low\", password = { file = \"password.txt\" } }",
    );
    for _ in 0..3 {
        let meters = reason_of(folder.path());
        assert!(meters.contains("until") || meters.contains("not tried again"), "{meters}");
        assert!(!meters.contains("wrong\\n"), "{meters}");
    }
    assert_eq!(meter.told(CosemMeter::refusals), 1);
    // The right one opens the meter, on the same store.
    std::fs::write(folder.path().join("password.txt"), "12345678\n").expect("writable");
    let service = Service::run(folder.path());
    wait_for_samples(&service, |samples| of_list(samples, "cosem").count() > 1);
    assert_eq!(meter.told(CosemMeter::refusals), 1);
}
