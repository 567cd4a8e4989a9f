//! Load profiles fill what an outage left out.

use super::line::{Line, Meter, Peer, START, client, options as driver, recalled};
use meter::cosem::{Carriage, CosemDialogue, CosemOptions};
use meter::{Answer, Dialogue, DriverOptions};
use reading::{Quantity, Telegram, Timestamp};
use sim::CosemSettings;
use std::time::Duration;

const QUARTER: Duration = Duration::from_secs(900);
const PROFILE: &str = "1-0:99.1.0*255";

fn options(backfill: Duration) -> CosemOptions {
    CosemOptions { carriage: Carriage::Hdlc, client: 1, backfill, ..CosemOptions::default() }
}

fn rows(answer: &Answer) -> Vec<Telegram> {
    assert_eq!(answer.fault, None);
    let telegrams = answer.heard.telegrams.iter();
    telegrams.filter(|telegram| telegram.list.as_str() == PROFILE).cloned().collect()
}

/// Rows a quarter of an hour apart, on the quarter, energies that grow.
fn check(rows: &[Telegram]) {
    for pair in rows.windows(2) {
        assert_eq!(pair[1].measured_at.since(pair[0].measured_at), QUARTER);
        let energy = |row: &Telegram| row.number(Quantity::ActiveEnergyImport).expect("energy");
        assert!(energy(&pair[1]).mantissa() > energy(&pair[0]).mantissa());
    }
    assert!(rows.iter().all(|row| row.measured_at.as_micros() % 900_000_000 == 0));
}

#[test]
fn an_outage_is_filled_in_pieces_and_every_row_comes_once() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut line = Line::new();
    let mut dialogue = client(options(Duration::from_secs(5 * 86_400)));
    let mut all = Vec::new();
    for _ in 0..4 {
        let rows = rows(&line.read(&mut dialogue, &mut meter));
        assert!(rows.len() <= 200);
        all.extend(rows);
    }
    check(&all);
    assert_eq!(all.len(), 5 * 96);
    let last = all.last().expect("rows").measured_at;
    assert!(START.since(last) < QUARTER);
    // Nothing new for a while, then one row.
    line.now = last.plus(QUARTER).minus(Duration::from_secs(30));
    assert_eq!(rows(&line.read(&mut dialogue, &mut meter)).len(), 0);
    line.now = last.plus(QUARTER).plus(Duration::from_secs(30));
    let next = rows(&line.read(&mut dialogue, &mut meter));
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].measured_at, last.plus(QUARTER));
}

#[test]
fn a_restart_goes_on_where_the_store_ends() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut line = Line::new();
    let day = Duration::from_secs(86_400);
    let first = line.read(&mut client(options(day)), &mut meter);
    assert_eq!(rows(&first).len(), 96);
    let memory = recalled(first.heard.memory.clone());
    line.now = line.now.plus(Duration::from_secs(2 * 3600));
    let options = DriverOptions { memory, ..driver(options(day)) };
    let second = line.read(&mut CosemDialogue::new(options), &mut meter);
    let last = rows(&first).last().expect("rows").measured_at;
    let rows = rows(&second);
    assert_eq!(rows.len(), 8);
    assert_eq!(rows[0].measured_at, last.plus(QUARTER));
}

#[test]
fn rows_that_were_read_and_never_delivered_are_asked_for_again() {
    let mut meter = Meter::new(CosemSettings::default());
    let mut line = Line::new();
    let mut dialogue = client(options(Duration::from_secs(86_400)));
    // The wire is lost when the association is released, after the rows came.
    dialogue.begin(line.now);
    loop {
        match dialogue.step(line.now) {
            meter::Step::Send(bytes) => {
                if bytes.windows(3).any(|part| part == [0x62, 3, 0x80]) {
                    break;
                }
                for piece in meter.answer(line.now, &bytes) {
                    dialogue.receive(line.now, &piece);
                }
            }
            meter::Step::Done(answer) => panic!("{answer:?}"),
            _ => {}
        }
    }
    dialogue.disconnected(line.now);
    assert_eq!(rows(&line.read(&mut dialogue, &mut meter)).len(), 96);
}

#[test]
fn a_meter_that_selects_nothing_is_read_whole_when_that_is_bearable() {
    let settings = CosemSettings { selection: false, ..CosemSettings::default() };
    let mut meter = Meter::new(settings);
    let day = Duration::from_secs(86_400);
    let answer = Line::new().read(&mut client(options(day)), &mut meter);
    let rows = rows(&answer);
    check(&rows);
    assert_eq!(rows.len(), 96);
}

/// Replaces the meter's answer to a selection by range with "scope of access violated".
fn without_ranges(meter: &mut Meter) -> impl FnMut(Timestamp, &[u8]) -> Vec<Vec<u8>> + '_ {
    move |now, bytes| {
        let buffer = [0, 7, 1, 0, 99, 1, 0, 255, 2, 1, 1];
        match bytes.windows(buffer.len()).position(|part| part == buffer) {
            Some(at) => vec![vec![0, 1, 0, 1, 0, 1, 0, 5, 0xC4, 1, bytes[at - 1], 1, 13]],
            None => meter.answer(now, bytes),
        }
    }
}

#[test]
fn a_meter_that_refuses_ranges_is_asked_for_its_newest_entries() {
    let mut meter = Meter::new(CosemSettings::default());
    let options =
        CosemOptions { carriage: Carriage::Wrapper, ..options(Duration::from_secs(6 * 3600)) };
    let mut dialogue = client(options);
    let mut line = Line::new();
    let answer = line.read(&mut dialogue, &mut without_ranges(&mut meter));
    let found = rows(&answer);
    check(&found);
    assert_eq!(found.len(), 24);
    line.now = line.now.plus(QUARTER);
    let next = rows(&line.read(&mut dialogue, &mut without_ranges(&mut meter)));
    assert_eq!(next.len(), 1);
}

#[test]
fn the_repeated_hour_of_october_is_told_apart() {
    // 2026-10-25: 02:00 to 03:00 occurs twice in Paris.
    let now = Timestamp::parse_rfc3339("2026-10-25T02:10:00Z").expect("valid");
    let mut meter = Meter::new(CosemSettings::default());
    let mut line = Line::new();
    line.now = now;
    let answer = line.read(&mut client(options(Duration::from_secs(3 * 3600))), &mut meter);
    let rows = rows(&answer);
    check(&rows);
    assert_eq!(rows.len(), 12);
}
