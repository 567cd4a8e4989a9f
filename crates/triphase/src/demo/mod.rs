//! `triphase demo`: a simulated workshop behind the real pipeline.
//!
//! In: a seed, a speed. Out: the whole service, whose main meter is a simulated E450 at the other
//! end of a pseudo-terminal, encrypted with a demo key, and whose machines have meters of their own. Nothing after the wire knows that it is
//! simulated, but every surface says so. A first start tells some weeks of the past too.

mod history;
mod machines;

pub(crate) use history::History;

use machines::Machines;

use crate::acquire::Clock;
use crate::assemble::{self, Kind};
use crate::cli;
use crate::clock;
use crate::config::{self, Config, HttpConfig, MqttConfig, Secret, loopback_only};
use crate::run;
use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use reading::Timestamp;
use sim::{E450Feed, Pace, PacedFeed, Protection, Speed};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use wire::Pty;

/// The demo's keys protect nothing: they show the encrypted path at work.
const DEMO_GUEK: [u8; 16] = *b"triphase demo EK";
const DEMO_GAK: [u8; 16] = *b"triphase demo AK";
const ZONE: &str = "Europe/Paris";
const SUBSCRIBED_POWER_KW: f64 = 50.0;
/// The file that marks a folder as the demo's own, so that `--reset` deletes nothing else.
const MARK: &str = "this-is-demo-data";
/// What `--reset` deletes, and nothing else.
const STORE_FILES: [&str; 4] =
    ["triphase.sqlite", "triphase.sqlite-wal", "triphase.sqlite-shm", history::BEGAN];

/// Runs the demo until SIGTERM or SIGINT.
pub(crate) async fn demo(arguments: cli::Demo) -> Result<()> {
    loopback_only(arguments.listen).map_err(|reason| anyhow::anyhow!("--listen: {reason}"))?;
    let listener = run::bind(arguments.listen).await?;
    let (folder, reset) = (arguments.data.clone(), arguments.reset);
    tokio::task::spawn_blocking(move || prepare(&folder, reset)).await??;
    let zone = TimeZone::get(ZONE).context(ZONE)?;
    let line = Pty::open(None)?;
    let machines = Machines::install(arguments.seed, &zone, arguments.mqtt.as_ref()).await?;
    let config = config(&arguments, line.path(), &machines)?;
    let speed = Speed::times(arguments.speed)?;
    // The workshop's time goes on where the last demo left it: a faster one may be ahead.
    let store = Store::open(&config.store, store::Options::default())?;
    let newest = config.meters.iter().filter_map(|meter| store.latest(&meter.id));
    let newest =
        newest.filter_map(|latest| Some(latest.newest()?.sample.telegram.measured_at)).max();
    let opened = clock::now();
    // What was pushed at that instant was pushed: its counter must not be used again.
    let start = newest.map_or(opened, |newest| newest.plus(Duration::from_micros(1)).max(opened));
    let is_new = newest.is_none();
    let feed = feed(&arguments, (&config, &store), (is_new, start)).await?;
    let machines = if is_new && !arguments.history.is_none() {
        let store = store.clone();
        let told = move || history::of_machines(machines, &store, start);
        tokio::task::spawn_blocking(told).await??
    } else {
        machines
    };
    // Telling the past took its time; the workshop goes on from where it ends.
    let began = clock::now();
    let start = start.max(began);
    let factor = arguments.speed;
    let workshop_clock: Clock =
        Arc::new(move || start.plus(clock::now().since(began).mul_f64(factor)));
    let answering = machines.serve(&workshop_clock, speed)?;
    let parts = assemble::assemble(config, store, workshop_clock, Kind::Demo)?;
    let simulator = tokio::spawn(simulate(line, feed, (start, speed)));
    run::serve(parts, listener, announce).await?;
    simulator.abort();
    drop(answering);
    Ok(())
}

fn announce(address: std::net::SocketAddr) {
    println!(
        "A simulated workshop is running. Its E450 speaks encrypted DLMS over a pseudo-terminal.\n\n\
         \x20   http://{address}\n\n\
         The page is live within a few seconds; end with Ctrl-C."
    );
    // Nobody may be there to read it; the demo runs all the same.
    let _ = std::io::stdout().flush();
}

