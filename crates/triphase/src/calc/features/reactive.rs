//! Reactive power and its compensation.

use super::{MONEY, POWER, POWER_ABOVE_0, SIGNED_POWER};
use crate::calc::feature::{Fault, Feature, Outcome, Range, Shape::Number, input, output};
use crate::calc::given::Given;
use analysis::{compensation, power_factor};
use serde_json::json;

const POWER_FACTOR: Range = Range::above(0.0, 1.0);

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "qc_sizing",
        title: "capacitor power that lifts a power factor, and what that brings",
        formula: "Qc = P·(tan φ1 − tan φ2); loss 1 − (PF1/PF2)²; released P/PF1 − P/PF2",
        source: "IEC 60831-1 (shunt capacitors); I²R losses",
        assumptions: &[
            "displacement power factors; one moment is no basis for buying, size on weeks of data",
            "the loss reduction is of cable and transformer losses upstream, 1 to 3 % of the kWh, not of the bill",
        ],
        inputs: &[
            input("p_kw", "kW", Number(POWER), "active power of the load"),
            input("pf1", "", Number(POWER_FACTOR), "power factor today"),
            input("pf2", "", Number(POWER_FACTOR), "power factor wanted"),
        ],
        outputs: &[
            output("qc_kvar", "kvar", "capacitor power needed"),
            output("bank_kvar", "kvar", "usual bank that covers it"),
            output("tan2", "", "tan φ wanted"),
            output("loss_reduction_pct", "%", "fall of the I²R losses upstream"),
            output("kva_released", "kVA", "apparent power set free"),
        ],
        example: "p_kw=100 pf1=0.75 pf2=0.95",
        compute: sizing,
    },
    Feature {
        name: "resonance_order",
        title: "parallel resonance of a capacitor bank with its transformer",
        formula: "n = √(Ssc/Qc), Ssc = Sn·100/uk",
        source: "IEC 61642:1997",
        assumptions: &[
            "infinite grid upstream; cables lower the short-circuit power and the order",
        ],
        inputs: &[
            input("transformer_kva", "kVA", Number(POWER_ABOVE_0), "rating of the transformer"),
            input("uk_pct", "%", Number(Range::above(0.0, 100.0)), "its short-circuit voltage"),
            input("qc_kvar", "kvar", Number(POWER_ABOVE_0), "the bank"),
        ],
        outputs: &[
            output("ssc_kva", "kVA", "short-circuit power"),
            output("order", "", "order of the resonance"),
            output("near_harmonic", "", "5, 7, 11 or 13 when within 1 of it"),
        ],
        example: "transformer_kva=400 uk_pct=4 qc_kvar=100",
        compute: resonance,
    },
    Feature {
        name: "detuning",
        title: "tuning frequency of a bank with detuning reactors",
        formula: "f = f1/√p, p = XL/XC; capacitor voltage × 1/(1 − p)",
        source: "IEC 61642:1997",
        assumptions: &["the reactor's rated inductance"],
        inputs: &[
            input(
                "p_pct",
                "%",
                Number(Range { min: 0.0, max: 99.0, above: true, whole: false }),
                "detuning factor",
            ),
            input("f_hz", "Hz", Number(Range::from(16.0, 400.0)), "frequency of the grid").or("50"),
        ],
        outputs: &[
            output("f_res_hz", "Hz", "series resonance"),
            output("order", "", "its order"),
            output("capacitor_voltage_factor", "", "voltage at the capacitor over the grid's"),
        ],
        example: "p_pct=7 f_hz=50",
        compute: detuning,
    },
    Feature {
        name: "true_pf",
        title: "true power factor of a distorted current",
        formula: "PF = cos φ1 / √(1 + THDi²)",
        source: "IEEE 1459-2010, 3.1.2.16",
        assumptions: &["undistorted voltage"],
        inputs: &[
            input("dpf", "", Number(Range::from(0.0, 1.0)), "displacement power factor cos φ1"),
            input("thd_i_pct", "%", Number(Range::from(0.0, 1000.0)), "distortion of the current"),
        ],
        outputs: &[output("pf_true", "", "true power factor P/S")],
        example: "dpf=0.95 thd_i_pct=30",
        compute: true_pf,
    },
    Feature {
        name: "overcompensation",
        title: "what a bank leaves at a load",
        formula: "Q = Qload − Qbank; PF = |P|/√(P² + Q²)",
        source: "IEC 62053-23 (sign of Q)",
        assumptions: &["the bank gives its rated power; dead zone 0.5 % of S or 10 var"],
        inputs: &[
            input("p_kw", "kW", Number(SIGNED_POWER), "active power of the load"),
            input(
                "q_load_kvar",
                "kvar",
                Number(SIGNED_POWER),
                "reactive power without bank, inductive positive",
            ),
            input("bank_kvar", "kvar", Number(POWER), "the bank"),
        ],
        outputs: &[
            output("q_net_kvar", "kvar", "reactive power with bank, inductive positive"),
            output("pf_abs", "", "power factor with bank"),
            output("nature", "", "inductive, capacitive or resistive"),
        ],
        example: "p_kw=8 q_load_kvar=5 bank_kvar=20",
        compute: overcompensation,
    },
    Feature {
        name: "payback",
        title: "years until a saving has paid an investment",
        formula: "years = investment / saving per year",
        source: "simple payback (EN 17463 calls it static)",
        assumptions: &["no interest, no rise of prices"],
        inputs: &[
            input("annual_saving", "", Number(Range::from(-1e12, 1e12)), "saving per year"),
            input("capex", "", Number(MONEY), "investment, same currency"),
        ],
        outputs: &[output("years", "a", "payback time")],
        example: "annual_saving=1860 capex=3500",
        compute: payback,
    },
];

