//! Loads of machines: the tree, silence, the remainder, and chapter 25's route over all of it.

use crate::bench::{Bench, at, fed, id};
use axum::http::StatusCode;
use outlet::{MeterInfo, Plate, Role, Way};
use reading::{Link, LinkState};
use serde_json::{Value, json};

fn behind(name: &str, parent: &str) -> MeterInfo {
    MeterInfo { parent: Some(id(parent)), ..fed(name, Role::Machine) }
}

/// A supply, a board behind it with a machine of its own, and a machine beside the board.
fn plant() -> Bench {
    Bench::of(vec![
        fed("general", Role::Main),
        behind("tableau", "general"),
        behind("tour", "tableau"),
        // Without a parent: behind the main meter.
        fed("froid", Role::Machine),
    ])
}

fn row(meter: &str, at: &str, watts: f64) -> Value {
    json!({"compteur_id": meter, "timestamp": at, "puissance_active_totale": watts})
}

async fn now(bench: &Bench, rows: &[(&str, f64)]) {
    let at = "2026-05-04T09:39:20Z";
    let rows: Vec<Value> = rows.iter().map(|(meter, watts)| row(meter, at, *watts)).collect();
    bench.store(&Value::Array(rows)).await;
}

const ROUTE: &str = "/api/industrie/charges-par-machine";

#[tokio::test]
async fn only_what_is_directly_behind_a_meter_is_its_load() {
    let bench = plant();
    now(
        &bench,
        &[("general", 31_200.0), ("tableau", 20_000.0), ("tour", 15_500.0), ("froid", 8_300.0)],
    )
    .await;
    let (status, answer) = bench.get(ROUTE).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let loads = &answer["charges_par_equipement"];
    assert_eq!(loads["tableau"], 20.0);
    assert_eq!(loads["froid"], 8.3);
    assert_eq!(loads["tour"], Value::Null, "it is part of tableau");
    assert!((loads["divers"].as_f64().expect("a number") - 2.9).abs() < 1e-9, "{answer}");
    assert!((answer["total_consomme"].as_f64().expect("a number") - 31.2).abs() < 1e-9);
    assert_eq!(
        answer["methode"],
        json!({"tableau": "mesure", "froid": "mesure", "divers": "difference"})
    );
    assert_eq!(answer["avertissements"], json!([]));
    let (_, board) = bench.get(&format!("{ROUTE}?compteur=tableau")).await;
    assert_eq!(board["charges_par_equipement"], json!({"tour": 15.5, "divers": 4.5}));
}

#[tokio::test]
async fn the_numbers_of_the_chapter_come_out_of_sub_meters() {
    let names =
        ["ligne_production_1", "ligne_production_2", "ventilation", "refroidissement", "eclairage"];
    let mut meters = vec![fed("general", Role::Main)];
    meters.extend(names.map(|name| behind(name, "general")));
    let bench = Bench::of(meters);
    let watts = [15_500.0, 12_800.0, 8_200.0, 6_100.0, 3_400.0];
    let mut rows = vec![("general", 50_000.0)];
    rows.extend(names.into_iter().zip(watts));
    now(&bench, &rows).await;
    let (_, answer) = bench.get(&format!("{ROUTE}?compat=strict")).await;
    let near = |value: &Value, expected: f64| {
        let value = value.as_f64().expect("a number");
        assert!((value - expected).abs() < 1e-6, "{value} {expected}");
    };
    for (name, kw, pct) in [
        ("ligne_production_1", 15.5, 31.0),
        ("ligne_production_2", 12.8, 25.6),
        ("ventilation", 8.2, 16.4),
        ("refroidissement", 6.1, 12.2),
        ("eclairage", 3.4, 6.8),
        ("divers", 4.0, 8.0),
    ] {
        near(&answer["charges_par_equipement"][name], kw);
        near(&answer["pourcentages"][name], pct);
    }
    near(&answer["total_consomme"], 50.0);
    assert!(answer.get("normes").is_none() && answer.get("avertissements").is_none());
}

