use super::*;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use reading::Quantity::{ActiveEnergyImport, LogicalDeviceName, ReactiveEnergyImport, VoltageL1};
use reading::{Decimal, ListId, MeterTime, Quantity, Reading, Value};

const BEGIN: i64 = 1_777_887_600;

fn reading(quantity: Quantity, value: Value) -> Reading {
    let unit = quantity.unit();
    Reading { quantity: Some(quantity), obis: None, value, unit, quality: Quality::Good }
}

fn number(quantity: Quantity, mantissa: i64, exponent: i8) -> Reading {
    reading(quantity, Value::Number(Decimal::new(mantissa, exponent)))
}

/// A meter whose clock, arrivals and registers a test sets.
struct Meter {
    at: i64,
    /// The meter's clock minus the true time.
    clock_s: i64,
    /// This machine's clock minus the true time.
    house_s: i64,
    zone_s: i64,
    wh: i64,
    varh: i64,
    power_w: i64,
    name: &'static str,
}

impl Meter {
    fn new() -> Self {
        let (wh, varh, name) = (5_000_000, 700_000, "LGZ1");
        Self { at: BEGIN, clock_s: 0, house_s: 0, zone_s: 7200, wh, varh, power_w: 6000, name }
    }

    /// A minute later.
    fn minute(&mut self) -> Telegram {
        self.at += 60;
        self.wh += self.power_w / 60;
        self.varh += 50;
        let measured_at = Timestamp::from_seconds(self.at + self.clock_s);
        Telegram {
            meter: MeterId::new("general").expect("an id"),
            list: ListId::new("push"),
            meter_time: clock(self.at + self.clock_s + self.zone_s),
            measured_at,
            received_at: Timestamp::from_seconds(self.at + self.house_s + 1),
            quality: Quality::Good,
            readings: vec![
                reading(LogicalDeviceName, Value::Text(self.name.to_owned())),
                number(ActivePowerImport, self.power_w + self.at / 60 % 3, 0),
                number(ActiveEnergyImport, self.wh, 0),
                number(ReactiveEnergyImport, self.varh, 0),
            ],
        }
    }
}

/// A clock that shows these seconds since 1970.
fn clock(seconds: i64) -> Option<MeterTime> {
    let text = Timestamp::from_seconds(seconds).to_string();
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse().ok());
    Some(MeterTime {
        year: text.get(0..4)?.parse().ok()?,
        month: part(5..7)?,
        day: part(8..10)?,
        hour: part(11..13)?,
        minute: part(14..16)?,
        second: part(17..19)?,
        hundredths: None,
        deviation: None,
        status: None,
    })
}

/// What is recognised in an hour, with something done to the meter before a minute; the recogniser
/// is written down and read again between any two telegrams.
fn hour(harm: impl Fn(i64, &mut Meter), shown: impl Fn(i64, &mut Telegram)) -> Vec<JournalEntry> {
    let mut meter = Meter::new();
    let mut recogniser = Recogniser::new(MeterId::new("general").expect("an id"), Some(50_000.0));
    let mut found = Vec::new();
    for minute in 1..=60 {
        harm(minute, &mut meter);
        let mut telegram = meter.minute();
        shown(minute, &mut telegram);
        found.extend(recogniser.take(minute.unsigned_abs(), &telegram));
        assert_eq!(recogniser.take(minute.unsigned_abs(), &telegram), [], "looked at twice");
        let text = recogniser.remembered();
        let again = Recogniser::recall(recogniser.meter.clone(), Some(50_000.0), &text);
        assert_eq!(again.as_ref(), Ok(&recogniser), "{text}");
        recogniser = again.expect("readable");
    }
    found
}

fn only(found: &[JournalEntry]) -> (JournalKind, i64, Vec<String>) {
    let [entry] = found else { panic!("one event, not {found:#?}") };
    let told = |text: &Option<String>| text.clone().unwrap_or_default();
    let changes = entry.changes.iter();
    let changes = changes.map(|c| format!("{} {} {}", c.what, told(&c.before), told(&c.after)));
    (entry.kind, (entry.at.as_micros() / 1_000_000 - BEGIN) / 60, changes.collect())
}

