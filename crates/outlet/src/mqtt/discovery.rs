//! Home Assistant's MQTT discovery: one device per meter, one sensor per quantity, one binary
//! sensor per alarm condition.
//!
//! In: a meter and a row of the one catalogue. Out: retained configuration messages under
//! `homeassistant/`. Source: Home Assistant documentation, "MQTT", "MQTT sensor", "Sensor entity"
//! (device classes with their units and state classes).

use super::link::Message;
use super::topics::Topics;
use crate::{MeterInfo, Outlet};
use alarm::Condition;
use reading::{Kind, Quantity, Unit};
use serde::Serialize;

/// Where Home Assistant says that it has started.
pub(super) const BIRTH_TOPIC: &str = "homeassistant/status";
/// What it says then.
pub(super) const BIRTH: &[u8] = b"online";

#[derive(Serialize)]
struct Sensor<'a> {
    name: &'static str,
    unique_id: String,
    state_topic: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_of_measurement: Option<&'static str>,
    suggested_display_precision: u8,
    #[serde(flatten)]
    common: Common<'a>,
}

#[derive(Serialize)]
struct BinarySensor<'a> {
    name: String,
    unique_id: String,
    state_topic: String,
    value_template: String,
    device_class: &'static str,
    #[serde(flatten)]
    common: Common<'a>,
}

/// What every entity of a meter says.
#[derive(Serialize)]
struct Common<'a> {
    /// Unavailable when we are, or when the meter is silent.
    availability: [Availability; 2],
    availability_mode: &'static str,
    device: Device<'a>,
    origin: Origin,
}

#[derive(Serialize)]
struct Availability {
    topic: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_template: Option<&'static str>,
}

#[derive(Serialize)]
struct Device<'a> {
    identifiers: [String; 1],
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via_device: Option<String>,
}

#[derive(Serialize)]
struct Origin {
    name: &'static str,
    sw_version: &'static str,
}

/// The sensor of one quantity; `None` for one that is no number.
pub(super) fn sensor(
    (outlet, topics): (&Outlet, &Topics),
    meter: &MeterInfo,
    quantity: Quantity,
) -> Option<Message> {
    let description = quantity.description();
    if description.kind == Kind::Text {
        return None;
    }
    let unit = description.unit.map(Unit::symbol).filter(|symbol| !symbol.is_empty());
    let device = topics.device(&meter.id);
    let name = description.name;
    let sensor = Sensor {
        name: description.english,
        unique_id: format!("{device}_{name}"),
        state_topic: topics.of(&meter.id, quantity.mqtt_key()),
        device_class: device_class(quantity),
        state_class: match description.kind {
            Kind::Instantaneous | Kind::Demand => Some("measurement"),
            Kind::Counter => Some("total_increasing"),
            Kind::State | Kind::Text => None,
        },
        unit_of_measurement: unit,
        suggested_display_precision: description.decimals,
        common: common(outlet, topics, meter),
    };
    Some(config("sensor", (&device, name), &sensor))
}

/// The binary sensor of one alarm condition.
pub(super) fn problem(
    (outlet, topics): (&Outlet, &Topics),
    meter: &MeterInfo,
    condition: Condition,
) -> Message {
    let device = topics.device(&meter.id);
    let key = condition.name();
    let sensor = BinarySensor {
        name: label(key),
        unique_id: format!("{device}_alarm_{key}"),
        state_topic: topics.of(&meter.id, "alarms"),
        value_template: format!(
            "{{{{ 'ON' if '{key}' in value_json.alarms | map(attribute='key') | list else 'OFF' }}}}"
        ),
        device_class: "problem",
        common: common(outlet, topics, meter),
    };
    config("binary_sensor", (&device, &format!("alarm_{key}")), &sensor)
}

fn common<'a>(outlet: &Outlet, topics: &Topics, meter: &'a MeterInfo) -> Common<'a> {
    let silent = "{{ 'online' if value_json.state in ['live', 'fed'] else 'offline' }}";
    Common {
        availability: [
            Availability { topic: topics.status(), value_template: None },
            Availability { topic: topics.of(&meter.id, "link"), value_template: Some(silent) },
        ],
        availability_mode: "all",
        device: Device {
            identifiers: [topics.device(&meter.id)],
            name: meter.label.as_deref().unwrap_or(meter.id.as_str()),
            model: meter.model.as_deref(),
            serial_number: outlet.serial(&meter.id),
            via_device: meter.parent.as_ref().map(|parent| topics.device(parent)),
        },
        origin: Origin { name: "triphase", sw_version: outlet.version },
    }
}

/// The class that knows the quantity's unit; `None` where Home Assistant has none.
fn device_class(quantity: Quantity) -> Option<&'static str> {
    Some(match quantity.unit()? {
        Unit::Watt => "power",
        Unit::Var => "reactive_power",
        Unit::VoltAmpere => "apparent_power",
        Unit::WattHour | Unit::Joule => "energy",
        Unit::VarHour => "reactive_energy",
        Unit::Ampere => "current",
        Unit::Volt => "voltage",
        Unit::Hertz => "frequency",
        Unit::Celsius => "temperature",
        Unit::CubicMetre => "volume",
        Unit::CubicMetrePerHour => "volume_flow_rate",
        Unit::Second => "duration",
        Unit::Kilogram => "weight",
        Unit::One if quantity.name().starts_with("power_factor") => "power_factor",
        Unit::One | Unit::Percent | Unit::Degree | Unit::VoltAmpereHour => return None,
    })
}

/// `voltage_low` as people read it.
fn label(key: &str) -> String {
    let mut label = key.replace('_', " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}

fn config(component: &str, (device, object): (&str, &str), body: &impl Serialize) -> Message {
    Message {
        topic: format!("homeassistant/{component}/{device}/{object}/config"),
        payload: serde_json::to_string(body).expect("entities have text keys and finite depth"),
    }
}
