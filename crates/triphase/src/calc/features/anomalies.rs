//! What is unusual.

use super::{ANY, ENERGY, PERCENT};
use crate::calc::feature::{
    Fault, Feature, ITEMS_MAX, Input, Outcome, Output, Range, SOME,
    Shape::{Number, Numbers, Words},
    input, output,
};
use crate::calc::given::Given;
use analysis::counter_fall::{self, CounterFall};
use analysis::{cusum, meter_balance, robust};
use serde_json::json;

const LIST: &str = "the values";

pub(super) const FEATURES: &[Feature] = &[
    robust_feature("robust_z"),
    robust_feature("robust_z_zero_mad"),
    Feature {
        name: "cusum_upper",
        title: "cumulative sum: a small lasting rise",
        formula: "C⁺ = max(0, C⁺ + x − μ − k), alarm at the first C⁺ > h",
        source: "E. S. Page 1954, tabular CUSUM",
        assumptions: &["k and h are absolute (usually 0.5 σ and 5 σ); σ is for the record"],
        inputs: &[
            input("x", "", Numbers(SOME, ANY), LIST),
            input("mu", "", Number(ANY), "mean in control"),
            input("sigma", "", Number(Range::from(0.0, 1e15)), "standard deviation").optional(),
            input("k", "", Number(Range::from(0.0, 1e15)), "slack, absolute"),
            input("h", "", Number(Range::from(0.0, 1e15)), "limit, absolute"),
        ],
        outputs: &[
            output("c", "", "the sums"),
            output("alarm_index", "", "first index above h, from 0"),
        ],
        example: "x=10.2,9.8,11.1,11.3,10.9,11.2 mu=10 k=0.25 h=2.5",
        compute: cusum_upper,
    },
    Feature {
        name: "false_alarm_rate",
        title: "false alarms of a threshold on normal noise",
        formula: "p = erfc(z/√2), two-sided; per day = p · samples",
        source: "normal distribution",
        assumptions: &["independent normal samples; real ones are correlated and heavy-tailed"],
        inputs: &[
            input("threshold_sigma", "σ", Number(Range::from(0.0, 40.0)), "threshold"),
            input("samples_per_day", "", Number(Range::from(0.0, 1e9)), "samples a day"),
        ],
        outputs: &[
            output("p", "", "probability of one sample"),
            output("per_day", "", "false alarms a day"),
            output("per_day_at_15min", "", "with 96 samples a day"),
        ],
        example: "threshold_sigma=3.5 samples_per_day=17280",
        compute: false_alarms,
    },
    Feature {
        name: "energy_balance",
        title: "a main meter against its sub-meters",
        formula: "r = E − ΣEi; u = √(Σ(class·E)²); |r| ≤ u is explained",
        source: "GUM (JCGM 100), uncorrelated; classes as relative accuracies",
        assumptions: &["energies of one interval of an hour or more"],
        inputs: &[
            input("main_kwh", "kWh", Number(ENERGY), "main meter"),
            input("subs_kwh", "kWh", Numbers((0, ITEMS_MAX), ENERGY), "sub-meters"),
            input("u_main_pct", "%", Number(PERCENT), "accuracy of the main meter"),
            input("u_sub_pct", "%", Number(PERCENT), "accuracy of each sub-meter"),
        ],
        outputs: &[
            output("residual_kwh", "kWh", "main − sum"),
            output("residual_pct", "%", "of the main meter"),
            output("k2_uncertainty_kwh", "kWh", "what the accuracies explain"),
            output("verdict", "", "within_uncertainty, unmetered_load or sub_exceeds_main"),
        ],
        example: "main_kwh=250 subs_kwh=120,80,49 u_main_pct=1 u_sub_pct=2",
        compute: energy_balance,
    },
    Feature {
        name: "counter_rollback",
        title: "a counter that went back",
        formula: "fall ≤ 1 kWh between lists: none; below 10 % of the old reading: reset; else decrease",
        source: "two push lists of one meter snapshot different instants",
        assumptions: &["readings in the order of arrival"],
        inputs: &[
            input("reads_kwh", "kWh", Numbers(SOME, ENERGY), "readings"),
            input("source_lists", "", Words(&[]), "the push list of each reading"),
        ],
        outputs: &[
            output("anomaly", "", "somebody must look"),
            output("kind", "", "decrease or meter_replaced_or_reset"),
            output("reason", "", "why a fall is none"),
            output("index", "", "reading that fell, from 0"),
        ],
        example: "reads_kwh=1500.1,1500.18,1500.1 source_lists=5s,5s,60s",
        compute: counter_rollback,
    },
];