fn sizing(given: &Given) -> Result<Outcome, Fault> {
    let [p, from, to] = ["p_kw", "pf1", "pf2"].map(|key| given.number(key));
    let need = compensation::required(p, from, to);
    let values = json!({
        "qc_kvar": need,
        "bank_kvar": need.map(|need| compensation::bank(need.max(0.0))),
        "tan2": compensation::tan_phi(to),
        "loss_reduction_pct": compensation::loss_reduction_pct(from, to),
        "kva_released": compensation::released(p, from, to),
    });
    Ok(Outcome::of(values).note_if(
        from > to,
        "the power factor is above the wanted one already: no capacitor is needed (negative Qc)",
    ))
}

fn resonance(given: &Given) -> Result<Outcome, Fault> {
    let bank = given.number("qc_kvar");
    let ssc =
        compensation::short_circuit_kva(given.number("transformer_kva"), given.number("uk_pct"));
    let order = ssc.and_then(|ssc| compensation::resonance_order(ssc, bank));
    let near = order.and_then(|order| {
        [5, 7, 11, 13].into_iter().find(|harmonic| (f64::from(*harmonic) - order).abs() <= 1.0)
    });
    Ok(Outcome::of(json!({"ssc_kva": ssc, "order": order, "near_harmonic": near})).note_if(
        near.is_some(),
        "near a harmonic of six-pulse rectifiers: with non-linear loads take detuning reactors",
    ))
}

fn detuning(given: &Given) -> Result<Outcome, Fault> {
    let (p, f) = (given.number("p_pct"), given.number("f_hz"));
    let order = compensation::detuned_order(p);
    Ok(Outcome::of(json!({
        "f_res_hz": order.map(|order| order * f),
        "order": order,
        "capacitor_voltage_factor": 1.0 / (1.0 - p / 100.0),
    })))
}

fn true_pf(given: &Given) -> Result<Outcome, Fault> {
    let factor = power_factor::with_distortion(given.number("dpf"), given.number("thd_i_pct"));
    Ok(Outcome::of(json!({"pf_true": factor})))
}

fn overcompensation(given: &Given) -> Result<Outcome, Fault> {
    let [p, q, bank] = ["p_kw", "q_load_kvar", "bank_kvar"].map(|key| given.number(key));
    let after = compensation::compensated(p, q, bank);
    let values = json!({
        "q_net_kvar": after.reactive_kvar,
        "pf_abs": after.power_factor,
        "nature": after.nature.name(),
    });
    Ok(Outcome::of(values)
        .note_if(after.power_factor.is_none(), "no power flows: no power factor")
        .note_if(
            after.nature == power_factor::Nature::Capacitive,
            "capacitive: the voltage rises and some operators bill it; switch the bank in steps",
        ))
}

fn payback(given: &Given) -> Result<Outcome, Fault> {
    let years = compensation::payback_years(given.number("annual_saving"), given.number("capex"));
    Ok(Outcome::of(json!({"years": years}))
        .note_if(years.is_none(), "nothing is saved: the investment is never paid back"))
}
