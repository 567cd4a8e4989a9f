//! Unbalance of currents and the neutral conductor.

use super::AMPS;
use crate::calc::feature::{
    Fault, Feature, Outcome,
    Shape::{Numbers, Phasors},
    THREE, input, output,
};
use crate::calc::given::Given;
use analysis::{neutral, unbalance};
use serde_json::json;

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "neutral_current_assumed_equal_pf_120",
        title: "neutral current and unbalance of three currents, equal power factors assumed",
        formula: "IN = √(I1² + I2² + I3² − I1·I2 − I2·I3 − I3·I1)",
        source: "Kirchhoff's current law; symmetrical components (Fortescue 1918)",
        assumptions: &[
            "120° between the currents, that is one power factor on all phases",
            "fundamental only: third harmonics add up in the neutral and are not seen",
        ],
        inputs: &[input("i_a", "A", Numbers(THREE, AMPS), "phase currents L1, L2, L3")],
        outputs: &[
            output("i_neutral_a", "A", "current in the neutral"),
            output("current_dev_max_pct", "%", "largest deviation from the mean"),
            output("current_dev_phase", "", "which phase deviates most, 1 to 3"),
            output("i2_over_i1_pct", "%", "negative over positive sequence"),
        ],
        example: "i_a=30,20,10",
        compute: assumed,
    },
    Feature {
        name: "neutral_current_with_angles",
        title: "neutral current of three current phasors",
        formula: "IN = |I1∠θ1 + I2∠θ2 + I3∠θ3|",
        source: "Kirchhoff's current law",
        assumptions: &["fundamental only; all angles against one reference"],
        inputs: &[input("i", "A, °", Phasors("a", AMPS), "phase currents L1, L2, L3")],
        outputs: &[output("i_neutral_a", "A", "current in the neutral")],
        example: "i=25@-30,25@-150,20@90",
        compute: with_angles,
    },
    Feature {
        name: "neutral_triplen",
        title: "neutral current with third harmonics",
        formula: "IN = √(IN1² + (ΣI3)²); third harmonics are zero sequence and add arithmetically",
        source: "IEC 60364-5-52, annex E",
        assumptions: &[
            "fundamentals 120° apart, third harmonics in phase; higher triplens left out",
        ],
        inputs: &[
            input("i1_a", "A", Numbers(THREE, AMPS), "fundamental currents L1, L2, L3"),
            input("i3_a", "A", Numbers(THREE, AMPS), "third-harmonic currents L1, L2, L3"),
        ],
        outputs: &[
            output("i_neutral_fundamental_a", "A", "fundamental part"),
            output("i_neutral_3rd_a", "A", "third harmonic"),
            output("i_neutral_rms_a", "A", "root of the sum of squares"),
            output("ratio_to_phase_rms", "", "over the mean r.m.s. phase current; may exceed 1"),
        ],
        example: "i1_a=20,20,20 i3_a=6,6,6",
        compute: triplen,
    },
];

fn assumed(given: &Given) -> Result<Outcome, Fault> {
    let amps = given.three("i_a");
    let deviation = unbalance::largest_deviation(amps);
    let values = json!({
        "i_neutral_a": neutral::with_equal_power_factor(amps),
        "current_dev_max_pct": deviation.map(|d| d.percent),
        "current_dev_phase": deviation.map(|d| d.phase),
        "i2_over_i1_pct": neutral::negative_sequence_with_equal_power_factor(amps),
    });
    Ok(Outcome::of(values)
        .note_if(deviation.is_none(), "no load: without current there is no unbalance"))
}

fn with_angles(given: &Given) -> Result<Outcome, Fault> {
    Ok(Outcome::of(json!({"i_neutral_a": neutral::from_phasors(given.phasors("i", "a"))})))
}

fn triplen(given: &Given) -> Result<Outcome, Fault> {
    let triplen = neutral::with_third_harmonic(given.three("i1_a"), given.three("i3_a"));
    let values = json!({
        "i_neutral_fundamental_a": triplen.fundamental_a,
        "i_neutral_3rd_a": triplen.third_a,
        "i_neutral_rms_a": triplen.rms_a,
        "ratio_to_phase_rms": triplen.ratio_to_phase,
    });
    Ok(Outcome::of(values).note_if(triplen.ratio_to_phase.is_none(), "no phase current: no ratio"))
}
