//! What reactive energy and demand cost.

use super::{ENERGY, MONEY, POWER};
use crate::calc::feature::{
    Fault, Feature, Outcome, Range, SOME,
    Shape::{Number, Numbers, Word},
    input, output,
};
use crate::calc::given::Given;
use analysis::billing::{self, exceedance, spain, turpe, wallonia};
use serde_json::json;

const RATE: Range = Range::from(0.0, 1e6);
const EXAMPLE_PRICES: &str =
    "prices and coefficients are data of your contract: nothing is built in";

pub(super) const FEATURES: &[Feature] = &[
    Feature {
        name: "reactive_excess",
        title: "reactive energy beyond the free share, and its cost",
        formula: "excess = max(0, Q − k·P); cost = price · excess",
        source: "structure of TURPE (k = 0.4), of German price sheets (k = 0.5 or 0.4843) and of Swiss operators",
        assumptions: &["energies of one billing window and month", EXAMPLE_PRICES],
        inputs: &[
            input("scheme", "", Word(&[]), "name of the rule, repeated in the result").optional(),
            input("kwh", "kWh", Number(ENERGY), "active energy of the window"),
            input("kvarh", "kvarh", Number(ENERGY), "reactive energy of the window"),
            input("k", "", Number(Range::from(0.0, 10.0)), "free share, kvarh per kWh"),
            input("price_per_kvarh", "per kvarh", Number(MONEY), "price of the excess").optional(),
        ],
        outputs: &[
            output("tan_phi", "", "mean tan φ of the window"),
            output("excess_kvarh", "kvarh", "energy beyond the free share"),
            output("cost", "", "in the price's currency"),
        ],
        example: "kwh=20000 kvarh=11000 k=0.4 price_per_kvarh=0.02",
        compute: reactive_excess,
    },
    Feature {
        name: "reactive_es",
        title: "reactive energy in Spain, 3.0TD and 6.xTD",
        formula: "excess = max(0, Q − 0.33·P); 0.041554 €/kvarh for 0.80 ≤ cos φ < 0.95, 0.062332 below 0.80",
        source: "Orden ITC/688/2011; Circular CNMC 3/2020; prices as in force 2025",
        assumptions: &["energies of one period and month", "P6 bills no inductive energy"],
        inputs: &[
            input("period", "", Word(&["P1", "P2", "P3", "P4", "P5", "P6"]), "tariff period"),
            input("kwh", "kWh", Number(ENERGY), "active energy of the period"),
            input("kvarh", "kvarh", Number(ENERGY), "inductive energy of the period"),
        ],
        outputs: &[
            output("cos_phi", "", "mean cos φ of the period"),
            output("excess_kvarh", "kvarh", "energy beyond 33 %"),
            output("price", "€/kvarh", "price of that excess"),
            output("cost", "€", "cost of the period"),
        ],
        example: "period=P1 kwh=3000 kvarh=1500",
        compute: reactive_es,
    },
    Feature {
        name: "cmdps_bt_sup36",
        title: "exceedance of the subscribed power in France, low voltage above 36 kVA",
        formula: "CMDPS = rate · hours of exceedance",
        source: "TURPE 7 (CRE deliberation 2025-78): 12.41 €/h from 2025-08-01",
        assumptions: &[EXAMPLE_PRICES],
        inputs: &[
            input(
                "hours_over",
                "h",
                Number(Range::from(0.0, 8784.0)),
                "hours above the subscribed power",
            ),
            input("eur_per_h", "€/h", Number(RATE), "rate of the tariff"),
        ],
        outputs: &[output("eur", "€", "component of the month")],
        example: "hours_over=7 eur_per_h=12.41",
        compute: cmdps_low,
    },
    Feature {
        name: "cmdps_hta",
        title: "exceedance of the subscribed power in France, medium voltage",
        formula: "CMDPS = coefficient · b · √(ΣΔP²) per class",
        source: "TURPE 7 (CRE deliberation 2025-78)",
        assumptions: &[
            "10-minute points of one month and class; a point below counts 0",
            EXAMPLE_PRICES,
        ],
        inputs: &[
            input("b_eur_kw", "€/kW", Number(RATE), "coefficient b of the class"),
            input("coef", "", Number(Range::from(0.0, 10.0)), "coefficient of exceedance")
                .or("0.04"),
            input(
                "delta_p_kw_10min",
                "kW",
                Numbers(SOME, super::SIGNED_POWER),
                "10-minute powers above the subscribed one",
            ),
        ],
        outputs: &[output("eur", "€", "component of the class and month")],
        example: "b_eur_kw=14.41 coef=0.04 delta_p_kw_10min=10,20,5",
        compute: cmdps_medium,
    },
    Feature {
        name: "turpe_fixed_bt_sup36",
        title: "power part of the French grid tariff, low voltage above 36 kVA",
        formula: "CS = b1·P1 + Σ bi·(Pi − Pi−1), P1 ≤ P2 ≤ P3 ≤ P4",
        source: "TURPE 7 (CRE deliberation 2025-78)",
        assumptions: &["powers and coefficients in the order HPH, HCH, HPB, HCB", EXAMPLE_PRICES],
        inputs: &[
            input("p_kva", "kVA", Numbers((4, 4), POWER), "subscribed powers"),
            input("b", "€/kVA/a", Numbers((4, 4), RATE), "coefficients b"),
            input("order", "", Word(&["HPH,HCH,HPB,HCB"]), "order of the classes")
                .or("HPH,HCH,HPB,HCB"),
        ],
        outputs: &[output("eur_per_year", "€/a", "power part of a year")],
        example: "p_kva=60,60,80,80 b=17.61,15.96,14.56,11.98",
        compute: turpe_fixed,
    },
    Feature {
        name: "be_wallonia_peak_11th",
        title: "capacity charge of Walloon AMR customers",
        formula: "11th highest quarter-hour of the month · price + 12-month maximum · price",
        source: "ORES tariffs 2025 (T-BT)",
        assumptions: &["quarter-hour means of one month, any order", EXAMPLE_PRICES],
        inputs: &[
            input(
                "quarter_hour_peaks_kw_sorted",
                "kW",
                Numbers((wallonia::RANK, 3000), POWER),
                "quarter-hour means of the month",
            ),
            input("peak_12m_kw", "kW", Number(POWER), "largest quarter-hour of 12 months"),
            input("monthly_eur_kw", "€/kW", Number(RATE), "price of the month's peak"),
            input("historic_eur_kw", "€/kW", Number(RATE), "price of the 12-month peak"),
        ],
        outputs: &[
            output("monthly_peak_kw", "kW", "the 11th highest quarter-hour"),
            output("eur", "€", "charge of the month"),
        ],
        example: "quarter_hour_peaks_kw_sorted=51,50.5,49,48.8,48,47.2,47,46.1,45.9,45,44.2 peak_12m_kw=58 monthly_eur_kw=4.0201898 historic_eur_kw=2.0100949",
        compute: walloon_peak,
    },
];