#[tokio::test]
async fn a_silent_sub_meter_is_not_zero_and_divers_says_that_it_holds_it() {
    let bench = plant();
    let minutes_ago = row("froid", "2026-05-04T09:36:00Z", 2_400.0);
    bench.set_clock("2026-05-04T09:36:01Z");
    bench.store(&minutes_ago).await;
    bench.set_clock("2026-05-04T09:39:21Z");
    now(&bench, &[("general", 31_200.0), ("tableau", 28_300.0)]).await;
    let (_, answer) = bench.get(ROUTE).await;
    assert_eq!(answer["charges_par_equipement"]["froid"], Value::Null);
    assert!(answer["charges_par_equipement"].as_object().expect("named").contains_key("froid"));
    assert_eq!(answer["pourcentages"]["froid"], Value::Null);
    assert_eq!(answer["methode"]["froid"], Value::Null);
    assert_eq!(answer["normes"]["divers"]["contient"], json!(["froid"]));
    assert_eq!(answer["avertissements"][0]["code"], "sous_compteur_muet");
    let (_, strict) = bench.get(&format!("{ROUTE}?compat=strict")).await;
    let named = strict["charges_par_equipement"].as_object().expect("named");
    assert!(!named.contains_key("froid"), "the chapter knows numbers only: {strict}");
    let (_, v1) = bench.get("/api/v1/analysis/loads").await;
    let froid = &v1["meters"][3];
    assert_eq!((&froid["meter"], &froid["load_kw"]["value"]), (&json!("froid"), &Value::Null));
    assert_eq!(froid["load_kw"]["reason"]["code"], "silent");
    assert_eq!(froid["last"]["kw"], 2.4);
    assert_eq!(froid["state"]["reason"]["code"], "load_unknown");
    assert_eq!(v1["meters"][0]["remainder"]["contains"], json!(["froid"]));
}

#[tokio::test]
async fn sub_meters_above_the_main_meter_are_told_with_their_numbers() {
    let bench = plant();
    now(&bench, &[("general", 10_000.0), ("tableau", 12_000.0), ("froid", 500.0)]).await;
    let (_, answer) = bench.get(ROUTE).await;
    assert_eq!(answer["normes"]["divers"]["verdict"], "sub_exceeds_main");
    let warning = &answer["avertissements"][0];
    assert_eq!(warning["code"], "sous_compteurs_superieurs");
    assert!(warning["texte"].as_str().is_some_and(|text| text.contains("2,50 kW")), "{warning}");
}

#[tokio::test]
async fn an_unknown_main_meter_leaves_its_sub_meters_known() {
    let bench = plant();
    let (status, answer) = bench.get(ROUTE).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::NOT_FOUND, &json!("Aucune mesure disponible"))
    );
    now(&bench, &[("tableau", 12_000.0)]).await;
    let (status, answer) = bench.get(ROUTE).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["charges_par_equipement"], json!({"tableau": 12.0, "froid": null}));
    let codes: Vec<&str> = answer["avertissements"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|warning| warning["code"].as_str())
        .collect();
    assert_eq!(codes, ["sous_compteur_muet", "total_inconnu"]);
    let text = answer["avertissements"][0]["texte"].as_str().expect("a sentence");
    assert!(!text.contains("divers"), "there is none that could contain it: {text}");
}

/// Meters on wires, whose links are as told.
fn linked(bench: &Bench, state: LinkState, since: &str) {
    for name in ["general", "tour"] {
        let link = Link { state, since: at(since), cause: None, reason: None };
        bench.store.set_link(&id(name), link);
    }
}

fn wired() -> Bench {
    let over = |meter: MeterInfo| MeterInfo { way: Way::Modbus, ..meter };
    Bench::of(vec![over(fed("general", Role::Main)), over(behind("tour", "general"))])
}

#[tokio::test]
async fn what_falls_silent_together_is_not_shown_as_live() {
    let bench = wired();
    linked(&bench, LinkState::Live, "2026-05-04T09:00:00Z");
    now(&bench, &[("general", 60_000.0), ("tour", 44_500.0)]).await;
    let (_, answer) = bench.get("/api/v1/analysis/loads").await;
    assert_eq!(answer["meters"][1]["load_kw"]["value"], 44.5);
    // The gateway takes every question and answers none.
    linked(&bench, LinkState::Stale, "2026-05-04T09:39:21.250000Z");
    for clock in ["2026-05-04T09:39:31Z", "2026-05-04T09:44:21Z"] {
        bench.set_clock(clock);
        let (_, answer) = bench.get("/api/v1/analysis/loads").await;
        for meter in answer["meters"].as_array().expect("two") {
            assert_eq!(meter["load_kw"]["reason"]["code"], "silent", "{clock}: {meter}");
            assert_eq!(meter["confidence"], Value::Null);
        }
        assert_eq!(answer["meters"][1]["last"]["kw"], 44.5);
        let (status, chapter) = bench.get(ROUTE).await;
        assert_eq!(status, StatusCode::OK, "{chapter}");
        assert_eq!(chapter["charges_par_equipement"], json!({"tour": null}));
        assert_eq!(chapter["total_consomme"], Value::Null, "{chapter}");
        assert_eq!(codes(&chapter).last(), Some(&"total_inconnu"), "{chapter}");
        assert!(codes(&chapter).contains(&"sous_compteur_muet"), "{chapter}");
    }
    // The chapter's own code knows no age.
    let (_, strict) = bench.get(&format!("{ROUTE}?compat=strict")).await;
    assert_eq!(strict["charges_par_equipement"], json!({"tour": 44.5, "divers": 15.5}));
}

