//! Records simulated fast-list telegrams, back to back, for benchmarks; prints the length of each.
//!
//! Usage: `record_e450 COUNT plain|encrypted FILE [GUEK] [GAK]`; keys are 32 hex digits.

use jiff::tz::TimeZone;
use reading::Timestamp;
use sim::{E450Feed, KEY_LENGTH, Kind, List, Protection};
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "usage: record_e450 COUNT plain|encrypted FILE [GUEK] [GAK]";
/// 2026-05-04T00:00:00Z.
const START_SECONDS: i64 = 1_777_852_800;
const GUEK: &str = "000102030405060708090A0B0C0D0E0F";
const GAK: &str = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match record(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn record(arguments: &[String]) -> Result<(), String> {
    let [count, mode, path, keys @ ..] = arguments else {
        return Err(USAGE.to_owned());
    };
    let count: usize = count.parse().map_err(|_| USAGE.to_owned())?;
    let key_of = |index: usize, default: &str| key(keys.get(index).map_or(default, String::as_str));
    let protection = match mode.as_str() {
        "plain" => Protection::Plain,
        "encrypted" => Protection::of(Some(key_of(0, GUEK)?), Some(key_of(1, GAK)?)),
        _ => return Err(USAGE.to_owned()),
    };
    let zone = TimeZone::get("Europe/Paris").map_err(|error| error.to_string())?;
    let feed = E450Feed::new(1, Timestamp::from_seconds(START_SECONDS), &zone, &protection);
    let fast = feed.filter(|push| push.kind == Kind::List(List::Fast));
    let file = std::fs::File::create(path).map_err(|error| format!("{path}: {error}"))?;
    let mut file = std::io::BufWriter::new(file);
    for push in fast.take(count) {
        println!("{}", push.bytes.len());
        file.write_all(&push.bytes).map_err(|error| format!("{path}: {error}"))?;
    }
    file.flush().map_err(|error| format!("{path}: {error}"))
}

fn key(text: &str) -> Result<[u8; KEY_LENGTH], String> {
    let wrong = || format!("a key is {} hex digits: {text}", 2 * KEY_LENGTH);
    let number = u128::from_str_radix(text, 16).map_err(|_| wrong())?;
    (text.len() == 2 * KEY_LENGTH).then(|| number.to_be_bytes()).ok_or_else(wrong)
}
