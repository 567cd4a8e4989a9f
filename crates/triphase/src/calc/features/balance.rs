//! Unbalance of voltages.

use super::{PERCENT, VOLTS};
use crate::calc::feature::{
    Fault, Feature, Outcome,
    Shape::{Number, Numbers, Phasors},
    THREE, input, output,
};
use crate::calc::given::Given;
use analysis::phasor::{self, Phasor};
use analysis::{unbalance, voltages};
use serde_json::json;

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "nema_lvur",
        title: "line voltage unbalance rate",
        formula: "LVUR = max|Uij − Ū| / Ū · 100",
        source: "NEMA MG-1, 12.45 and 14.36",
        assumptions: &["r.m.s. line voltages of one interval; angles are not needed"],
        inputs: &[input("u_ll_v", "V", Numbers(THREE, VOLTS), "line voltages U12, U23, U31")],
        outputs: &[
            output("lvur_pct", "%", "largest deviation from the mean"),
            output("phase", "", "which of the three deviates most, 1 to 3"),
        ],
        example: "u_ll_v=480,476,472",
        compute: nema_lvur,
    },
    Feature {
        name: "u2_from_3_line_magnitudes",
        title: "negative-sequence unbalance from three line voltages",
        formula: "β = ΣU⁴/(ΣU²)²; u2 = √((1 − √(3 − 6β)) / (1 + √(3 − 6β))) · 100",
        source: "IEC 61000-4-30:2015, 5.7; EN 50160 limits u2 to 2 % for 95 % of a week",
        assumptions: &["fundamental r.m.s. line voltages; exact for any angles"],
        inputs: &[input("u_ll_v", "V", Numbers(THREE, VOLTS), "line voltages U12, U23, U31")],
        outputs: &[
            output("beta", "", "1/3 when balanced"),
            output("u2_pct", "%", "negative over positive sequence"),
        ],
        example: "u_ll_v=400,395,388",
        compute: u2_from_magnitudes,
    },
    Feature {
        name: "fortescue_u2_u0",
        title: "negative- and zero-sequence unbalance from phasors",
        formula: "U⁺ = (U1 + aU2 + a²U3)/3, U⁻ = (U1 + a²U2 + aU3)/3, U⁰ = (U1 + U2 + U3)/3",
        source: "C. L. Fortescue 1918; IEC 61000-4-30:2015, 5.7",
        assumptions: &[
            "angles of lead are positive; angles that rotate backwards are mirrored and named reversed",
            "u0 from six magnitudes is exact here and badly conditioned with a meter's digits",
        ],
        inputs: &[input("u_ph", "V, °", Phasors("v", VOLTS), "phase voltages L1, L2, L3")],
        outputs: &[
            output("u2_pct", "%", "negative over positive sequence"),
            output("u0_pct", "%", "zero over positive sequence"),
            output("u_ll_v", "V", "line voltages U12, U23, U31"),
            output("u0_from_6_magnitudes_pct", "%", "zero sequence from magnitudes alone"),
            output("phase_sequence", "", "forward or reversed, as given"),
        ],
        example: "u_ph=230@0,225@-121,235@119",
        compute: fortescue,
    },
    Feature {
        name: "nema_derating",
        title: "load that a motor bears at a voltage unbalance",
        formula: "curve 0–1 %: 1.00, 2 %: 0.95, 3 %: 0.89, 4 %: 0.82, 5 %: 0.75, linear between",
        source: "NEMA MG-1, figures 14-1 and 20-2",
        assumptions: &["the curve is digitised, ±0.01", "unbalance is LVUR at the motor"],
        inputs: &[input("unbalance_pct", "%", Number(PERCENT), "line voltage unbalance (LVUR)")],
        outputs: &[
            output("derating", "", "share of the rated power"),
            output("status", "", "ok or do_not_operate (above 5 %)"),
        ],
        example: "unbalance_pct=2.3",
        compute: nema_derating,
    },
    Feature {
        name: "line_from_phase_assumed_120",
        title: "line voltages of phase voltages, 120° assumed",
        formula: "U12 = √(U1² + U2² − 2·U1·U2·cos 120°), likewise U23 and U31",
        source: "law of cosines; IEC 61000-4-30:2015, 5.7 for u2",
        assumptions: &[
            "120° between the phases: u2 of such line voltages is HALF the true one when there is no zero sequence",
        ],
        inputs: &[input("u_ph_v", "V", Numbers(THREE, VOLTS), "phase voltages L1, L2, L3")],
        outputs: &[
            output("u12", "V", "between L1 and L2"),
            output("u23", "V", "between L2 and L3"),
            output("u31", "V", "between L3 and L1"),
            output("u2_assumed_120_pct", "%", "u2 under the assumption: for screening only"),
        ],
        example: "u_ph_v=230,225,235",
        compute: line_from_phase,
    },
    Feature {
        name: "assumed_120_bias",
        title: "what three phase magnitudes alone say of u2",
        formula: "e = √(a² + b² + c² − ab − bc − ca) / (a + b + c) ≈ ½·|u2 ± u0|",
        source: "Fortescue with 120° assumed; IEC 61000-4-30:2015, 5.7 asks for line voltages or angles",
        assumptions: &[
            "120° between the phases: with no zero sequence the true u2 is twice the estimate",
        ],
        inputs: &[input("u_ph_mag_v", "V", Numbers(THREE, VOLTS), "phase voltages L1, L2, L3")],
        outputs: &[
            output("u2_assumed_120_pct", "%", "estimate, about half the true u2"),
            output("u2_without_zero_sequence_pct", "%", "the true u2 if u0 is 0"),
            output("limit_verdict", "", "verdict on a limit"),
        ],
        example: "u_ph_mag_v=233.5,230.8,225.7",
        compute: assumed_bias,
    },
];