fn reactive_excess(given: &Given) -> Result<Outcome, Fault> {
    let [kwh, kvarh, k] = ["kwh", "kvarh", "k"].map(|key| given.number(key));
    let excess = billing::reactive_excess(kwh, kvarh, k, given.optional("price_per_kvarh"));
    let values = json!({
        "tan_phi": excess.tan_phi,
        "excess_kvarh": excess.excess_kvarh,
        "cost": excess.cost,
        "scheme": given.get("scheme"),
    });
    Ok(Outcome::of(values)
        .note_if(excess.tan_phi.is_none(), "no active energy: no tan φ")
        .note_if(excess.cost.is_none(), "no price given: no cost"))
}

fn reactive_es(given: &Given) -> Result<Outcome, Fault> {
    let free = given.word("period") == "P6";
    let period = if free { spain::Period::Free } else { spain::Period::Billed };
    let bill = spain::reactive(period, given.number("kwh"), given.number("kvarh"));
    let values = json!({
        "cos_phi": bill.cos_phi,
        "excess_kvarh": bill.excess_kvarh,
        "price": bill.price,
        "cost": bill.cost,
    });
    Ok(Outcome::of(values)
        .note_if(bill.cos_phi.is_none(), "no energy: no cos φ")
        .note_if(free, "P6 bills capacitive energy only (from 1 kV, cos φ below 0.98)"))
}

fn cmdps_low(given: &Given) -> Result<Outcome, Fault> {
    let eur = exceedance::low_voltage(given.number("hours_over"), given.number("eur_per_h"));
    Ok(Outcome::of(json!({"eur": eur})))
}

fn cmdps_medium(given: &Given) -> Result<Outcome, Fault> {
    let over = given.numbers("delta_p_kw_10min");
    let eur = exceedance::medium_voltage(given.number("b_eur_kw"), given.number("coef"), &over);
    Ok(Outcome::of(json!({"eur": eur})))
}

fn turpe_fixed(given: &Given) -> Result<Outcome, Fault> {
    let part = turpe::power_part(&given.numbers("p_kva"), &given.numbers("b"));
    let eur = part.ok_or_else(|| {
        Fault::of("p_kva", "expected powers that do not fall: HPH ≤ HCH ≤ HPB ≤ HCB")
    })?;
    Ok(Outcome::of(json!({"eur_per_year": eur})))
}

fn walloon_peak(given: &Given) -> Result<Outcome, Fault> {
    let prices = wallonia::CapacityPrices {
        monthly: given.number("monthly_eur_kw"),
        historic: given.number("historic_eur_kw"),
    };
    let peaks = given.numbers("quarter_hour_peaks_kw_sorted");
    let charge = wallonia::capacity_charge(&peaks, given.number("peak_12m_kw"), prices);
    let values = json!({
        "monthly_peak_kw": charge.map(|charge| charge.monthly_peak_kw),
        "eur": charge.map(|charge| charge.cost),
    });
    Ok(Outcome::of(values))
}
