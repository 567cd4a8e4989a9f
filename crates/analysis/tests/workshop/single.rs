//! One meter alone: ordinary loads that look like mistakes, and mistakes that look like loads.

use analysis::doctor::{Check, Code, Examination, Outcome, Patient, examine};
use analysis::{Measurement, VoltageKind};
use reading::Quantity::{
    self, ActivePower, ActivePowerL1, ActivePowerL2, ActivePowerL3, CurrentL1, CurrentL2,
    CurrentL3, ReactivePower, ReactivePowerL1, ReactivePowerL2, ReactivePowerL3, VoltageL1,
    VoltageL2, VoltageL3,
};
use reading::{Decimal, Timestamp};

/// Random numbers of a seed: Marsaglia's xorshift, 64 bit.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// **Range** 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Around 1 with this standard deviation.
    pub(crate) fn around_one(&mut self, deviation: f64) -> f64 {
        1.0 + deviation * ((0..12).map(|_| self.unit()).sum::<f64>() - 6.0)
    }
}

/// What a load is at a moment: apparent power (VA) and angle (degrees) of each phase.
type Load = fn(f64) -> [(f64, f64); 3];

/// How a meter tells it.
#[derive(Clone, Copy)]
struct Told {
    is_main: bool,
    /// Without the phases' powers.
    totals_only: bool,
    /// Without reactive powers.
    active_only: bool,
    /// Root mean square of the harmonics over the fundamental current.
    distortion: f64,
}

const PHASES: Told =
    Told { is_main: false, totals_only: false, active_only: false, distortion: 0.0 };
const TOTALS: Told = Told { totals_only: true, ..PHASES };
const ACTIVE: Told = Told { active_only: true, ..PHASES };

/// How loaded a machine is at this moment of its shift: 0.4 to 2.8.
fn work(moment: f64) -> f64 {
    let shift = if (moment / 60.0) % 3.0 < 1.0 { 1.2 } else { 0.0 };
    1.0 + 0.6 * (moment / 40.0).sin() + shift
}