const NO_MEAN: &str = "all voltages are 0: there is no deviation from their mean";
const NO_TRIANGLE: &str = "no u2: a voltage is 0, or no triangle has these three sides";

fn nema_lvur(given: &Given) -> Result<Outcome, Fault> {
    let deviation = unbalance::largest_deviation(given.three("u_ll_v"));
    let values = json!({
        "lvur_pct": deviation.map(|d| d.percent), "phase": deviation.map(|d| d.phase),
    });
    Ok(Outcome::of(values).note_if(deviation.is_none(), NO_MEAN))
}

fn u2_from_magnitudes(given: &Given) -> Result<Outcome, Fault> {
    let lines = given.three("u_ll_v");
    let u2 = unbalance::negative_sequence(lines);
    let values = json!({"beta": unbalance::beta(lines), "u2_pct": u2});
    Ok(Outcome::of(values).note_if(u2.is_none(), NO_TRIANGLE))
}

fn fortescue(given: &Given) -> Result<Outcome, Fault> {
    let phases = given.phasors("u_ph", "v");
    let sent = phasor::components(phases);
    let reversed = sent.negative > sent.positive;
    let mirror = |phase: Phasor| Phasor::new(phase.magnitude(), -phase.degrees());
    let phases = if reversed { phases.map(mirror) } else { phases };
    let components = phasor::components(phases);
    let degrees = phases.map(Phasor::degrees);
    let apart = [degrees[0] - degrees[1], degrees[1] - degrees[2], degrees[2] - degrees[0]];
    let magnitudes = phases.map(Phasor::magnitude);
    let lines = voltages::line_from_phase(magnitudes, apart);
    let values = json!({
        "u2_pct": components.negative_pct(),
        "u0_pct": components.zero_pct(),
        "u_ll_v": lines,
        "u0_from_6_magnitudes_pct": unbalance::zero_sequence(magnitudes, lines),
        "phase_sequence": if reversed { "reversed" } else { "forward" },
    });
    Ok(Outcome::of(values)
        .note_if(components.negative_pct().is_none(), "no positive sequence: no ratio")
        .note_if(
            reversed,
            "the angles rotate L1-L3-L2: two phases are swapped, or the meter counts angles of lag",
        ))
}

fn nema_derating(given: &Given) -> Result<Outcome, Fault> {
    let factor = unbalance::motor_derating(given.number("unbalance_pct"));
    let status = if factor.is_some() { "ok" } else { "do_not_operate" };
    Ok(Outcome::of(json!({"derating": factor, "status": status}))
        .note_if(factor.is_none(), "above 5 % NEMA advises not to operate the motor"))
}

fn line_from_phase(given: &Given) -> Result<Outcome, Fault> {
    let lines = voltages::line_from_phase(given.three("u_ph_v"), [120.0; 3]);
    let u2 = unbalance::negative_sequence(lines);
    let [u12, u23, u31] = lines;
    let values = json!({"u12": u12, "u23": u23, "u31": u31, "u2_assumed_120_pct": u2});
    Ok(Outcome::of(values).note_if(u2.is_none(), NO_TRIANGLE))
}

fn assumed_bias(given: &Given) -> Result<Outcome, Fault> {
    let screening = unbalance::screening(given.three("u_ph_mag_v"), 0.0);
    let values = json!({
        "u2_assumed_120_pct": screening.map(|s| s.estimate_pct),
        "u2_without_zero_sequence_pct": screening.map(|s| s.range_pct[0]),
        "limit_verdict": null,
    });
    Ok(Outcome::of(values).note(
        "limit_verdict is null: magnitudes to neutral cannot tell u2 from u0; a 2 % limit tested \
         on the estimate would miss an unbalance of 3.9 %. Line voltages or angles (81.7.1, \
         81.7.2) are needed.",
    ))
}
