//! Energies, demand and key figures.

use super::{ENERGY, POWER, SECONDS, SECONDS_ABOVE_0};
use crate::calc::feature::{
    Fault, Feature, ITEMS_MAX, Input, Outcome, Range, SOME,
    Shape::{Number, Numbers, Record, Word},
    input, output,
};
use crate::calc::given::Given;
use analysis::{baseline, counter, demand, load_profile};
use serde_json::json;

const REPORT: &[Input] = &[
    input("t", "t", Number(ENERGY), "production of the report period"),
    input("kwh", "kWh", Number(ENERGY), "its energy"),
];

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "power_from_counter",
        title: "mean power between two counter readings",
        formula: "P = ΔE/Δt; error below one digit per Δt",
        source: "IEC 62053-21 registers; each end is truncated",
        assumptions: &["usable: the error is at most 2 % of the power, else lengthen Δt"],
        inputs: &[
            input("e0_kwh", "kWh", Number(ENERGY), "first reading"),
            input("e1_kwh", "kWh", Number(ENERGY), "second reading"),
            input("dt_s", "s", Number(SECONDS_ABOVE_0), "time between them"),
            input(
                "resolution_kwh",
                "kWh",
                Number(Range::above(0.0, 1e6)),
                "last digit of the counter",
            ),
        ],
        outputs: &[
            output("p_kw", "kW", "mean power"),
            output("quantisation_max_error_kw", "kW", "bound of the error"),
            output("usable", "", "error at most 2 % of the power"),
        ],
        example: "e0_kwh=12345.678 e1_kwh=12345.745 dt_s=60 resolution_kwh=0.001",
        compute: power_from_counter,
    },
    Feature {
        name: "q_from_quadrants",
        title: "mean reactive powers from the four quadrant counters",
        formula: "Q = (ΔQ1 + ΔQ2 − ΔQ3 − ΔQ4)/Δt; +R = QI + QII, −R = QIII + QIV",
        source: "IEC 62053-23; OBIS 1-0:5…8.8.0",
        assumptions: &["inductive positive"],
        inputs: &[
            input("d_q1", "", Number(ENERGY), "advance of QI, in `unit`"),
            input("d_q2", "", Number(ENERGY), "advance of QII"),
            input("d_q3", "", Number(ENERGY), "advance of QIII"),
            input("d_q4", "", Number(ENERGY), "advance of QIV"),
            input("dt_s", "s", Number(SECONDS_ABOVE_0), "time between the readings"),
            input("unit", "", Word(&["kvarh", "varh"]), "unit of the advances").or("kvarh"),
        ],
        outputs: &[
            output("q_net_kvar", "kvar", "net reactive power"),
            output("q_import_kvar", "kvar", "+R"),
            output("q_export_kvar", "kvar", "−R"),
        ],
        example: "d_q1=1.2 d_q2=0.1 d_q3=0 d_q4=0.35 dt_s=900",
        compute: quadrants,
    },
    Feature {
        name: "demand_forecast",
        title: "demand of the running interval, and what to shed",
        formula: "P̂ = (E + P·(T − t))/T; allowed = (Plim·T − E)/(T − t); shed = max(0, P − allowed)",
        source: "block demand with the operator's interval (10 or 15 min)",
        assumptions: &[
            "the present power stays for the rest",
            "a negative allowed power is given as 0",
        ],
        inputs: &[
            input("window_s", "s", Number(SECONDS_ABOVE_0), "length of the interval"),
            input("elapsed_s", "s", Number(SECONDS), "time since it began"),
            input("energy_kwh", "kWh", Number(ENERGY), "energy since it began"),
            input("power_now_kw", "kW", Number(POWER), "present power (mean of the last minute)"),
            input("limit_kw", "kW", Number(POWER), "demand limit"),
        ],
        outputs: &[
            output("predicted_kw", "kW", "demand to expect"),
            output("max_power_for_rest_kw", "kW", "power that the rest may draw"),
            output("shed_kw", "kW", "power to shed now"),
            output("limit_already_exceeded", "", "the energy so far is too much"),
        ],
        example: "window_s=900 elapsed_s=540 energy_kwh=9 power_now_kw=80 limit_kw=60",
        compute: demand_forecast,
    },
    Feature {
        name: "load_factor",
        title: "load factor and equivalent hours",
        formula: "load factor = E/(h·peak); equivalent hours = E/peak",
        source: "usual definition; peak of 10- or 15-minute means",
        assumptions: &["energy and peak of the same time"],
        inputs: &[
            input("energy_kwh", "kWh", Number(ENERGY), "energy"),
            input("peak_kw", "kW", Number(POWER), "largest mean power"),
            input("hours", "h", Number(Range::above(0.0, 1e6)), "length of the time"),
        ],
        outputs: &[
            output("load_factor", "", "mean over peak"),
            output("equivalent_hours", "h", "energy over peak"),
        ],
        example: "energy_kwh=21600 peak_kw=75 hours=720",
        compute: load_factor,
    },
    Feature {
        name: "base_load",
        title: "base load of a profile",
        formula: "base = quantile of the hourly means, linear between values (type 7)",
        source: "R. Hyndman and Y. Fan 1996, definition 7",
        assumptions: &["hourly means, so that their sum is the energy"],
        inputs: &[
            input("hourly_kw", "kW", Numbers(SOME, super::SIGNED_POWER), "mean power of each hour"),
            input("quantile", "", Number(Range::from(0.0, 1.0)), "which quantile").or("0.1"),
            input("method", "", Word(&["linear"]), "how to lie between values").or("linear"),
        ],
        outputs: &[
            output("base_kw", "kW", "base load"),
            output("energy_kwh", "kWh", "energy of the profile"),
            output("base_share_pct", "%", "base load's share of the energy"),
        ],
        example: "hourly_kw=4,4,5,22,38,36,12,5 quantile=0.1",
        compute: base_load,
    },
    Feature {
        name: "enpi_baseline",
        title: "energy baseline over production, and the saving against it",
        formula: "E = a + b·production by least squares; saving = expected − measured",
        source: "ISO 50006:2014; ASHRAE guideline 14 for CV(RMSE)",
        assumptions: &["one driver; R² below 0.75 is a weak model"],
        inputs: &[
            input(
                "production_t",
                "t",
                Numbers((2, ITEMS_MAX), ENERGY),
                "production of each period",
            ),
            input("energy_kwh", "kWh", Numbers((2, ITEMS_MAX), ENERGY), "energy of each period"),
            input("report", "", Record(REPORT), "the period to judge").optional(),
        ],
        outputs: &[
            output("slope_kwh_t", "kWh/t", "energy per unit of production"),
            output("intercept_kwh", "kWh", "energy without production"),
            output("r2", "", "coefficient of determination"),
            output("cv_rmse_pct", "%", "scatter about the line"),
            output("n", "", "number of periods"),
            output("expected_kwh", "kWh", "energy expected in the report period"),
            output("saving_kwh", "kWh", "expected − measured"),
        ],
        example: "production_t=10,20,30,40 energy_kwh=150,190,260,300 report.t=25 report.kwh=210",
        compute: enpi,
    },
    Feature {
        name: "co2",
        title: "greenhouse gas of an energy",
        formula: "kg = kWh · factor",
        source: "GHG Protocol, scope 2; the factor's source is yours to state",
        assumptions: &["average factor; location-based unless the factor is a supplier's"],
        inputs: &[
            input("kwh", "kWh", Number(ENERGY), "energy"),
            input("factor_kg_kwh", "kg/kWh", Number(Range::from(0.0, 10.0)), "emission factor"),
        ],
        outputs: &[output("kg", "kg", "CO₂ equivalent")],
        example: "kwh=12000 factor_kg_kwh=0.052",
        compute: co2,
    },
];

