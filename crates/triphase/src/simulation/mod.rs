//! A workshop on a virtual clock, against the code that runs in production.
//!
//! In: a seed. Out: a meter's two hours, with what the seed does to it: a counter that is reset,
//! leaps, spikes, falls, rolls over; a meter that is exchanged; clocks that are set; a head that is
//! unplugged; a gateway that accepts and stays silent; a line that loses, doubles and flips bytes;
//! kills; a disk that is full. The simulated E450 speaks its own protocol, encrypted; the driver, the
//! station with its link watch, the store in a folder and the journal's keeper are those of the
//! service. Checked: nothing acknowledged is lost, nothing is stored that was not sent, every value
//! is the one sent, energy is never more than what flowed, each event stands once in the journal, and
//! the link ends alive. Then the meters that are asked, see `polled`. `cargo xtask sim --seed N`
//! repeats a seed.

mod check;
mod events;
mod far_end;
mod plant;
mod polled;

use plant::Plant;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// The seeds to run, such as `7` or `0..200`.
const SEEDS: &str = "TRIPHASE_SIM_SEEDS";
/// The seeds of an ordinary test run.
const SEEDS_DEFAULT: std::ops::Range<u64> = 0..16;
/// Seeds that run at once: they wait for the disk more than they compute.
const AT_ONCE: usize = 4;

#[test]
fn seeds_hold() {
    let seeds = match std::env::var(SEEDS) {
        Err(_) => SEEDS_DEFAULT,
        Ok(text) => parsed(&text).unwrap_or_else(|| panic!("{SEEDS}={text}: expected 7 or 0..200")),
    };
    let next = AtomicU64::new(seeds.start);
    let run = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return failed;
            }
            if catch_unwind(AssertUnwindSafe(|| one(seed))).is_err() {
                println!("seed {seed} failed: cargo xtask sim --seed {seed}");
                failed.push(seed);
            }
        }
    };
    let failed: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("caught")).collect()
    });
    assert!(failed.is_empty(), "failed: {failed:?}");
}

fn parsed(text: &str) -> Option<std::ops::Range<u64>> {
    match text.split_once("..") {
        Some((from, to)) => Some(from.parse().ok()?..to.parse().ok()?),
        None => text.parse().ok().map(|seed| seed..seed + 1),
    }
}

fn one(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let folder = tempfile::tempdir().expect("a folder");
    runtime.expect("a runtime").block_on(async {
        let mut plant = Plant::new(seed, folder.path());
        plant.run().await;
        check::check(plant).await;
    });
    polled::live_through(seed, &folder.path().join("polled"));
}