/// The folder, empty or the demo's own.
fn prepare(folder: &Path, reset: bool) -> Result<()> {
    let context = || format!("the demo's folder {}", folder.display());
    if folder.exists() {
        let is_empty = std::fs::read_dir(folder).with_context(context)?.next().is_none();
        if !is_empty && !folder.join(MARK).exists() {
            bail!(
                "{} holds something else than a demo's data: choose another --data",
                folder.display()
            );
        }
        if reset {
            // Opened first: a demo that is still running holds the lock, and keeps its readings.
            Store::open(folder, store::Options::default())?.close();
            for name in STORE_FILES {
                let file = folder.join(name);
                if file.exists() {
                    std::fs::remove_file(&file).with_context(|| file.display().to_string())?;
                }
            }
        }
    }
    std::fs::create_dir_all(folder).with_context(context)?;
    std::fs::write(folder.join(MARK), "Readings of a simulated workshop; may be deleted.\n")
        .with_context(context)
}

/// The configuration, as a user would write it.
fn config(arguments: &cli::Demo, line: &Path, machines: &Machines) -> Result<Config> {
    let text = format!(
        "[site]\nname = \"Atelier\"\ntimezone = \"{ZONE}\"\nnominal_voltage_v = 230\n\
         subscribed_power_kw = {SUBSCRIBED_POWER_KW}\n\
         [[meter]]\nid = \"general\"\nrole = \"main\"\nlabel = \"Compteur général\"\n\
         model = \"lgz_e450\"\nport = \"serial://{}\"\n{}",
        line.display(),
        machines.tables()?
    );
    // A broker that feeds a meter must be there for the check; the demo's own settings follow.
    let broker = arguments.mqtt.as_ref().and_then(|broker| broker.plain());
    let section = broker.map(|(host, port)| format!("[mqtt]\nbroker = \"mqtt://{host}:{port}\"\n"));
    let text = text + &section.unwrap_or_default();
    let parsed = config::parse(&text, Path::new("demo"));
    let mut config = parsed.map_err(|report| anyhow::anyhow!("{report}"))?;
    if let Some(general) = config.meters.first_mut() {
        general.guek = Some(Secret::Known(DEMO_GUEK));
        general.gak = Some(Secret::Known(DEMO_GAK));
    }
    Ok(Config {
        http: HttpConfig { listen: arguments.listen, tls: None, names: Vec::new() },
        mqtt: arguments.mqtt.clone().map(|broker| MqttConfig::open(broker, "Atelier")),
        store: arguments.data.clone(),
        ..config
    })
}

/// The workshop's meter: of a new demo with its past told, else where the last one left it.
async fn feed(
    arguments: &cli::Demo,
    (config, store): (&Config, &Store),
    (is_new, start): (bool, Timestamp),
) -> Result<E450Feed> {
    let began = history::began(&config.store, start).filter(|_| !is_new);
    let began =
        began.unwrap_or_else(|| if is_new { arguments.history.begin(start) } else { start });
    let (seed, zone) = (arguments.seed, config.site.zone.clone());
    let folder = config.store.clone();
    let tells_past = is_new && !arguments.history.is_none();
    let Some(meter) = config.meters.first() else { bail!("a demo has a main meter") };
    let reader = meter::model("lgz_e450").map(|model| {
        model.reader(meter::DriverOptions {
            guek: Some(DEMO_GUEK),
            gak: Some(DEMO_GAK),
            zone: Some(zone.clone()),
            ..meter::DriverOptions::new(meter.id.clone())
        })
    });
    let store = store.clone();
    let made = tokio::task::spawn_blocking(move || {
        let protection = Protection::of(Some(DEMO_GUEK), Some(DEMO_GAK));
        let mut feed = E450Feed::new(seed, began, &zone, &protection);
        if is_new {
            history::note_begin(&folder, began)?;
        }
        if let Some(meter::Reader::Listens(mut driver)) = reader.filter(|_| tells_past) {
            history::make(&mut feed, driver.as_mut(), &store, start)?;
        }
        Ok(feed)
    });
    made.await?
}

async fn simulate(mut line: Pty, mut feed: E450Feed, (start, speed): (Timestamp, Speed)) {
    feed.skip_to(start);
    let pace = Pace { start, speed, clock: clock::now };
    let mut paced = PacedFeed::new(&mut feed, pace);
    loop {
        if let Err(error) = line.write_or_lose(&paced.next().await.bytes) {
            tracing::error!(%error, "the simulated meter stopped");
            return;
        }
    }
}