#[tokio::test]
async fn a_wrong_clock_in_a_meter_on_a_living_wire_is_no_silence() {
    let bench = wired();
    linked(&bench, LinkState::Live, "2026-05-04T09:00:00Z");
    let slow = json!([
        row("general", "2026-05-04T08:39:20Z", 60_000.0),
        row("tour", "2026-05-04T09:39:20Z", 44_500.0),
    ]);
    bench.store(&slow).await;
    let (_, answer) = bench.get("/api/v1/analysis/loads").await;
    assert_eq!(answer["meters"][0]["load_kw"]["value"], 60.0, "{answer}");
    let skew = answer["meters"][0]["remainder"]["skew_s"].as_f64().expect("a number");
    assert!(skew < 2.0, "an hour of a wrong clock is no distance of instants: {skew}");
}

#[tokio::test]
async fn rows_that_were_posted_live_and_stopped_are_silent_but_old_ones_are_not() {
    let bench = plant();
    now(&bench, &[("general", 31_200.0), ("tableau", 28_300.0)]).await;
    bench.set_clock("2026-05-04T09:44:21Z");
    let (_, answer) = bench.get("/api/v1/analysis/loads").await;
    assert_eq!(answer["meters"][1]["load_kw"]["reason"]["code"], "silent", "{answer}");
    // Whoever stores the past afterwards asks about that past, with a meter on a dead wire, too.
    let bench = wired();
    linked(&bench, LinkState::Disconnected, "2026-05-04T09:00:00Z");
    let old = json!([
        row("general", "2026-04-01T10:00:00Z", 9_000.0),
        row("tour", "2026-04-01T10:00:00Z", 4_000.0),
    ]);
    bench.store(&old).await;
    let (_, answer) = bench.get(ROUTE).await;
    assert_eq!(answer["charges_par_equipement"], json!({"tour": 4.0, "divers": 5.0}));
    let codes = codes(&answer);
    assert!(codes.contains(&"charges_anciennes"), "its age is told: {codes:?}");
}

fn codes(answer: &Value) -> Vec<&str> {
    let warnings = answer["avertissements"].as_array().expect("a list");
    warnings.iter().filter_map(|warning| warning["code"].as_str()).collect()
}

#[tokio::test]
async fn one_remainder_has_one_uncertainty_between_the_instants_of_measurement() {
    let bench = Bench::of(vec![fed("general", Role::Main), behind("tour", "general")]);
    let mut rows = Vec::new();
    for minute in 0..39 {
        let at = format!("2026-05-04T09:{minute:02}:20Z");
        rows.push(row("general", &at, 10_000.0));
        // The lathe was measured seven minutes before, and is as restless as can be.
        if minute <= 31 {
            rows.push(row("tour", &at, if minute % 2 == 0 { 5_000.0 } else { 11_000.0 }));
        }
    }
    bench.store(&Value::Array(rows)).await;
    let (_, v1) = bench.get("/api/v1/analysis/loads").await;
    let (rest, lathe) = (&v1["meters"][0]["remainder"], &v1["meters"][1]);
    assert_eq!(rest["skew_s"], 420.0, "{rest}");
    assert_eq!((&lathe["load_kw"]["value"], &lathe["confidence"]), (&json!(11.0), &json!("low")));
    assert_eq!(rest["verdict"], "within_uncertainty");
    let (_, french) = bench.get(ROUTE).await;
    assert_eq!(french["normes"]["divers"]["incertitude_kw"], rest["uncertainty_kw"]);
    assert_eq!(french["normes"]["divers"]["verdict"], rest["verdict"]);
    assert_eq!(french["normes"]["confiance"]["tour"], "low");
    assert!(!codes(&french).contains(&"sous_compteurs_superieurs"), "{french}");
}