/// Vector sum of single loads, given as in [`Load`].
fn sum(loads: &[[(f64, f64); 3]]) -> [(f64, f64); 3] {
    std::array::from_fn(|place| {
        let parts = loads.iter().map(|load| {
            let (apparent, angle) = load[place];
            (apparent * angle.to_radians().cos(), apparent * angle.to_radians().sin())
        });
        let sum = parts.fold((0.0_f64, 0.0_f64), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        (sum.0.hypot(sum.1), sum.1.atan2(sum.0).to_degrees())
    })
}

/// Six hours of a load, a sample each half minute.
fn patient(load: Load, told: Told, seed: u64) -> Patient {
    let mut chance = Chance::of(seed);
    let samples = (0..720_u32).map(|n| sample(n, load(f64::from(n)), (told, &mut chance)));
    Patient {
        name: "single".to_owned(),
        is_main: told.is_main,
        parent: None,
        is_constant: false,
        kind: VoltageKind::Phase,
        ct_ratio: None,
        samples: samples.collect(),
        minutes: Vec::new(),
        counter: Vec::new(),
        counter_digit_wh: 1.0,
        clock_s: Vec::new(),
        period_s: 30.0,
    }
}

fn sample(n: u32, load: [(f64, f64); 3], (told, chance): (Told, &mut Chance)) -> Measurement {
    let number = |value: f64| Decimal::from_f64((value * 100.0).round() / 100.0).expect("finite");
    let (volts, amps) = ([VoltageL1, VoltageL2, VoltageL3], [CurrentL1, CurrentL2, CurrentL3]);
    let active = [ActivePowerL1, ActivePowerL2, ActivePowerL3];
    let reactive = [ReactivePowerL1, ReactivePowerL2, ReactivePowerL3];
    let mut values: Vec<(Quantity, Decimal)> = Vec::new();
    let (mut p_sum, mut q_sum) = (0.0, 0.0);
    for place in 0..3 {
        let volt = 230.0 * chance.around_one(0.004);
        let angle = (load[place].1 + chance.around_one(0.5) - 1.0).to_radians();
        let apparent = load[place].0 * chance.around_one(0.004);
        let (p, q) = (apparent * angle.cos(), apparent * angle.sin());
        (p_sum, q_sum) = (p_sum + p, q_sum + q);
        values.push((volts[place], number(volt)));
        values.push((amps[place], number(apparent * told.distortion.hypot(1.0) / volt)));
        if !told.totals_only {
            values.push((active[place], number(p)));
            if !told.active_only {
                values.push((reactive[place], number(q)));
            }
        }
    }
    values.push((ActivePower, number(p_sum)));
    if !told.active_only {
        values.push((ReactivePower, number(q_sum)));
    }
    Measurement::new(Timestamp::from_seconds(1_777_852_800 + 30 * i64::from(n)), values)
}

fn examined(load: Load, told: Told, seed: u64) -> Examination {
    examine(&[patient(load, told, seed)], 230.0).remove(0)
}

/// Every finding of a load, however unsure, with all ways of telling it that say anything.
fn accused(load: Load, ways: &[Told]) -> Vec<String> {
    let mut accused = Vec::new();
    for told in ways {
        for (seed, is_main) in [(1, true), (2, false), (3, true), (4, false), (5, false)] {
            let examination = examined(load, Told { is_main, ..*told }, seed);
            accused.extend(examination.findings().map(|finding| {
                let way = if told.totals_only { "totals" } else { "phases" };
                format!("seed {seed}, main {is_main}, {way}: {finding:?}")
            }));
        }
    }
    accused
}

fn alike(apparent: f64, angle: f64) -> [(f64, f64); 3] {
    [(apparent, angle), (0.95 * apparent, angle + 2.0), (1.05 * apparent, angle - 2.0)]
}

#[test]
fn no_ordinary_load_is_called_a_mistake() {
    const NONE: (f64, f64) = (0.0, 0.0);
    let loads: [(&str, Load); 17] = [
        ("work", |at| alike(3000.0 * work(at), 25.0)),
        ("unbalanced", |at| [(9000.0 * work(at), 25.0), (3500.0, 30.0), (1500.0 * work(at), 15.0)]),
        ("capacitors at night", |_| sum(&[alike(900.0, 38.0), alike(5000.0, -90.0)])),
        ("capacitors, less", |at| sum(&[alike(700.0 * work(at), 35.0), alike(1900.0, -90.0)])),
        ("capacitors at night, then day", |at| {
            let day = if at > 480.0 { alike(9000.0 * work(at), 25.0) } else { alike(900.0, 38.0) };
            sum(&[day, alike(3000.0, -90.0)])
        }),
        ("a bank of capacitors in steps", |at| {
            [(2000.0 * (1.0 + (at / 90.0).floor() % 4.0), -89.5); 3]
        }),
        ("idle transformer", |_| alike(900.0, 88.0)),
        ("idle motor", |at| alike(900.0 + 20.0 * work(at), 85.0)),
        ("photovoltaics", |at| alike(9000.0 * work(at), 178.0)),
        ("photovoltaics that give reactive power", |at| alike(9000.0 * work(at), -176.0)),
        ("photovoltaics at cos φ 0.9", |at| alike(9000.0 * work(at), 157.0)),
        ("drive that brakes", |at| alike(4000.0, if at % 10.0 < 3.0 { 140.0 } else { 40.0 })),
        ("welder between L1 and L2", |at| {
            let apparent = 6000.0 * work(at);
            [(apparent, 30.0), (apparent, 90.0), NONE]
        }),
        ("heater between L2 and L3", |at| {
            let apparent = 4000.0 * work(at);
            [NONE, (apparent, -30.0), (apparent, 30.0)]
        }),
        ("site with a welder between L1 and L2", |at| {
            let apparent = if (at / 20.0) % 2.0 < 1.0 { 8000.0 } else { 0.0 };
            sum(&[alike(2500.0, 25.0), [(apparent, 30.0), (apparent, 90.0), NONE]])
        }),
        ("one phase", |at| [(2500.0 * work(at), 20.0), NONE, NONE]),
        ("standby", |_| [(60.0, 60.0), (50.0, 65.0), (55.0, 58.0)]),
    ];
    for (name, load) in loads {
        assert_eq!(accused(load, &[PHASES, TOTALS]), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn rectifiers_without_chokes_are_no_mistake() {
    for percent in [70_u8, 85, 95, 100, 120] {
        let distortion = f64::from(percent) / 100.0;
        let ways = [PHASES, TOTALS].map(|told| Told { distortion, ..told });
        let accused = accused(|at| alike(4000.0 * work(at), 8.0), &ways);
        assert_eq!(accused, Vec::<String>::new(), "{percent} %");
    }
}

#[test]
fn single_phase_generation_is_no_reversed_transformer() {
    let loads: [(&str, Load); 5] = [
        ("one phase", |at| sum(&[alike(1100.0 * work(at), 25.0), fed_in([4600.0, 0.0, 0.0])])),
        ("less", |at| sum(&[alike(1100.0 * work(at), 25.0), fed_in([0.0, 3600.0, 0.0])])),
        ("two", |at| sum(&[alike(1100.0 * work(at), 25.0), fed_in([3600.0, 3600.0, 0.0])])),
        ("all day", |at| {
            let sun = 4600.0 * (at / 230.0).sin().abs();
            sum(&[alike(700.0, 30.0), fed_in([0.0, 0.0, sun])])
        }),
        ("resistive loads", |at| sum(&[alike(1100.0 * work(at), 3.0), fed_in([4600.0, 0.0, 0.0])])),
    ];
    for (name, load) in loads {
        for told in [PHASES, TOTALS, ACTIVE].map(|told| Told { is_main: true, ..told }) {
            for seed in 1..=4 {
                let findings: Vec<_> = examined(load, told, seed).findings().cloned().collect();
                let way = (told.totals_only, told.active_only);
                assert_eq!(findings, [], "{name}, {way:?}, seed {seed}");
            }
        }
    }
}

fn fed_in(watts: [f64; 3]) -> [(f64, f64); 3] {
    watts.map(|watts| (watts, 180.0))
}

/// A code with its phases.
type Expected = (Code, Vec<u8>);

/// The codes of a load, each with its phases, the surest first.
fn found(load: Load, told: Told, seed: u64) -> Vec<Expected> {
    let mut findings: Vec<_> = examined(load, told, seed).findings().cloned().collect();
    findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    findings.into_iter().map(|finding| (finding.code, finding.phases)).collect()
}

#[test]
fn a_reversed_transformer_is_found_by_active_powers_alone() {
    let reversed: Load =
        |at| [(5000.0 * work(at), 25.0), (4500.0 * work(at), -152.0), (5500.0 * work(at), 22.0)];
    let two: Load =
        |at| [(5000.0 * work(at), -155.0), (4500.0 * work(at), -152.0), (5500.0 * work(at), 22.0)];
    let steady: Load = |_| [(5000.0, 25.0), (4500.0, -152.0), (5500.0, 22.0)];
    for seed in 1..=4 {
        for is_main in [true, false] {
            let told = Told { is_main, ..ACTIVE };
            assert_eq!(found(reversed, told, seed), [(Code::CtReversed, vec![2])]);
            assert_eq!(found(two, told, seed), [(Code::CtReversed, vec![1, 2])]);
        }
        assert_eq!(found(steady, ACTIVE, seed), [(Code::CtReversed, vec![2])]);
    }
}

#[test]
fn one_mistake_gives_one_finding() {
    // What each phase reads, with three-phase loads around 25°.
    let cases: [(&str, Load, Told, Expected); 9] = [
        (
            "reversed, phases",
            |at| [(5e3 * work(at), 25.0), (4.5e3 * work(at), -152.0), (5.5e3 * work(at), 22.0)],
            PHASES,
            (Code::CtReversed, vec![2]),
        ),
        (
            "reversed, totals",
            |at| [(5e3 * work(at), 25.0), (4.5e3 * work(at), -152.0), (5.5e3 * work(at), 22.0)],
            TOTALS,
            (Code::CtReversed, vec![2]),
        ),
        (
            "swapped, phases",
            |at| [(4.5e3 * work(at), 148.0), (5e3 * work(at), -95.0), (5.5e3 * work(at), 22.0)],
            PHASES,
            (Code::PhasesSwapped, vec![1, 2]),
        ),
        (
            "swapped, totals",
            |at| [(4.5e3 * work(at), 148.0), (5e3 * work(at), -95.0), (5.5e3 * work(at), 22.0)],
            TOTALS,
            (Code::SomePhasesSwapped, vec![]),
        ),
        (
            "rotated one way",
            |at| alike(5e3 * work(at), 25.0 + 120.0),
            PHASES,
            (Code::PhasesRotated, vec![1, 2, 3]),
        ),
        (
            "rotated the other way",
            |at| alike(5e3 * work(at), 37.0 - 120.0),
            Told { is_main: true, ..PHASES },
            (Code::PhasesRotated, vec![1, 2, 3]),
        ),
        (
            "rotated, unbalanced",
            |at| [(5e3 * work(at), -90.0), (4e3 * work(at), -86.0), (6e3 * work(at), -93.0)],
            PHASES,
            (Code::PhasesRotated, vec![1, 2, 3]),
        ),
        (
            "all reversed",
            |at| alike(5e3 * work(at), 25.0 - 180.0),
            TOTALS,
            (Code::CtReversed, vec![1, 2, 3]),
        ),
        (
            "no current",
            |at| [(5e3 * work(at), 25.0), (4.5e3 * work(at), 28.0), (0.0, 0.0)],
            PHASES,
            (Code::CurrentMissing, vec![3]),
        ),
    ];
    for (name, load, told, expected) in cases {
        for seed in 1..=4 {
            let told = found(load, told, seed);
            assert_eq!(told, std::slice::from_ref(&expected), "{name}, seed {seed}");
        }
    }
}

#[test]
fn a_feeder_with_an_unused_phase_is_not_judged() {
    let load: Load =
        |at| [(2000.0 * work(at), 10.0), (0.0, 0.0), (1500.0 * work(1.7 * at + 300.0), 15.0)];
    let examination = examined(load, PHASES, 1);
    let outcome = examination.outcomes.iter().find(|(check, _)| *check == Check::CurrentPhases);
    assert!(matches!(outcome, Some((_, Outcome::NotJudged(_)))), "{outcome:?}");
    // At the supply it is a hint.
    let main = examined(load, Told { is_main: true, ..PHASES }, 1);
    assert!(main.findings().all(|finding| finding.confidence < 0.5));
}