const ROBUST_INPUTS: &[Input] = &[
    input("x", "", Numbers(SOME, ANY), LIST),
    input("index", "", Number(Range::whole(0.0, 1e5)), "which one, from 0"),
];
const ROBUST_OUTPUTS: &[Output] = &[
    output("median", "", "median of the values"),
    output("mad", "", "median absolute deviation"),
    output("z", "", "modified z-score"),
    output("anomaly", "", "|z| above 3.5"),
    output("status", "", "ok or use_floor"),
];

const fn robust_feature(name: &'static str) -> Feature {
    Feature {
        name,
        title: "one value against the others, by median and absolute deviations",
        formula: "z = 0.6745·(x − median)/MAD; outlier when |z| > 3.5",
        source: "B. Iglewicz and D. Hoaglin 1993",
        assumptions: &[
            "MAD 0 gives no z: a floor (2 digits of resolution, 1 % of the median) must take its place",
        ],
        inputs: ROBUST_INPUTS,
        outputs: ROBUST_OUTPUTS,
        example: "x=12.1,12.4,11.9,12.0,12.2,18.0 index=5",
        compute: robust_z,
    }
}

fn robust_z(given: &Given) -> Result<Outcome, Fault> {
    let values = given.numbers("x");
    let index = given.whole("index");
    let robust = usize::try_from(index).ok().and_then(|index| robust::robust_z(&values, index));
    let robust = robust.ok_or_else(|| {
        Fault::of("index", format!("expected 0 to {}, got {index}", values.len() - 1))
    })?;
    let z = robust.z;
    let values = json!({
        "median": robust.median,
        "mad": robust.mad,
        "z": z,
        "anomaly": z.map(|z| z.abs() > robust::Z_LIMIT),
        "status": if z.is_some() { "ok" } else { "use_floor" },
    });
    Ok(Outcome::of(values).note_if(
        z.is_none(),
        "use_floor: half of the values or more are equal, so the MAD is 0 and there is no z",
    ))
}

fn cusum_upper(given: &Given) -> Result<Outcome, Fault> {
    let [mu, k, h] = ["mu", "k", "h"].map(|key| given.number(key));
    let cusum = cusum::upper(&given.numbers("x"), mu, k, h);
    Ok(Outcome::of(json!({"c": cusum.sums, "alarm_index": cusum.alarm_index}))
        .note_if(cusum.alarm_index.is_none(), "no sum exceeds h: no alarm"))
}

fn false_alarms(given: &Given) -> Result<Outcome, Fault> {
    let p = robust::false_alarm_probability(given.number("threshold_sigma"));
    let per_day = p * given.number("samples_per_day");
    Ok(Outcome::of(json!({"p": p, "per_day": per_day, "per_day_at_15min": 96.0 * p})))
}

fn energy_balance(given: &Given) -> Result<Outcome, Fault> {
    let accuracy = given.number("u_sub_pct");
    let subs: Vec<_> = given.numbers("subs_kwh").into_iter().map(|kwh| (kwh, accuracy)).collect();
    let main = (given.number("main_kwh"), given.number("u_main_pct"));
    let balance = meter_balance::balance(main, &subs);
    let values = json!({
        "residual_kwh": balance.residual_kwh,
        "residual_pct": balance.residual_pct,
        "k2_uncertainty_kwh": balance.uncertainty_kwh,
        "verdict": balance.verdict.name(),
    });
    Ok(Outcome::of(values)
        .note_if(balance.residual_pct.is_none(), "the main meter counted nothing: no percentage"))
}

fn counter_rollback(given: &Given) -> Result<Outcome, Fault> {
    let (reads, lists) = (given.numbers("reads_kwh"), given.words("source_lists"));
    if reads.len() != lists.len() {
        return Err(Fault::of(
            "source_lists",
            format!("expected as many as reads_kwh ({}), got {}", reads.len(), lists.len()),
        ));
    }
    let readings: Vec<_> = reads.into_iter().zip(lists).collect();
    let falls: Vec<(usize, CounterFall)> = (1..)
        .zip(readings.windows(2))
        .filter_map(|(index, pair)| match pair {
            [before, after] => Some((index, counter_fall::step(*before, *after)?)),
            _ => None,
        })
        .collect();
    let anomaly = falls.iter().find(|(_, fall)| fall.is_anomaly());
    let told = anomaly.or(falls.first());
    let name = told.map(|(_, fall)| fall.name());
    Ok(Outcome::of(json!({
        "anomaly": anomaly.is_some(),
        "kind": name.filter(|_| anomaly.is_some()),
        "reason": name.filter(|_| anomaly.is_none()),
        "index": told.map(|(index, _)| index),
    })))
}