fn at<T>(minute: i64, change: impl Fn(&mut T)) -> impl Fn(i64, &mut T) {
    move |now, thing| {
        if now == minute {
            change(thing);
        }
    }
}

fn nothing<T>(_: i64, _: &mut T) {}

#[test]
fn nothing_happens_to_a_sound_meter() {
    assert_eq!(hour(nothing, nothing), []);
}

#[test]
fn a_reset_of_all_registers_is_one_event() {
    let reset = at(30, |meter: &mut Meter| (meter.wh, meter.varh) = (0, 0));
    let (kind, minute, changes) = only(&hour(reset, nothing));
    assert_eq!((kind, minute), (JournalKind::CounterReset, 30));
    let expected = ["active_energy_import 5002900 100", "reactive_energy_import 701450 50"];
    assert_eq!(changes, expected);
}

#[test]
fn each_harm_of_a_counter_has_its_name() {
    for (set, kind) in [
        (4_294_967_295_i64, JournalKind::CounterLeap),
        (4_900_000, JournalKind::CounterDecrease),
        (20, JournalKind::CounterReset),
    ] {
        let (found, minute, _) =
            only(&hour(at(30, move |meter: &mut Meter| meter.wh = set), nothing));
        assert_eq!((found, minute), (kind, 30));
    }
    let rolled = |minute, meter: &mut Meter| match minute {
        1 => meter.wh = 99_998_000,
        _ if meter.wh >= 99_999_900 => meter.wh -= 100_000_000,
        _ => {}
    };
    assert_eq!(only(&hour(rolled, nothing)).0, JournalKind::CounterRollover);
    let spike =
        at(30, |telegram: &mut Telegram| telegram.readings[2] = number(ActiveEnergyImport, 0, 0));
    assert_eq!(only(&hour(nothing, spike)).0, JournalKind::CounterSpike);
    let stuck = |minute, telegram: &mut Telegram| {
        if minute > 20 {
            telegram.readings[2] = number(ActiveEnergyImport, 5_002_000, 0);
        }
    };
    let (kind, minute, _) = only(&hour(nothing, stuck));
    assert_eq!((kind, minute), (JournalKind::CounterStuck, 20));
}

/// What is recognised of a counter of pieces, ten seconds apart, that shows this.
fn pieces(shown: impl Fn(i64) -> i64) -> Vec<(JournalKind, i64, String, String)> {
    let id = || MeterId::new("plc").expect("an id");
    let mut recogniser = Recogniser::new(id(), Some(50_000.0));
    let mut found = Vec::new();
    for step in 0..1440 {
        let at = Timestamp::from_seconds(BEGIN + 10 * step);
        let telegram = Telegram {
            meter: id(),
            list: ListId::new("plc"),
            meter_time: None,
            measured_at: at,
            received_at: at,
            quality: Quality::Good,
            readings: vec![number(Quantity::ProductionPieces, shown(step), 0)],
        };
        found.extend(recogniser.take(step.unsigned_abs() + 1, &telegram));
        let text = recogniser.remembered();
        let again = Recogniser::recall(id(), Some(50_000.0), &text);
        assert_eq!(again.as_ref(), Ok(&recogniser), "{text}");
    }
    let told = |entry: &JournalEntry| {
        let [change] = entry.changes.as_slice() else { panic!("one counter: {entry:?}") };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let step = (entry.at.as_micros() / 1_000_000 - BEGIN) / 10;
        (entry.kind, step, text(&change.before), text(&change.after))
    };
    found.iter().map(told).collect()
}

fn told(
    kind: JournalKind,
    step: i64,
    before: i64,
    after: i64,
) -> (JournalKind, i64, String, String) {
    (kind, step, before.to_string(), after.to_string())
}

