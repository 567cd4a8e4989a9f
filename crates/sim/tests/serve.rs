//! Pushes leave when they are due, and what nobody took is gone.

use jiff::tz::TimeZone;
use reading::Timestamp;
use sim::{E450Feed, LAG_MAX, Pace, PacedFeed, Protection, Speed, serve};
use std::cell::Cell;
use std::time::Duration;

const START: Timestamp = Timestamp::from_seconds(1_777_852_800);

/// A clock that moves by `tick` whenever it is read, and when told to.
struct Clock {
    now: Cell<Timestamp>,
    tick: Duration,
}

impl Clock {
    fn new(tick: Duration) -> Self {
        Self { now: Cell::new(Timestamp::from_seconds(2_000_000_000)), tick }
    }

    fn read(&self) -> Timestamp {
        self.now.set(self.now.get().plus(self.tick));
        self.now.get()
    }
}

fn feed() -> E450Feed {
    let zone = TimeZone::get("Europe/Paris").expect("bundled");
    E450Feed::new(7, START, &zone, &Protection::Plain)
}

/// Serves until `count` pushes were taken; `taken` sees each.
async fn run(clock: &Clock, speed: f64, mut taken: impl FnMut(usize, &[u8]), count: usize) {
    let mut done = 0;
    let speed = Speed::times(speed).expect("a speed");
    let pace = Pace { start: START, speed, clock: || clock.read() };
    let mut feed = feed();
    let end = serve(&mut feed, pace, async |bytes: &[u8]| {
        if done == count {
            return Err("enough");
        }
        taken(done, bytes);
        done += 1;
        Ok(())
    });
    assert_eq!(end.await, "enough");
}

#[tokio::test]
async fn every_push_leaves_when_it_is_due() {
    let clock = Clock::new(Duration::from_micros(500));
    let begin = clock.now.get();
    let expected: Vec<_> = feed().take(30).collect();
    let speed = 1000.0;
    let check = |index: usize, bytes: &[u8]| {
        assert_eq!(bytes, expected[index].bytes);
        let due = expected[index].due.since(START).div_f64(speed);
        let late = clock.now.get().since(begin).checked_sub(due).expect("not before it is due");
        assert!(late < Duration::from_millis(3), "{late:?}");
    };
    run(&clock, speed, check, 30).await;
}

#[tokio::test]
async fn a_stuck_writer_does_not_catch_up() {
    let clock = Clock::new(Duration::from_millis(1));
    let expected: Vec<_> = feed().take(800).collect();
    let mut places = Vec::new();
    let stuck = |index: usize, bytes: &[u8]| {
        places.push(expected.iter().position(|push| push.bytes == bytes).expect("a push"));
        if index == 3 {
            clock.now.set(clock.now.get().plus(Duration::from_secs(3)));
        }
    };
    run(&clock, 1000.0, stuck, 20).await;
    let due = |index: usize| expected[places[index]].due;
    // Three seconds at this speed are 3000 s of the meter, of which only the end is sent.
    assert!(due(4).since(due(3)) > Duration::from_secs(2_990));
    assert!(due(4).since(due(3)) < Duration::from_secs(3_000) + LAG_MAX);
    assert!(places[4..].windows(2).all(|pair| pair[1] == pair[0] + 1), "{places:?}");
}

#[tokio::test]
async fn a_clock_set_back_does_not_silence_the_meter() {
    let clock = Clock::new(Duration::from_millis(1));
    let expected: Vec<_> = feed().take(20).collect();
    let check = |index: usize, bytes: &[u8]| {
        assert_eq!(bytes, expected[index].bytes);
        if index == 5 {
            clock.now.set(clock.now.get().minus(Duration::from_secs(3_600)));
        }
    };
    run(&clock, 1000.0, check, 20).await;
}

#[tokio::test]
async fn a_meter_runs_as_a_task_until_its_line_breaks() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut line, mut reader) = tokio::io::duplex(4096);
    let expected: Vec<u8> = feed().take(2).flat_map(|push| push.bytes).collect();
    let origin = tokio::time::Instant::now();
    let task = tokio::spawn(async move {
        let clock = move || START.plus(origin.elapsed());
        let pace = Pace { start: START, speed: Speed::times(20.0).expect("a speed"), clock };
        let mut feed = feed();
        let mut paced = PacedFeed::new(&mut feed, pace);
        loop {
            let push = paced.next().await;
            if let Err(error) = line.write_all(&push.bytes).await {
                return error;
            }
        }
    });
    let mut received = vec![0; expected.len()];
    reader.read_exact(&mut received).await.expect("bytes");
    assert_eq!(received, expected);
    drop(reader);
    let error = task.await.expect("no panic");
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn refuses_a_speed_outside_its_range() {
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
        assert!(Speed::times(factor).is_err(), "{factor}");
    }
    assert_eq!(Speed::times(1.0), Ok(Speed::REAL));
}