fn power_from_counter(given: &Given) -> Result<Outcome, Fault> {
    let [e0, e1, dt, resolution] =
        ["e0_kwh", "e1_kwh", "dt_s", "resolution_kwh"].map(|key| given.number(key));
    let power = counter::mean_power(e0, e1, dt, resolution);
    let values = json!({
        "p_kw": power.map(|p| p.power),
        "quantisation_max_error_kw": resolution * 3600.0 / dt,
        "usable": power.is_some_and(|p| p.usable),
    });
    Ok(Outcome::of(values).note_if(power.is_none(), "the counter went back: no power").note_if(
        power.is_some_and(|p| !p.usable),
        "one digit of the counter is more than 2 % of the power: take a longer time",
    ))
}

fn quadrants(given: &Given) -> Result<Outcome, Fault> {
    let scale = if given.word("unit") == "varh" { 1000.0 } else { 1.0 };
    let advances = ["d_q1", "d_q2", "d_q3", "d_q4"].map(|key| given.number(key) / scale);
    let power = counter::from_quadrants(advances, given.number("dt_s"));
    Ok(Outcome::of(json!({
        "q_net_kvar": power.map(|p| p.net),
        "q_import_kvar": power.map(|p| p.import),
        "q_export_kvar": power.map(|p| p.export),
    })))
}