#[test]
fn each_harm_of_a_counter_of_pieces_has_its_name() {
    use JournalKind::{CounterDecrease, CounterLeap, CounterReset, CounterRollover, CounterSpike};
    let minute = |step: i64| step / 6;
    let slow = |step: i64| 100 + step / 200;
    let from = |place: i64, step: i64, by: i64| if step >= place { by } else { 0 };
    assert_eq!(pieces(minute), []);
    assert_eq!(pieces(slow), []);
    for by in [5000, 50_000, 900_000] {
        let set = pieces(|step| 1000 + minute(step) + from(540, step, by));
        assert_eq!(set, [told(CounterLeap, 540, 1089, 1090 + by)]);
    }
    assert_eq!(
        pieces(|step| slow(step) + from(540, step, 5000)),
        [told(CounterLeap, 540, 102, 5102)]
    );
    let once = |wild: i64| pieces(move |step| if step == 500 { wild } else { 1000 + step / 6 });
    assert_eq!(once(0), [told(CounterSpike, 500, 1083, 0)]);
    assert_eq!(once(4_294_967_295), [told(CounterSpike, 500, 1083, 4_294_967_295)]);
    let early = pieces(|step| if step == 100 { 9000 } else { slow(step) });
    assert_eq!(early, [told(CounterSpike, 100, 100, 9000)], "before anything is known of its pace");
    let operator = pieces(|step| if step < 100 { 950_000 + step } else { step - 100 });
    assert_eq!(operator, [told(CounterReset, 100, 950_099, 0)]);
    let back = pieces(|step| if step < 100 { 60_000 + step } else { 59_990 + step });
    assert_eq!(back, [told(CounterDecrease, 100, 60_099, 60_090)]);
    for full in [10_000, 65_536, 1_000_000, 4_294_967_296] {
        let wraps = pieces(|step| (full - 50 + minute(step)) % full);
        assert_eq!(wraps, [told(CounterRollover, 300, full - 1, 0)], "{full}");
    }
}

#[test]
fn one_nonsense_power_does_not_hide_a_leap_neither_now_nor_of_a_state_of_before() {
    let leap = at(50, |meter: &mut Meter| meter.wh += 300_000);
    let wild = at(5, |telegram: &mut Telegram| {
        telegram.readings[1] = number(ActivePowerImport, 90_000_000, 0);
    });
    for harmed in [hour(&leap, nothing), hour(&leap, wild)] {
        assert_eq!(only(&harmed).0, JournalKind::CounterLeap);
    }
    let mut meter = Meter::new();
    let id = MeterId::new("general").expect("an id");
    let text = "1\t0\npower\t90000000\t0\t0\n\
        counter\tactive_energy_import\t1777887600000000,5000000,0,0\t\t\t\n";
    let mut recogniser = Recogniser::recall(id, Some(50_000.0), text).expect("the version before");
    let mut found = Vec::new();
    for minute in 1..10 {
        if minute == 5 {
            meter.wh += 300_000;
        }
        found.extend(recogniser.take(minute, &meter.minute()));
    }
    assert_eq!(only(&found).0, JournalKind::CounterLeap);
}

#[test]
fn a_register_that_comes_back_from_zero_is_told_with_the_level_it_came_back_to() {
    let zero = |minute, telegram: &mut Telegram| {
        if (20..25).contains(&minute) {
            telegram.readings[2] = number(ActiveEnergyImport, 0, 0);
        }
    };
    let small = at(1, |meter: &mut Meter| meter.wh = 12_000);
    let found = hour(small, zero);
    let [reset, back] = found.as_slice() else { panic!("two events, not {found:#?}") };
    assert_eq!((reset.kind, back.kind), (JournalKind::CounterReset, JournalKind::CounterSpike));
    assert_eq!(back.at, Timestamp::from_seconds(BEGIN + 20 * 60));
    assert_eq!(back.until, Some(Timestamp::from_seconds(BEGIN + 25 * 60)));
    let change = &back.changes[0];
    let values = (change.before.as_deref(), change.after.as_deref());
    assert_eq!(values, (Some("13900"), Some("0")));
}

#[test]
fn another_meter_is_one_event_with_its_registers() {
    let exchange = at(30, |meter: &mut Meter| {
        (meter.name, meter.wh, meter.varh) = ("LGZ2", 12, 3);
    });
    let (kind, minute, changes) = only(&hour(exchange, nothing));
    assert_eq!((kind, minute), (JournalKind::MeterExchanged, 30));
    assert_eq!(changes[0], "logical_device_name LGZ1 LGZ2");
    assert_eq!(changes[1], "active_energy_import 5002900 112");
}

