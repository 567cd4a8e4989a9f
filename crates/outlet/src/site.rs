//! What the outlets are told about the site: names, roles and limits out of the configuration.
//!
//! In: the checked configuration, copied by `triphase`. Out: nothing but these facts.

use crate::http::Asset;
use crate::http::access::Access;
use crate::{Counters, Decode, Frames, Unrest};
use alarm::Thresholds;
use analysis::VoltageKind;
use analysis::loads::MachineSettings;
use jiff::tz::TimeZone;
use reading::{MeterId, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// Tells the time of now; the program's only clock, handed in.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The place that is measured.
#[derive(Debug, Clone)]
pub struct Site {
    /// The name people give it.
    pub name: String,
    /// The zone of local times.
    pub zone: TimeZone,
    /// Nominal voltage between phase and neutral. **Unit** V.
    pub nominal_voltage_v: f64,
    /// Subscribed power. **Unit** kW.
    pub subscribed_power_kw: Option<f64>,
    /// The billing interval of demand. **Unit** minutes.
    pub demand_interval_min: u32,
}

impl Site {
    /// What the supply gives at most, as far as it is known. **Unit** W.
    #[must_use]
    pub fn supply_w(&self) -> Option<f64> {
        self.subscribed_power_kw.map(|kilowatts| kilowatts * 1000.0)
    }
}

/// What a meter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The site's supply: the default of every route.
    Main,
    /// One machine or group of loads behind it.
    Machine,
}

impl Role {
    /// The word of the configuration and of `/api/v1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Machine => "machine",
        }
    }
}

/// The way on which a meter's measurements come: what a silence can mean depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Somebody posts them.
    Http,
    /// The device publishes them to a broker.
    Mqtt,
    /// The meter pushes DLMS unasked.
    DlmsPush,
    /// The meter sends readable read-outs unasked: P1, or mode D of the optical port.
    Readout,
    /// The meter answers behind an optical head.
    Optical,
    /// The meter is a slave on an M-Bus.
    Mbus,
    /// The meter answers a client of DLMS/COSEM.
    Cosem,
    /// The meter answers to Modbus.
    Modbus,
}

impl Way {
    /// The word of `/api/v1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Mqtt => "mqtt",
            Self::DlmsPush => "dlms_push",
            Self::Readout => "readout",
            Self::Optical => "optical",
            Self::Mbus => "mbus",
            Self::Cosem => "cosem",
            Self::Modbus => "modbus",
        }
    }
}

/// One configured meter.
#[derive(Debug, Clone)]
pub struct MeterInfo {
    /// The configured id.
    pub id: MeterId,
    /// What it stands for.
    pub role: Role,
    /// The meter upstream of it.
    pub parent: Option<MeterId>,
    /// The name people give it.
    pub label: Option<String>,
    /// The configured model; `None` for a meter that is fed over HTTP.
    pub model: Option<String>,
    /// The configured port, as text; `None` for a meter that is fed over HTTP.
    pub port: Option<String>,
    /// The way on which its measurements come.
    pub way: Way,
    /// The meter that measures the energy of what this one counts: a PLC's pieces, cycles, tonnes.
    pub counter_of: Option<MeterId>,
    /// What it calls its voltages.
    pub voltage_kind: VoltageKind,
    /// The configured period of its telegrams; otherwise the store's observation counts.
    pub period: Option<Duration>,
    /// What stands on the plates of the meter and of the machine behind it.
    pub plate: Plate,
}

/// What the configuration says that no telegram tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plate {
    /// The machine's powers.
    pub machine: MachineSettings,
    /// What the machine draws where nothing measures it. **Unit** kW.
    pub constant_kw: Option<f64>,
    /// Accuracy of the meter with its transformers. **Unit** percent.
    pub accuracy_pct: f64,
    /// Ratio of its current transformers, where the meter reports secondary values.
    pub ct_ratio: f64,
}

impl Default for Plate {
    fn default() -> Self {
        let machine = MachineSettings::default();
        Self { machine, constant_kw: None, accuracy_pct: 1.0, ct_ratio: 1.0 }
    }
}

/// Everything the outlets work with.
pub struct Outlet {
    /// Where measurements are and go.
    pub store: Store,
    /// The place that is measured.
    pub site: Site,
    /// The configured meters; without a main one, the first is the default of every route.
    pub meters: Vec<MeterInfo>,
    /// The time of now.
    pub clock: Clock,
    /// The program's version.
    pub version: &'static str,
    /// Whether the measurements are simulated.
    pub demo: bool,
    /// The limits of the alarms.
    pub alarms: Thresholds,
    /// What the program counts.
    pub counters: Arc<Counters>,
    /// The last telegrams as bytes.
    pub frames: Arc<Frames>,
    /// What the `decode` command does.
    pub decode: Decode,
    /// Who may ask, and how.
    pub access: Access,
    /// How restless the loads are; nothing is known of it at a start.
    pub unrest: Unrest,
    /// The page's files.
    pub assets: Vec<Asset>,
}
