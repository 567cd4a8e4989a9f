//! Telegrams to store.

use reading::{
    Decimal, ListId, MeterId, Obis, Quality, Quantity, Reading, Telegram, Timestamp, Value,
};
use std::path::Path;
use store::{Appended, Batch, Options, Store};

/// 2026-05-04T09:39:21Z.
const BEGIN: i64 = 1_777_887_561;

pub(crate) fn open(folder: &Path) -> Store {
    Store::open(folder, Options::default()).expect("the folder is usable")
}

pub(crate) fn meter(name: &str) -> MeterId {
    MeterId::new(name).expect("a meter id")
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(BEGIN + second)
}

pub(crate) fn number(quantity: Quantity, mantissa: i64, exponent: i8) -> Reading {
    Reading {
        quantity: Some(quantity),
        obis: quantity.usual_obis(),
        value: Value::Number(Decimal::new(mantissa, exponent)),
        unit: quantity.unit(),
        quality: Quality::Good,
    }
}

pub(crate) fn text(obis: Obis, text: &str) -> Reading {
    Reading {
        quantity: Quantity::from_obis(obis),
        obis: Some(obis),
        value: Value::Text(text.to_owned()),
        unit: None,
        quality: Quality::Good,
    }
}

/// The same telegrams, arriving one after the other whenever they were measured.
pub(crate) fn arriving(telegrams: impl IntoIterator<Item = Telegram>) -> Vec<Telegram> {
    let arrival = |n: u64| at(1_000_000).plus(std::time::Duration::from_millis(n));
    let dated = (0..).zip(telegrams);
    dated.map(|(n, telegram)| Telegram { received_at: arrival(n), ..telegram }).collect()
}

/// A telegram of `general`, measured and received at a second.
pub(crate) fn telegram(list: &str, second: i64, readings: Vec<Reading>) -> Telegram {
    Telegram {
        meter: meter("general"),
        list: ListId::new(list),
        meter_time: None,
        measured_at: at(second),
        received_at: at(second),
        quality: Quality::Good,
        readings,
    }
}

/// A telegram of one voltage in tenths of a volt.
pub(crate) fn voltage(list: &str, second: i64, tenths: i64) -> Telegram {
    telegram(list, second, vec![number(Quantity::VoltageL1, tenths, -1)])
}

pub(crate) async fn live(store: &Store, telegrams: impl AsRef<[Telegram]>) -> Vec<Appended> {
    let batch = Batch::live(telegrams.as_ref().to_vec(), Vec::new());
    store.append(batch).await.expect("appended")
}

pub(crate) async fn post(store: &Store, telegrams: impl AsRef<[Telegram]>) -> Vec<Appended> {
    store.append(Batch::all_or_nothing(telegrams.as_ref().to_vec())).await.expect("answered")
}

/// Every stored telegram, in the order of storage.
pub(crate) fn all(store: &Store) -> Vec<Telegram> {
    let mut telegrams = Vec::new();
    let mut after = 0;
    loop {
        let page = store.samples_after(after, 1000).expect("readable");
        let Some(last) = page.last() else { return telegrams };
        after = last.id;
        telegrams.extend(page.into_iter().map(|sample| sample.telegram));
    }
}