fn demand_forecast(given: &Given) -> Result<Outcome, Fault> {
    let [window_s, elapsed_s, energy_kwh, power, limit] =
        ["window_s", "elapsed_s", "energy_kwh", "power_now_kw", "limit_kw"]
            .map(|key| given.number(key));
    let interval = demand::Interval { window_s, elapsed_s, energy_kwh };
    let forecast = demand::forecast(interval, power, limit);
    let forecast = forecast.ok_or_else(|| {
        Fault::of(
            "elapsed_s",
            format!("expected less than window_s ({window_s} s), got {elapsed_s}"),
        )
    })?;
    let exceeded = forecast.limit_already_exceeded;
    let values = json!({
        "predicted_kw": forecast.predicted_kw,
        "shed_kw": forecast.shed_kw,
        "max_power_for_rest_kw": forecast.allowed_kw,
        "limit_already_exceeded": exceeded,
        "status": if exceeded { "limit_already_exceeded" } else { "ok" },
    });
    Ok(Outcome::of(values).note_if(
        exceeded,
        "limit_already_exceeded: the energy so far exceeds the limit whatever the rest draws",
    ))
}

fn load_factor(given: &Given) -> Result<Outcome, Fault> {
    let [energy, peak, hours] = ["energy_kwh", "peak_kw", "hours"].map(|key| given.number(key));
    let factor = load_profile::load_factor(energy, peak, hours);
    let values = json!({
        "load_factor": factor.map(|f| f.load_factor),
        "equivalent_hours": factor.map(|f| f.equivalent_hours),
    });
    let above = factor.is_some_and(|f| f.load_factor > 1.0);
    Ok(Outcome::of(values).note_if(factor.is_none(), "no peak: no load factor").note_if(
        above,
        "above 1: the mean exceeds the peak, so energy, peak and hours do not belong together",
    ))
}

fn base_load(given: &Given) -> Result<Outcome, Fault> {
    let hourly = given.numbers("hourly_kw");
    let base = load_profile::quantile(&hourly, given.number("quantile"));
    let energy: f64 = hourly.iter().sum();
    #[allow(clippy::cast_precision_loss)] // ITEMS_MAX is far below 2^53.
    let hours = hourly.len() as f64;
    let share = base.filter(|_| energy > 0.0).map(|base| 100.0 * base * hours / energy);
    let values = json!({"base_kw": base, "energy_kwh": energy, "base_share_pct": share});
    Ok(Outcome::of(values).note_if(share.is_none(), "no energy drawn: no share"))
}

fn enpi(given: &Given) -> Result<Outcome, Fault> {
    let (production, energy) = (given.numbers("production_t"), given.numbers("energy_kwh"));
    if production.len() != energy.len() {
        return Err(Fault::of(
            "energy_kwh",
            format!(
                "expected as many numbers as production_t ({}), got {}",
                production.len(),
                energy.len()
            ),
        ));
    }
    let points: Vec<(f64, f64)> = production.into_iter().zip(energy).collect();
    let line = baseline::baseline(&points)
        .ok_or_else(|| Fault::of("production_t", "expected at least two different productions"))?;
    let produced = given.within("report", "t");
    let expected = produced.map(|t| line.expected(t));
    let saving = expected.zip(given.within("report", "kwh")).map(|(expected, kwh)| expected - kwh);
    let values = json!({
        "slope_kwh_t": line.slope,
        "intercept_kwh": line.intercept,
        "r2": line.r2,
        "cv_rmse_pct": line.cv_rmse_pct,
        "n": points.len(),
        "expected_kwh": expected,
        "saving_kwh": saving,
    });
    Ok(Outcome::of(values)
        .note_if(line.cv_rmse_pct.is_none(), "cv_rmse_pct needs three periods or more")
        .note_if(expected.is_none(), "no report period given: no expectation, no saving")
        .note_if(line.r2.is_some_and(|r2| r2 < 0.75), "R² below 0.75: production explains little")
        .note_if(
            produced.is_some_and(|t| !line.covers(t)),
            "the report's production lies outside the baseline's: the line is a guess there",
        ))
}

fn co2(given: &Given) -> Result<Outcome, Fault> {
    Ok(Outcome::of(json!({"kg": given.number("kwh") * given.number("factor_kg_kwh")})))
}
