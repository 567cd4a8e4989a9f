//! What the outlets are told about the site: names, roles and limits out of the configuration.
//!
//! In: the checked configuration, copied by `triphase`. Out: nothing but these facts.

use jiff::tz::TimeZone;
use reading::{MeterId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

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

/// What a meter calls its voltages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VoltageKind {
    /// Between a phase and the neutral.
    #[default]
    Phase,
    /// Between two phases.
    LineToLine,
}

impl VoltageKind {
    /// The word of the configuration and of `/api/v1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::LineToLine => "line_to_line",
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
    /// What it calls its voltages.
    pub voltage_kind: VoltageKind,
    /// The configured period of its telegrams; otherwise the store's observation counts.
    pub period: Option<Duration>,
}