#[test]
fn clocks_that_are_set_are_told_apart_and_cost_no_counter() {
    for by in [-7200, -600, 600, 7200] {
        let set = at(30, move |meter: &mut Meter| meter.clock_s = by);
        let found = hour(set, nothing);
        let (kind, _, changes) = only(&found);
        assert_eq!(kind, JournalKind::MeterClockStep, "{by}");
        assert_eq!(changes, [format!("clock_offset 0 {by}")]);
        let house = at(30, move |meter: &mut Meter| meter.house_s = by);
        let (kind, _, changes) = only(&hour(house, nothing));
        assert_eq!(
            (kind, changes),
            (JournalKind::HouseClockStep, vec![format!("clock_offset 0 {by}")])
        );
    }
    let season = at(30, |meter: &mut Meter| meter.zone_s = 3600);
    assert_eq!(only(&hour(season, nothing)).0, JournalKind::DaylightSaving);
}

#[test]
fn a_network_that_held_telegrams_up_is_no_clock() {
    let held = |minute: i64, telegram: &mut Telegram| {
        if (20..30).contains(&minute) {
            telegram.received_at = Timestamp::from_seconds(BEGIN + 29 * 60 + minute);
        }
    };
    assert_eq!(hour(nothing, held), []);
}

#[test]
fn hours_of_silence_are_one_gap_and_what_was_counted_meanwhile_no_leap() {
    let silent = at(30, |meter: &mut Meter| {
        meter.at += 4 * 3600;
        meter.wh += 4 * 6000;
    });
    let found = hour(silent, nothing);
    let (kind, minute, _) = only(&found);
    assert_eq!((kind, minute), (JournalKind::Gap, 29));
    assert_eq!(found[0].until, Some(Timestamp::from_seconds(BEGIN + 4 * 3600 + 30 * 60)));
}

#[test]
fn values_that_stand_still_while_the_load_changes_are_told() {
    let mut recogniser = Recogniser::new(MeterId::new("general").expect("an id"), None);
    let mut meter = Meter::new();
    let mut found = Vec::new();
    for second in 0..400 {
        let mut telegram = meter.minute();
        meter.at -= 54;
        meter.power_w = 6000 + second * 7;
        let tenths = if second < 100 { 2300 + second % 3 } else { 2301 };
        telegram.readings.push(number(VoltageL1, tenths, -1));
        telegram.readings.truncate(5);
        telegram.readings.remove(2);
        found.extend(recogniser.take(second.unsigned_abs() + 1, &telegram));
    }
    assert_eq!(only(&found).0, JournalKind::ValueStuck);
}

#[test]
fn a_configured_ratio_that_changes_is_told_once() {
    let mut recogniser = Recogniser::new(MeterId::new("general").expect("an id"), None);
    let ratios = |ct: &str| Ratios { ct: ct.to_owned(), vt: "1".to_owned() };
    let now = Timestamp::from_seconds(BEGIN);
    assert_eq!(recogniser.configured(ratios("1"), now), None);
    assert_eq!(recogniser.configured(ratios("1"), now), None);
    let changed = recogniser.configured(ratios("40"), now).expect("another ratio");
    assert_eq!(changed.kind, JournalKind::RatioChanged);
    assert_eq!(changed.changes.len(), 1);
    assert_eq!(recogniser.configured(ratios("40"), now), None);
}

fn rubbish() -> impl Strategy<Value = String> {
    any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

proptest! {
    #[test]
    fn what_is_no_state_is_refused_without_a_fall(text in rubbish(), tail in rubbish()) {
        let id = MeterId::new("general").expect("an id");
        let _ = Recogniser::recall(id.clone(), None, &text);
        let state = Recogniser::new(id.clone(), None).remembered();
        let _ = Recogniser::recall(id.clone(), None, &format!("{state}counter\t{tail}"));
        prop_assert_eq!(Recogniser::recall(id, None, &state).is_ok(), true);
    }
}
