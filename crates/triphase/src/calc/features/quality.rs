//! Power quality.

use super::{PERCENT, SECONDS, VOLTS};
use crate::calc::feature::{
    Fault, Feature, Outcome, Range, SOME,
    Shape::{Flag, Number, Numbers, Orders},
    input, output,
};
use crate::calc::given::Given;
use analysis::event_class::{self, Phases};
use analysis::{compliance, flicker, harmonic, tolerance_curve};
use serde_json::json;

const HARMONICS: Range = Range::from(0.0, 1000.0);
const RESIDUAL: Range = Range::from(0.0, 1000.0);
const INTERVALS: Range = Range::whole(0.0, 1008.0);
const SCREENING: &str =
    "without a class A or S instrument this is screening, no verdict of conformity";

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "thd",
        title: "total harmonic distortion",
        formula: "THD = √(Σ uh²), uh in percent of the fundamental",
        source: "IEC 61000-4-7; IEC 61000-2-2",
        assumptions: &["orders 2 to 40, as far as given"],
        inputs: &[
            input("u1", "V", Number(VOLTS), "fundamental, for the record").optional(),
            input("uh_pct", "%", Orders(HARMONICS), "harmonics by order"),
        ],
        outputs: &[output("thd_pct", "%", "total harmonic distortion")],
        example: "u1=230 uh_pct=5:4,7:3,11:2",
        compute: thd,
    },
    Feature {
        name: "harmonic_limits",
        title: "harmonics against EN 50160",
        formula: "uh ≤ limit of its order; THD ≤ 8 %",
        source: "EN 50160:2010, table 1 (low voltage), 95 % of 10-minute values",
        assumptions: &[SCREENING],
        inputs: &[input("uh_pct", "%", Orders(HARMONICS), "harmonics by order")],
        outputs: &[
            output("violations", "", "orders beyond their limit"),
            output("thd_pct", "%", "total harmonic distortion"),
            output("thd_ok", "", "THD at most 8 %"),
        ],
        example: "uh_pct=3:5.0,5:6.1,7:3.0",
        compute: harmonic_limits,
    },
    Feature {
        name: "rms_aggregation",
        title: "aggregate of r.m.s. values",
        formula: "U = √(ΣUi²/n)",
        source: "IEC 61000-4-30:2015, 4.5",
        assumptions: &["equal intervals, none flagged"],
        inputs: &[input("u_v", "V", Numbers(SOME, VOLTS), "r.m.s. values")],
        outputs: &[
            output("aggregate_v", "V", "root of the mean square"),
            output("arithmetic_v", "V", "the mean, for comparison"),
        ],
        example: "u_v=229,231,233,226",
        compute: rms,
    },
    Feature {
        name: "weekly_compliance",
        title: "a week of 10-minute voltages against EN 50160",
        formula: "95 % of the valid intervals within ±10 %, all within +10/−15 %",
        source: "EN 50160:2010, 4.2.2.2; flagging IEC 61000-4-30:2015, 4.7",
        assumptions: &[
            "n_valid leaves flagged intervals out; under 95 % of 1008 there is no verdict",
            SCREENING,
        ],
        inputs: &[
            input("n_valid", "", Number(INTERVALS), "valid intervals of the week, of 1008"),
            input("n_outside_10pct", "", Number(INTERVALS), "of them outside ±10 %"),
            input("n_outside_plus10_minus15", "", Number(INTERVALS), "of them outside +10/−15 %"),
            input("n_flagged_excluded", "", Number(INTERVALS), "flagged, left out").or("0"),
        ],
        outputs: &[
            output("pct_inside", "%", "valid intervals within ±10 %"),
            output("pass", "", "both rules hold"),
            output("screening", "", "ok, exceeded or insufficient_data"),
        ],
        example: "n_valid=1008 n_outside_10pct=40 n_outside_plus10_minus15=0",
        compute: weekly,
    },
    Feature {
        name: "event_class",
        title: "cell of a dip, swell or interruption",
        formula: "dips: rows A ≥80, B ≥70, C ≥40, D ≥5 %, X below; swells: S ≥120, T >110 %; columns by duration",
        source: "EN 50160:2010, tables 2 and 3; interruptions 3.17",
        assumptions: &[
            "residual or swell voltage in percent of the reference; threshold 90 and 110 %",
        ],
        inputs: &[
            input("u_pct", "%", Number(RESIDUAL), "residual or largest voltage"),
            input("t_s", "s", Number(SECONDS), "duration"),
            input("all_phases", "", Flag, "all phases are concerned").or("false"),
        ],
        outputs: &[
            output("cell", "", "cell of the table, or kind of interruption"),
            output("reason", "", "why there is no cell"),
        ],
        example: "u_pct=72 t_s=0.35",
        compute: event,
    },
    Feature {
        name: "itic",
        title: "an event against ITIC and SEMI F47",
        formula: "ITIC: 0 % to 20 ms, 70 % to 0.5 s, 80 % to 10 s, 90 %; above 500/200/140/120/110 %; F47: 50 % 0.2 s, 70 % 0.5 s, 80 % 1 s",
        source: "ITIC (CBEMA) application note 2000; SEMI F47-0706",
        assumptions: &["the bounds themselves are inside"],
        inputs: &[
            input("u_pct", "%", Number(RESIDUAL), "voltage during the event"),
            input("t_s", "s", Number(SECONDS), "duration"),
        ],
        outputs: &[
            output("itic", "", "inside or outside"),
            output("itic_region", "", "no_interruption, no_damage or prohibited"),
            output("semi_f47", "", "must_ride_through, below_curve or no_requirement"),
        ],
        example: "u_pct=65 t_s=0.03",
        compute: itic,
    },
    Feature {
        name: "plt",
        title: "long-term flicker severity",
        formula: "Plt = ∛(ΣPst³/12)",
        source: "IEC 61000-4-15; EN 50160:2010, 4.2.3 (Plt ≤ 1 for 95 % of a week)",
        assumptions: &["twelve 10-minute values of two hours"],
        inputs: &[input("pst", "", Numbers((12, 12), PERCENT), "short-term severities")],
        outputs: &[output("plt", "", "long-term severity")],
        example: "pst=0.4,0.4,0.4,0.4,0.4,0.4,0.4,0.4,0.4,0.4,0.4,1.6",
        compute: plt,
    },
];

