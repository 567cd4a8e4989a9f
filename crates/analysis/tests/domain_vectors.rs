//! The shared worked examples of the domain, by feature.

use analysis::balance::{BalanceSettings, BalanceStatus, balance_report};
use analysis::chapter25::{self, KpiRow, Mode};
use analysis::compensation::{CompensationSettings, compensation_report};
use analysis::energy::{Samples, Window, energy_report};
use analysis::phasor::Phasor;
use analysis::power_factor::power_report;
use analysis::{
    Measurement, billing, compensation, counter, harmonic, neutral, phasor, power_factor,
    unbalance, voltages,
};
use reading::{Decimal, Quality, Quantity, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

fn vectors() -> Option<Value> {
    let folder = std::env::var_os("TRIPHASE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = folder.join("domain.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "no vectors at {}", path.display());
        println!("SKIPPED: no vectors at {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("vectors are JSON"))
}

#[test]
fn worked_examples_of_the_domain_hold() {
    let Some(vectors) = vectors() else { return };
    let (mut compared, mut not_yet) = (0, BTreeSet::new());
    for vector in vectors["vectors"].as_array().expect("vectors") {
        let feature = vector["feature"].as_str().expect("a feature");
        let Some(result) = computed(feature, &vector["inputs"]) else {
            not_yet.insert(feature);
            continue;
        };
        let place = format!("{} {feature}", vector["id"]);
        compare(&result, &vector["expected"], &vector["tolerance"], &place);
        compared += 1;
    }
    println!("compared {compared}; not computed here yet: {not_yet:?}");
    assert!(compared >= 38, "only {compared} examples compared");
}

/// Every expected key must be there, numbers within the tolerance.
fn compare(result: &Value, expected: &Value, tolerance: &Value, place: &str) {
    match expected {
        Value::Object(fields) => {
            for (key, value) in fields {
                let of_key = if tolerance.is_object() { &tolerance[key] } else { tolerance };
                let place = format!("{place}.{key}");
                let found = result.get(key);
                compare(found.expect(&place), value, of_key, &place);
            }
        }
        Value::Array(items) => {
            let found = result.as_array().expect("an array");
            assert_eq!(found.len(), items.len(), "{place}");
            for (found, item) in found.iter().zip(items) {
                compare(found, item, tolerance, place);
            }
        }
        Value::Number(number) => {
            let expected = number.as_f64().expect("finite");
            let found = result.as_f64().expect(place);
            let tolerance = tolerance.as_f64().expect("a tolerance");
            assert!((found - expected).abs() <= tolerance, "{place}: {found} not {expected}");
        }
        _ => assert_eq!(result, expected, "{place}"),
    }
}

fn number(inputs: &Value, key: &str) -> f64 {
    inputs[key].as_f64().expect(key)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn three(value: &Value) -> [f64; 3] {
    numbers(value).try_into().expect("three numbers")
}

fn phasors(value: &Value, magnitude: &str) -> [Phasor; 3] {
    let phases = value.as_array().expect("three phasors").iter();
    let phasors = phases.map(|p| Phasor::new(number(p, magnitude), number(p, "deg")));
    phasors.collect::<Vec<_>>().try_into().expect("three phasors")
}

fn measurement(values: &[(Quantity, f64)]) -> Measurement {
    let exact = |(quantity, value): &(Quantity, f64)| {
        (*quantity, Decimal::from_f64(*value).expect("finite"))
    };
    Measurement::new(Timestamp::from_seconds(0), values.iter().map(exact))
}

const U: [Quantity; 3] = [Quantity::VoltageL1, Quantity::VoltageL2, Quantity::VoltageL3];
const I: [Quantity; 3] = [Quantity::CurrentL1, Quantity::CurrentL2, Quantity::CurrentL3];

fn computed(feature: &str, inputs: &Value) -> Option<Value> {
    unbalance_features(feature, inputs)
        .or_else(|| neutral_features(feature, inputs))
        .or_else(|| chapter25_features(feature, inputs))
        .or_else(|| reactive_features(feature, inputs))
        .or_else(|| energy_features(feature, inputs))
}

fn unbalance_features(feature: &str, inputs: &Value) -> Option<Value> {
    Some(match feature {
        "nema_lvur" => {
            let lines = three(&inputs["u_ll_v"]);
            json!({"lvur_pct": unbalance::largest_deviation(lines)?.percent})
        }
        "u2_from_3_line_magnitudes" => {
            let lines = three(&inputs["u_ll_v"]);
            json!({
                "beta": unbalance::beta(lines)?,
                "u2_pct": unbalance::negative_sequence(lines)?,
            })
        }
        "fortescue_u2_u0" => {
            let phases = phasors(&inputs["u_ph"], "v");
            let components = phasor::components(phases);
            let degrees = phases.map(Phasor::degrees);
            let apart = [degrees[0] - degrees[1], degrees[1] - degrees[2], degrees[2] - degrees[0]];
            let magnitudes = phases.map(Phasor::magnitude);
            let lines = voltages::line_from_phase(magnitudes, apart);
            json!({
                "u2_pct": components.negative_pct()?,
                "u0_pct": components.zero_pct()?,
                "u_ll_v": lines,
                "u0_from_6_magnitudes_pct": unbalance::zero_sequence(magnitudes, lines)?,
            })
        }
        "nema_derating" => {
            let factor = unbalance::motor_derating(number(inputs, "unbalance_pct"));
            let status = if factor.is_some() { "ok" } else { "do_not_operate" };
            json!({"derating": factor, "status": status})
        }
        "line_from_phase_assumed_120" => {
            let phases = three(&inputs["u_ph_v"]);
            let [u12, u23, u31] = voltages::line_from_phase(phases, [120.0; 3]);
            let u2 = unbalance::negative_sequence([u12, u23, u31])?;
            json!({"u12": u12, "u23": u23, "u31": u31, "u2_assumed_120_pct": u2})
        }
        "assumed_120_bias" => {
            let volts = three(&inputs["u_ph_mag_v"]);
            let given = measurement(&U.into_iter().zip(volts).collect::<Vec<_>>());
            let report = balance_report(&given, &BalanceSettings::default());
            json!({
                "u2_assumed_120_pct": report.voltage.u2_pct.value()?,
                "limit_verdict": report.voltage.ok.value(),
            })
        }
        _ => return None,
    })
}

fn neutral_features(feature: &str, inputs: &Value) -> Option<Value> {
    Some(match feature {
        "neutral_current_assumed_equal_pf_120" => {
            let amps = three(&inputs["i_a"]);
            json!({
                "i_neutral_a": neutral::with_equal_power_factor(amps),
                "current_dev_max_pct": unbalance::largest_deviation(amps)?.percent,
                "i2_over_i1_pct": neutral::negative_sequence_with_equal_power_factor(amps)?,
            })
        }
        "neutral_current_with_angles" => {
            json!({"i_neutral_a": neutral::from_phasors(phasors(&inputs["i"], "a"))})
        }
        "neutral_triplen" => {
            let (first, third) = (three(&inputs["i1_a"]), three(&inputs["i3_a"]));
            let triplen = neutral::with_third_harmonic(first, third);
            json!({
                "i_neutral_fundamental_a": triplen.fundamental_a,
                "i_neutral_3rd_a": triplen.third_a,
                "i_neutral_rms_a": triplen.rms_a,
                "ratio_to_phase_rms": triplen.ratio_to_phase,
            })
        }
        _ => return None,
    })
}

fn chapter25_features(feature: &str, inputs: &Value) -> Option<Value> {
    Some(match feature {
        "ch25_balance" | "ch25_balance_all_zero" => chapter25_balance(inputs),
        "ch25_reactive" | "ch25_reactive_export" => chapter25_reactive(inputs),
        "ch25_efficiency" => {
            let pairs = numbers(&inputs["pf"]).into_iter().zip(numbers(&inputs["thd_pct"]));
            let rows: Vec<KpiRow> = pairs
                .map(|(factor, thd)| KpiRow {
                    measurement: measurement(&[
                        (Quantity::PowerFactor, factor),
                        (Quantity::ThdVoltage, thd),
                    ]),
                    quality: Quality::Good,
                })
                .collect();
            json!({"efficacite_globale": chapter25::efficiency(&rows, Mode::Strict)?})
        }
        "ch25_kpi_vs_time_weighted" => chapter25_kpi(inputs),
        "ch25_line_shares" => {
            let loads = inputs["loads_kw"].as_object().expect("loads");
            let part = |(name, kw): (&String, &Value)| (name.clone(), kw.as_f64().expect("kW"));
            let parts: Vec<_> = loads.iter().map(part).collect();
            let shares = chapter25::loads(None, &parts)?;
            let percent = |load: &chapter25::Load| (load.name.clone(), json!(load.percent));
            let pct: Map<_, _> = shares.loads.iter().map(percent).collect();
            json!({"total_kw": shares.total_kw, "pct": pct})
        }
        _ => return None,
    })
}

fn chapter25_balance(inputs: &Value) -> Value {
    let (volts, amps) = (three(&inputs["u_ph_v"]), three(&inputs["i_a"]));
    let values = U.into_iter().zip(volts).chain(I.into_iter().zip(amps));
    let given = measurement(&values.collect::<Vec<_>>());
    let chapter = chapter25::balance(&given, Mode::Strict).result;
    let text = chapter.recommandations.unwrap_or_default();
    let bands = ["excellent", "acceptable", "modéré", "important"];
    let band = bands.into_iter().find(|band| text.contains(band)).map(|b| b.replace('é', "e"));
    let report = balance_report(&given, &BalanceSettings::default());
    json!({
        "ch25": {
            "score_equilibre": chapter.score_equilibre,
            "equilibre_global": chapter.equilibre_global,
            "phase_plus_chargee_tension": chapter.phase_plus_chargee_tension,
            "phase_plus_chargee_courant": chapter.phase_plus_chargee_courant,
            "bande": band,
        },
        "compat": {"score_equilibre": chapter.score_equilibre},
        "correct": {
            "voltage_dev_max_pct": report.voltage.deviation_pct.value(),
            "voltage_dev_phase": report.voltage.deviation_phase.value(),
            "current_dev_max_pct": report.current.deviation_pct.value(),
            "current_dev_phase": report.current.deviation_phase.value(),
            "status": BalanceStatus::name(report.status),
        },
    })
}

fn chapter25_reactive(inputs: &Value) -> Value {
    let given = measurement(&[
        (Quantity::ActivePower, number(inputs, "p_w")),
        (Quantity::ReactivePower, number(inputs, "q_var")),
    ]);
    let chapter = chapter25::power_factor(&given, Mode::Strict).result;
    let batteries = chapter.capacite_batteries_necesaire.expect("strict");
    let power = power_report(&given, None);
    let target = inputs["pf_target"].as_f64().unwrap_or(0.95);
    let settings = CompensationSettings { target, transformer: None };
    let compensation = compensation_report(&power, &settings);
    json!({
        "ch25": {
            "facteur_puissance": chapter.facteur_puissance,
            "evaluation": chapter.evaluation,
            "penalite_applicable": chapter.penalite_applicable.map(chapter25::Number::value),
            "economies_compensation": chapter.economies_compensation.map(chapter25::Number::value),
            "compensation_recommandee": chapter.compensation_recommandee,
            "capacite_min_kvar": batteries.capacite_min_kvar,
            "capacite_max_kvar": batteries.capacite_max_kvar,
            "capacite_recommandee_kvar": batteries.capacite_recommandee_kvar,
        },
        "correct": {
            "s_va": power.apparent_va.value(),
            "pf_abs": power.power_factor.value(),
            "tan_phi": power.tan_phi.value(),
            "direction": power.direction.value().map(power_factor::Direction::name),
            "quadrant": power.quadrant.value(),
            "qc_required_kvar": compensation.required_kvar.value(),
            "bank_kvar": compensation.bank_kvar.value(),
            "loss_reduction_pct": compensation.loss_reduction_pct.value(),
            "kva_released": compensation.released_kva.value(),
            // No evaluation exists beside chapter 25's.
            "evaluation": null,
        },
    })
}

fn chapter25_kpi(inputs: &Value) -> Value {
    let samples = inputs["samples"].as_array().expect("samples").iter();
    let samples: Vec<(Timestamp, Decimal)> = samples
        .map(|sample| {
            let [at, watts] = [0, 1].map(|index| sample[index].as_i64().expect("an integer"));
            (Timestamp::from_seconds(at), Decimal::new(watts, 0))
        })
        .collect();
    let rows: Vec<KpiRow> = samples
        .iter()
        .map(|(at, watts)| KpiRow {
            measurement: Measurement::new(*at, [(Quantity::ActivePower, *watts)]),
            quality: Quality::Good,
        })
        .collect();
    let chapter = chapter25::kpi(&rows, Mode::Strict).expect("rows").result;
    let end = Timestamp::from_seconds(inputs["window_s"].as_i64().expect("seconds"));
    let power = Samples { power: &samples, period: Duration::from_secs(600), ..Samples::default() };
    let report = energy_report(Window::last_hour(end), &power);
    json!({
        "ch25": {
            "puissance_moyenne_kw": chapter.puissance_moyenne_kw,
            "puissance_max_kw": chapter.puissance_max_kw,
            "consommation_horaire_kwh": chapter.consommation_horaire_kwh,
        },
        "correct": {
            "mean_kw": report.mean_w.value().map(|watts| watts / 1000.0),
            "energy_kwh": report.import_wh.value().map(|watt_hours| watt_hours / 1000.0),
        },
    })
}

fn reactive_features(feature: &str, inputs: &Value) -> Option<Value> {
    let of = |key| number(inputs, key);
    Some(match feature {
        "qc_sizing" => {
            let (p, from, to) = (of("p_kw"), of("pf1"), of("pf2"));
            json!({
                "qc_kvar": compensation::required(p, from, to)?,
                "loss_reduction_pct": compensation::loss_reduction_pct(from, to),
                "kva_released": compensation::released(p, from, to),
                "tan2": compensation::tan_phi(to)?,
            })
        }
        "resonance_order" => {
            let ssc = compensation::short_circuit_kva(of("transformer_kva"), of("uk_pct"))?;
            let order = compensation::resonance_order(ssc, of("qc_kvar"))?;
            json!({"ssc_kva": ssc, "order": order})
        }
        "detuning" => {
            let order = compensation::detuned_order(of("p_pct"))?;
            json!({"order": order, "f_res_hz": order * of("f_hz")})
        }
        "true_pf" => {
            json!({"pf_true": power_factor::with_distortion(of("dpf"), of("thd_i_pct"))})
        }
        "overcompensation" => {
            let after = compensation::compensated(of("p_kw"), of("q_load_kvar"), of("bank_kvar"));
            json!({
                "q_net_kvar": after.reactive_kvar,
                "pf_abs": after.power_factor,
                "nature": after.nature.name(),
            })
        }
        "payback" => {
            json!({"years": compensation::payback_years(of("annual_saving"), of("capex"))})
        }
        "reactive_excess" => {
            let price = inputs["price_per_kvarh"].as_f64();
            let excess = billing::reactive_excess(of("kwh"), of("kvarh"), of("k"), price);
            json!({
                "tan_phi": excess.tan_phi,
                "excess_kvarh": excess.excess_kvarh,
                "cost": excess.cost,
            })
        }
        _ => return None,
    })
}

fn energy_features(feature: &str, inputs: &Value) -> Option<Value> {
    let of = |key| number(inputs, key);
    Some(match feature {
        "power_from_counter" => {
            let resolution = of("resolution_kwh");
            let mean = counter::mean_power(of("e0_kwh"), of("e1_kwh"), of("dt_s"), resolution)?;
            json!({
                "p_kw": mean.power,
                "quantisation_max_error_kw": mean.error_max,
                "usable": mean.usable,
            })
        }
        "q_from_quadrants" => {
            let quadrants = ["d_q1", "d_q2", "d_q3", "d_q4"].map(of);
            let power = counter::from_quadrants(quadrants, of("dt_s"))?;
            json!({
                "q_net_kvar": power.net,
                "q_import_kvar": power.import,
                "q_export_kvar": power.export,
            })
        }
        "thd" => {
            let harmonics = inputs["uh_pct"].as_object().expect("orders").values();
            json!({"thd_pct": harmonic::thd(harmonics.map(|h| h.as_f64().expect("percent")))})
        }
        "harmonic_limits" => {
            let orders = inputs["uh_pct"].as_object().expect("orders").iter();
            let harmonics: Vec<(u8, f64)> = orders
                .map(|(order, pct)| (order.parse().expect("an order"), pct.as_f64().expect("%")))
                .collect();
            let thd = harmonic::thd(harmonics.iter().map(|(_, pct)| *pct));
            json!({
                "violations": harmonic::violations(harmonics).collect::<Vec<_>>(),
                "thd_pct": thd,
                "thd_ok": thd <= harmonic::THD_LIMIT_PCT,
            })
        }
        "rms_aggregation" => {
            let volts = numbers(&inputs["u_v"]);
            let mean = volts.iter().sum::<f64>() / 4.0;
            json!({"aggregate_v": harmonic::rms(&volts)?, "arithmetic_v": mean})
        }
        _ => return None,
    })
}
