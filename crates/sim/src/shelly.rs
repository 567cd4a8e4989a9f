//! A Shelly Pro 3EM at a machine's feeder, and the machine's controller, as MQTT messages.
//!
//! In: what the feeder shows. Out: topics and payloads as the device publishes them (Shelly Gen2+
//! API, components EM and EMData), and a PLC's counter of pieces beside it. No I/O here.

use crate::machine::Power;
use crate::sub_meter::Feeder;
use std::fmt::Write;

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellyMessage {
    /// Its topic.
    pub topic: String,
    /// Its JSON.
    pub payload: String,
}

/// The topic on which the device says whether it is there.
#[must_use]
pub fn online_topic(topic: &str) -> String {
    format!("{topic}/online")
}

/// The topic of the PLC's counter.
#[must_use]
pub fn pieces_topic(topic: &str) -> String {
    format!("{topic}/plc/pieces")
}

/// What the device publishes of an instant: powers, energies, and the PLC's count of pieces.
#[must_use]
pub fn messages(topic: &str, feeder: &Feeder) -> Vec<ShellyMessage> {
    let message = |name: &str, payload| ShellyMessage { topic: format!("{topic}/{name}"), payload };
    vec![
        message("status/em:0", em(feeder)),
        message("status/emdata:0", emdata(feeder)),
        ShellyMessage {
            topic: pieces_topic(topic),
            payload: format!("{{\"pieces\":{}}}", feeder.pieces),
        },
    ]
}

/// Component EM: what flows now.
fn em(feeder: &Feeder) -> String {
    let mut json = String::from("{\"id\":0");
    let (mut current, mut active, mut apparent) = (0.0, 0.0, 0.0);
    for (name, (voltage_v, power)) in
        ["a", "b", "c"].into_iter().zip(feeder.voltages_v.into_iter().zip(feeder.phases))
    {
        let Power { active_w, reactive_var } = power;
        let volt_amperes = active_w.hypot(reactive_var);
        let amperes = volt_amperes / voltage_v;
        let factor = if volt_amperes > 0.0 { active_w / volt_amperes } else { 0.0 };
        let _ = write!(
            json,
            ",\"{name}_current\":{amperes:.3},\"{name}_voltage\":{voltage_v:.1},\
             \"{name}_act_power\":{active_w:.1},\"{name}_aprt_power\":{volt_amperes:.1},\
             \"{name}_pf\":{factor:.2},\"{name}_freq\":50.0"
        );
        current += amperes;
        active += active_w;
        apparent += volt_amperes;
    }
    let _ = write!(
        json,
        ",\"n_current\":null,\"total_current\":{current:.3},\"total_act_power\":{active:.3},\
         \"total_aprt_power\":{apparent:.3},\"user_calibrated_phase\":[]}}"
    );
    json
}

/// Component EMData: what has flown.
fn emdata(feeder: &Feeder) -> String {
    let mut json = String::from("{\"id\":0");
    for (name, energy_wh) in ["a", "b", "c"].into_iter().zip(feeder.import_wh) {
        let _ = write!(
            json,
            ",\"{name}_total_act_energy\":{energy_wh:.2},\"{name}_total_act_ret_energy\":0.00"
        );
    }
    let total: f64 = feeder.import_wh.iter().sum();
    let _ = write!(json, ",\"total_act\":{total:.2},\"total_act_ret\":0.00}}");
    json
}
