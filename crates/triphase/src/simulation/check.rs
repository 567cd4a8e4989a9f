//! What must hold at the end of a run.

use super::plant::{Plant, SUPPLY_W, Sent, general};
use analysis::energy::{Samples, Window, energy_report};
use reading::Quantity::{
    ActiveEnergyExport, ActiveEnergyImport, ActivePowerImport, CurrentL1, ReactiveEnergyImport,
    VoltageL1,
};
use reading::{Decimal, JournalKind, LinkState, Telegram, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use store::{JournalOrder, JournalQuery};

/// Holds everything that is claimed against what the plant did.
pub(super) async fn check(mut plant: Plant) {
    plant.acknowledged += plant.parts.acknowledged();
    let (seed, store) = (plant.seed, plant.parts.store.clone());
    let told = format!("seed {seed}: {:?}", plant.events);
    let samples = store.samples_after(0, 10_000).expect("readable");
    assert!(samples.len() as u64 >= plant.acknowledged, "{told}: acknowledged, and lost");
    for sample in &samples {
        was_sent(&plant.sent, &sample.telegram, &told);
    }
    energy(&plant, &told);
    journal(&plant, &told);
    let link = store.link(&general()).expect("a link");
    assert_eq!(link.state, LinkState::Live, "{told}: {link:?}");
}

/// Every value is the one that the meter sent then.
fn was_sent(sent: &Sent, telegram: &Telegram, told: &str) {
    let clock = telegram.meter_time.and_then(|clock| clock.as_if_utc()).expect("a clock");
    let energy = telegram.number(ActiveEnergyImport);
    let list = if energy.is_some() { "Energy" } else { "Fast" };
    let key = (list.to_owned(), clock.as_micros() / 1_000_000);
    let states = sent.get(&key).unwrap_or_else(|| panic!("{told}: never sent: {telegram:?}"));
    let digits = |value: u64, exponent| {
        let mantissa = i64::try_from(value).expect("a register");
        Some(Decimal::new(mantissa, exponent))
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rounded = |value: f64| value.max(0.0).round() as u64;
    let same = |left: Option<Decimal>, right: Option<Decimal>| {
        left.zip(right).is_some_and(|(left, right)| left.cmp_value(right).is_eq())
    };
    let is = |state: &sim::State| {
        if list == "Energy" {
            let counters = &state.counters;
            return same(energy, digits(counters.import_wh(), 0))
                && same(telegram.number(ActiveEnergyExport), digits(counters.export_wh(), 0))
                && same(
                    telegram.number(ReactiveEnergyImport),
                    digits(counters.reactive_import_varh(), 0),
                );
        }
        let phase = &state.phases[0];
        same(telegram.number(ActivePowerImport), digits(rounded(state.total().active_w), 0))
            && same(telegram.number(VoltageL1), digits(rounded(phase.voltage_v), 0))
            && same(telegram.number(CurrentL1), digits(rounded(phase.current_a * 100.0), -2))
    };
    assert!(states.iter().any(is), "{told}: other values than sent: {telegram:?}");
}

/// Energy is never more than what flowed, nor negative.
fn energy(plant: &Plant, told: &str) {
    let store = &plant.parts.store;
    let ever = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    let rows = store.numbers(&general(), ever, &[ActiveEnergyImport]).expect("readable");
    let counter: Vec<(Timestamp, Decimal)> =
        rows.iter().filter_map(|row| Some((row.measured_at, row.values[0]?))).collect();
    let breaks = store.journal_breaks(&general(), ever).expect("readable");
    let (Some(first), Some(last)) = (counter.first(), counter.last()) else {
        panic!("{told}: no counter at all")
    };
    let samples = Samples {
        import_counter: &counter,
        breaks: &breaks,
        supply_w: Some(SUPPLY_W),
        ..Samples::default()
    };
    let whole = energy_report(Window { from: first.0, to: last.0 }, &samples).import_wh;
    let mut parts = 0.0;
    let mut from = first.0;
    while from < last.0 {
        let window = Window { from, to: from.plus(Duration::from_secs(600)) };
        let known = energy_report(window, &samples).import_wh.value().unwrap_or(0.0);
        assert!(known >= 0.0, "{told}: {known} Wh in {window:?}");
        parts += known;
        from = window.to;
    }
    let drawn = plant.drawn_wh as f64 + 1.0;
    for known in [whole.value().unwrap_or(0.0), parts] {
        assert!((0.0..=drawn).contains(&known), "{told}: {known} Wh of {drawn} Wh drawn");
    }
}

/// Each event stands once in the journal, and nothing else does but what a bad line explains.
fn journal(plant: &Plant, told: &str) {
    let query = JournalQuery {
        meter: general(),
        from: None,
        to: None,
        after: None,
        order: JournalOrder::OldestFirst,
        limit: 10_000,
    };
    let noted = plant.parts.store.journal(&query).expect("readable");
    let mut counted: BTreeMap<JournalKind, usize> = BTreeMap::new();
    for one in &noted {
        *counted.entry(one.entry.kind).or_default() += 1;
    }
    let mut expected: BTreeMap<JournalKind, usize> = BTreeMap::new();
    for (_, event) in &plant.events {
        for kind in event.expected() {
            *expected.entry(*kind).or_default() += 1;
        }
    }
    for kind in JournalKind::ALL {
        let [counted, expected] =
            [&counted, &expected].map(|kinds| kinds.get(&kind).copied().unwrap_or(0));
        // A line that loses several telegrams in a row is a lost link as well.
        let right = if kind.is_of_the_link() { counted >= expected } else { counted == expected };
        assert!(right, "{told}: {counted} {kind:?}, not {expected}: {noted:#?}");
    }
    let links = noted.iter().filter(|one| one.entry.kind.is_of_the_link());
    let kinds: Vec<JournalKind> = links.map(|one| one.entry.kind).collect();
    // A loss may show several causes, one after the other; it ends once.
    let lost = JournalKind::LinkLost;
    let orderly = kinds.first().is_none_or(|kind| *kind == lost)
        && kinds.windows(2).all(|pair| pair.contains(&lost))
        && kinds.last().is_none_or(|kind| *kind != lost);
    assert!(orderly, "{told}: {kinds:?}");
}