#[tokio::test]
async fn without_a_main_meter_every_machine_is_listed_and_the_whole_is_their_sum() {
    let machine = |name| fed(name, Role::Machine);
    let pieces = MeterInfo { counter_of: Some(id("unit_1")), ..machine("automate") };
    let bench = Bench::of(vec![
        machine("unit_1"),
        machine("unit_2"),
        behind("four", "unit_2"),
        machine("unit_3"),
        pieces,
    ]);
    now(&bench, &[("unit_1", 8_670.0), ("unit_2", 6_100.0), ("four", 2_000.0)]).await;
    let (status, v1) = bench.get("/api/v1/analysis/loads").await;
    assert_eq!(status, StatusCode::OK, "{v1}");
    let listed: Vec<(&str, u64)> = v1["meters"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| Some((one["meter"].as_str()?, one["depth"].as_u64()?)))
        .collect();
    assert_eq!(listed, [("unit_1", 1), ("unit_2", 1), ("four", 2), ("unit_3", 1)]);
    let sum = &v1["sum"];
    assert!((sum["kw"].as_f64().expect("a number") - 14.77).abs() < 1e-9, "{sum}");
    assert_eq!((&sum["without"], &v1["meter"]), (&json!(["unit_3"]), &Value::Null));
    assert_eq!(sum["reason"]["code"], "no_main_meter");
    let (_, french) = bench.get(ROUTE).await;
    assert_eq!(
        french["charges_par_equipement"],
        json!({"unit_1": 8.67, "unit_2": 6.1, "unit_3": null})
    );
    assert_eq!(codes(&french), ["sous_compteur_muet", "sans_compteur_general"]);
    let (_, strict) = bench.get(&format!("{ROUTE}?compat=strict")).await;
    assert_eq!(strict["charges_par_equipement"], json!({"unit_1": 8.67, "unit_2": 6.1}));
    // Who asks for one of them is told of that one.
    let (_, one) = bench.get(&format!("{ROUTE}?compteur=unit_1")).await;
    assert_eq!(one["charges_par_equipement"], json!({"divers": 8.67}));
    let (_, range) = bench
        .get("/api/v1/analysis/loads?from=2026-05-04T09:30:00Z&to=2026-05-04T09:40:00Z&points=10")
        .await;
    assert!(
        range["range"]["remainder_kw"].as_array().expect("a course").iter().all(Value::is_null)
    );
    let single = Bench::of(vec![machine("unit_1")]);
    now(&single, &[("unit_1", 8_670.0)]).await;
    let (_, v1) = single.get("/api/v1/analysis/loads").await;
    assert_eq!(
        (&v1["meters"][0]["meter"], &v1["meters"][0]["depth"]),
        (&json!("unit_1"), &json!(1))
    );
}

#[tokio::test]
async fn rows_of_one_old_time_belong_together() {
    let bench = plant();
    let old: Vec<Value> = [("general", 9_000.0), ("tableau", 4_000.0), ("froid", 3_000.0)]
        .into_iter()
        .map(|(meter, watts)| row(meter, "2026-04-01T10:00:00Z", watts))
        .collect();
    bench.store(&Value::Array(old)).await;
    let (_, answer) = bench.get(ROUTE).await;
    assert_eq!(
        answer["charges_par_equipement"],
        json!({"tableau": 4.0, "froid": 3.0, "divers": 2.0})
    );
    assert_eq!(answer["avertissements"][0]["code"], "mesure_ancienne");
}

/// A line that runs, idles and stops, a minute each row, until 09:39.
async fn a_morning(bench: &Bench) {
    let mut rows = Vec::new();
    for minute in 0..579 {
        let (hour, rest) = (minute / 60, minute % 60);
        let watts = match rest {
            0..30 => 15_000.0,
            30..40 => 1_900.0,
            _ => 120.0,
        };
        let at = format!("2026-05-04T{hour:02}:{rest:02}:30Z");
        for (meter, more) in [("general", 3_000.0), ("tableau", 0.0)] {
            rows.push(row(meter, &at, watts + more));
        }
    }
    for part in rows.chunks(500) {
        bench.store(&Value::Array(part.to_vec())).await;
    }
}