fn thd(given: &Given) -> Result<Outcome, Fault> {
    let percents = given.orders("uh_pct").into_iter().map(|(_, pct)| pct);
    Ok(Outcome::of(json!({"thd_pct": harmonic::thd(percents)})))
}

fn harmonic_limits(given: &Given) -> Result<Outcome, Fault> {
    let harmonics = given.orders("uh_pct");
    let thd = harmonic::thd(harmonics.iter().map(|(_, pct)| *pct));
    Ok(Outcome::of(json!({
        "violations": harmonic::violations(harmonics).collect::<Vec<_>>(),
        "thd_pct": thd,
        "thd_ok": thd <= harmonic::THD_LIMIT_PCT,
    })))
}

#[allow(clippy::cast_precision_loss)] // ITEMS_MAX is far below 2^53.
fn rms(given: &Given) -> Result<Outcome, Fault> {
    let volts = given.numbers("u_v");
    let mean = volts.iter().sum::<f64>() / volts.len() as f64;
    Ok(Outcome::of(json!({"aggregate_v": harmonic::rms(&volts), "arithmetic_v": mean})))
}

fn weekly(given: &Given) -> Result<Outcome, Fault> {
    let [valid, outside_10, outside_15, flagged] =
        ["n_valid", "n_outside_10pct", "n_outside_plus10_minus15", "n_flagged_excluded"]
            .map(|key| given.whole(key));
    for (key, number) in [("n_outside_10pct", outside_10), ("n_outside_plus10_minus15", outside_15)]
    {
        if number > valid {
            return Err(Fault::of(
                key,
                format!("expected at most n_valid ({valid}), got {number}"),
            ));
        }
    }
    if valid + flagged > compliance::INTERVALS {
        return Err(Fault::of(
            "n_flagged_excluded",
            format!("expected at most 1008 − n_valid ({valid}): a week has 1008 intervals"),
        ));
    }
    let week = compliance::week(valid, outside_10, outside_15);
    let screening = match week.pass {
        Some(true) => "ok",
        Some(false) => "exceeded",
        None => "insufficient_data",
    };
    let values = json!({
        "pct_inside": week.inside_pct, "pass": week.pass, "screening": screening,
    });
    Ok(Outcome::of(values).note_if(
        week.pass.is_none(),
        "insufficient_data: less than 95 % of the week's 1008 intervals are valid",
    ))
}

fn event(given: &Given) -> Result<Outcome, Fault> {
    let phases = if given.flag("all_phases") { Phases::All } else { Phases::Some };
    let class = event_class::classify(given.number("u_pct"), given.number("t_s"), phases);
    Ok(Outcome::of(json!({"cell": class.cell(), "reason": class.reason()})))
}

fn itic(given: &Given) -> Result<Outcome, Fault> {
    let (percent, seconds) = (given.number("u_pct"), given.number("t_s"));
    let itic = tolerance_curve::itic(percent, seconds);
    Ok(Outcome::of(json!({
        "itic": itic.name(),
        "itic_region": itic.region(),
        "semi_f47": tolerance_curve::semi_f47(percent, seconds).name(),
    })))
}

fn plt(given: &Given) -> Result<Outcome, Fault> {
    let pst = given.numbers("pst").try_into();
    let pst = pst.map_err(|_| Fault::of("pst", "expected 12 values"))?;
    Ok(Outcome::of(json!({"plt": flicker::long_term(pst)})))
}