#[tokio::test]
async fn a_machine_tells_its_state_its_hours_and_its_idle_energy() {
    let bench = plant();
    a_morning(&bench).await;
    let (status, answer) = bench.get("/api/v1/analysis/loads").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let line = &answer["meters"][1];
    assert_eq!(line["meter"], "tableau");
    let state = &line["state"];
    assert_eq!(
        (&state["value"], &state["thresholds"]),
        (&json!("idle"), &json!("learned")),
        "{state}"
    );
    assert_eq!(state["since"], "2026-05-04T09:30:00Z");
    let hours = &line["today"]["hours"];
    // Local midnight was at 22:00 in UTC; of the nine and a half hours since 00:00, half are run.
    let of = |name: &str| hours[name].as_f64().expect("a number");
    assert!((of("running") - 5.0).abs() < 0.2, "{hours}");
    assert!((of("idle") - 10.0 / 60.0 * 9.9).abs() < 0.2, "{hours}");
    assert!((of("idle_kwh") - 1.9 * of("idle")).abs() < 0.1, "{hours}");
    assert!(of("unknown") > 1.9, "nothing was measured before midnight in UTC: {hours}");
    let energy = line["today"]["energy_kwh"]["value"].as_f64().expect("known");
    assert!((energy - 80.0).abs() < 3.0, "{energy}");
}

#[tokio::test]
async fn a_range_has_one_grid_for_all_and_keeps_its_gaps() {
    let bench = plant();
    a_morning(&bench).await;
    let query = "from=2026-05-03T23:00:00Z&to=2026-05-04T04:00:00Z&points=60";
    let (status, answer) = bench.get(&format!("/api/v1/analysis/loads?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let range = &answer["range"];
    assert_eq!((&range["step_s"], range["t"].as_array().map(Vec::len)), (&json!(300), Some(60)));
    let course = |place: usize| range["meters"][place]["kw"].as_array().expect("a course");
    assert_eq!(course(0)[0], Value::Null, "nothing was measured yet");
    assert_eq!((&course(0)[13], &course(1)[13]), (&json!(18.0), &json!(15.0)));
    assert_eq!(range["remainder_kw"][13], 3.0);
    assert_eq!(range["remainder_kw"][0], Value::Null);
    let states = range["meters"][1]["states"].as_array().expect("a ribbon");
    let told: Vec<&str> = states.iter().filter_map(|one| one["state"].as_str()).collect();
    assert_eq!(told[..4], ["running", "idle", "off", "running"], "{told:?}");
    assert_eq!(range["meters"][3]["kw"][13], Value::Null);
}

#[tokio::test]
async fn a_configured_machine_needs_no_learning_and_a_constant_no_meter() {
    let mut machine = behind("four", "general");
    machine.plate.machine.rated_kw = Some(10.0);
    machine.plate.machine.idle_kw = Some(1.0);
    let lamp = MeterInfo {
        plate: Plate { constant_kw: Some(3.4), ..Plate::default() },
        ..behind("eclairage", "general")
    };
    let bench = Bench::of(vec![fed("general", Role::Main), machine, lamp]);
    for second in [0, 5, 10, 15, 20] {
        for (meter, watts) in [("general", 12_000.0), ("four", 8_000.0)] {
            bench.store(&row(meter, &format!("2026-05-04T09:39:{second:02}Z"), watts)).await;
        }
    }
    let (_, answer) = bench.get("/api/v1/analysis/loads").await;
    let (oven, lamp) = (&answer["meters"][1], &answer["meters"][2]);
    assert_eq!(
        (&oven["state"]["value"], &oven["state"]["thresholds"]),
        (&json!("running"), &json!("configured"))
    );
    assert_eq!(
        (&lamp["load_kw"]["value"], &lamp["load_kw"]["method"]),
        (&json!(3.4), &json!("constant"))
    );
    assert_eq!(lamp["confidence"], "low");
    let (_, chapter) = bench.get(ROUTE).await;
    assert_eq!(
        chapter["methode"],
        json!({"four": "mesure", "eclairage": "constante", "divers": "difference"})
    );
    assert!(
        (chapter["charges_par_equipement"]["divers"].as_f64().expect("a number") - 0.6).abs()
            < 1e-9
    );
}

#[tokio::test]
async fn currents_alone_give_an_estimate_that_says_so() {
    let bench = Bench::of(vec![fed("general", Role::Main), behind("pompe", "general")]);
    bench.store(&json!([
        {"compteur_id": "general", "timestamp": "2026-05-04T09:39:20Z", "puissance_active_totale": 9000},
        {"compteur_id": "pompe", "timestamp": "2026-05-04T09:39:20Z",
         "courant_l1": 10, "courant_l2": 10, "courant_l3": 10},
    ])).await;
    let (_, answer) = bench.get("/api/v1/analysis/loads").await;
    let pump = &answer["meters"][1];
    assert_eq!(
        (&pump["load_kw"]["method"], &pump["confidence"]),
        (&json!("estimated"), &json!("medium"))
    );
    let kw = pump["load_kw"]["value"].as_f64().expect("estimated");
    assert!((kw - 0.85 * 6.9).abs() < 1e-9, "{kw}");
}

#[tokio::test]
async fn a_wrong_question_is_told_what_was_expected() {
    let bench = plant();
    for (query, words) in [
        ("to=2026-05-04T00:00:00Z", "to needs from"),
        ("from=2026-01-01T00:00:00Z", "longer than 31 days"),
        ("meter=nobody", "No meter has"),
        ("points=0", "1 to 1500"),
        ("farbe=rot", "meter, from, to and points"),
    ] {
        let (status, problem) = bench.get(&format!("/api/v1/analysis/loads?{query}")).await;
        assert!(status.is_client_error(), "{query}: {problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(words), "{query}: {detail}");
    }
}

#[tokio::test]
async fn the_doctor_finds_a_reversed_transformer_in_what_was_stored() {
    let bench = Bench::one();
    let rows: Vec<Value> = (0..60)
        .map(|n| {
            json!({"timestamp": format!("2026-05-04T09:{:02}:{:02}Z", 30 + n / 12, n % 12 * 5),
                "tension_l1": 231.0, "tension_l2": 229.4, "tension_l3": 230.2,
                "courant_l1": 20.0, "courant_l2": 24.0, "courant_l3": 21.0,
                // L2 counts backwards: 4.62·0.85 − 5.51·0.85 + 4.83·0.85 and likewise for Q.
                "puissance_active_totale": 3350.0 + f64::from(n), "puissance_reactive_totale": 2076.0})
        })
        .collect();
    bench.store(&Value::Array(rows)).await;
    let (status, answer) = bench.get("/api/v1/analysis/doctor").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let finding = &answer["meters"][0]["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["phases"]),
        (&json!("ct_reversed"), &json!([2])),
        "{answer}"
    );
    assert!(finding["text_fr"].as_str().is_some_and(|text| text.contains("L2")), "{finding}");
    assert!(finding["evidence"].as_array().is_some_and(|all| !all.is_empty()));
    let not_judged = answer["meters"][0]["not_judged"].as_array().expect("a list");
    assert!(not_judged.iter().any(|one| one["check"] == "phase_sequence"), "{answer}");
}

#[tokio::test]
async fn what_counts_pieces_or_is_constant_does_not_blind_the_doctor() {
    let lighting = MeterInfo {
        plate: Plate { constant_kw: Some(2.0), ..Plate::default() },
        ..fed("eclairage", Role::Machine)
    };
    let plc = MeterInfo { counter_of: Some(id("presse")), ..fed("automate", Role::Machine) };
    let presses = [fed("presse", Role::Machine), fed("four", Role::Machine)];
    let meters = [fed("general", Role::Main)].into_iter().chain(presses).chain([plc, lighting]);
    let bench = Bench::of(meters.collect());
    // Two hours, a row every 20 s; the press counts backwards, the oven is sound.
    for hour in [7, 8] {
        let mut rows = Vec::new();
        for n in 0..180 {
            let at = format!("2026-05-04T{hour:02}:{:02}:{:02}Z", n / 3, n % 3 * 20);
            let on = |cycle: i32| if (hour * 180 + n) / cycle % 2 == 0 { 6000 } else { 500 };
            let (press, oven) = (on(17), on(29));
            let row = |meter: &str, watts: i32| json!({"meter": meter, "measured_at": at, "values": {"active_power": watts}});
            rows.extend([
                row("general", press + oven + 5000),
                row("presse", -press),
                row("four", oven),
                json!({"meter": "automate", "measured_at": at,
                    "values": {"production_pieces": 180 * hour + n}}),
            ]);
        }
        let (status, answer) =
            bench.post_to("/api/v1/samples", &Value::Array(rows).to_string()).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }
    let (_, answer) = bench.get("/api/v1/analysis/doctor").await;
    let meter = |place: usize| &answer["meters"][place];
    let finding = &meter(1)["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["confidence"]),
        (&json!("submeter_reversed"), &json!(0.9)),
        "{answer}"
    );
    assert_eq!(answer["findings"], json!(1), "{answer}");
    // What counts pieces has no ratio to be judged.
    let judged = meter(3)["not_judged"].as_array().expect("a list");
    assert!(judged.iter().all(|one| one["check"] != "current_ratio"), "{answer}");
}
