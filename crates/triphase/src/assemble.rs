//! From the configuration to the parts: the only place that knows every room, and no rule.

use crate::acquire::{Acquisition, Clock, Tape};
use crate::assets;
use crate::config::{Config, MeterConfig, MqttConfig, Role, SiteConfig};
use anyhow::{Context, Result};
use meter::DriverOptions;
use outlet::http::access::{Access, AccessOptions};
use outlet::{Counters, Frames, MeterInfo, Outlet, Site};
use std::sync::Arc;
use store::Store;

/// Everything that runs.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) router: outlet::http::Router,
    pub(crate) acquisitions: Vec<Acquisition>,
    pub(crate) publisher: Option<outlet::mqtt::Publisher>,
}

/// Whether what is measured is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Real meters.
    Service,
    /// A simulated workshop; every surface says so.
    Demo,
}

/// Makes the drivers and the router around an open store.
///
/// # Errors
/// A key or a certificate cannot be read, the store not be asked what drivers must remember, the tokens
/// not be used, or there is no token where there must be one.
pub(crate) fn assemble(config: Config, store: Store, clock: Clock, kind: Kind) -> Result<Parts> {
    let Config { site, meters, http, mqtt, store: folder, retention: _, alarms } = config;
    let counters = Arc::new(Counters::new(meters.iter().map(|meter| meter.id.clone())));
    let wired = meters.iter().filter(|meter| meter.port.is_some());
    let frames = Arc::new(Frames::new(wired.map(|meter| meter.id.clone())));
    let mut acquisitions = Vec::new();
    for meter in &meters {
        let parts = (&site, &store, (&counters, &frames), &clock);
        acquisitions.extend(acquisition(meter, parts)?);
    }
    let access = Access::open(AccessOptions {
        folder,
        listen: http.listen,
        names: http.names,
        tls: http.tls,
        // The demo's workshop may live faster; who signs in does not.
        clock: Arc::new(crate::clock::now),
    })?;
    let outlet = Outlet {
        store: store.clone(),
        site: site_facts(&site),
        meters: meters.iter().map(meter_facts).collect(),
        clock,
        version: env!("CARGO_PKG_VERSION"),
        demo: kind == Kind::Demo,
        alarms,
        counters,
        frames,
        decode: Arc::new(crate::decode::explain),
        access,
        assets: assets::assets(),
    };
    let router = outlet::http::router(outlet);
    let publisher = mqtt.map(|mqtt| publisher(&mqtt, &router)).transpose().context("[mqtt]")?;
    Ok(Parts { store, router, acquisitions, publisher })
}

/// What the routes tell of the wires.
type Kept<'a> = (&'a Arc<Counters>, &'a Arc<Frames>);

fn acquisition(
    meter: &MeterConfig,
    (site, store, (counters, frames), clock): (&SiteConfig, &Store, Kept<'_>, &Clock),
) -> Result<Option<Acquisition>> {
    let (Some(port), Some(model)) = (&meter.port, meter.model) else {
        let link = reading::Link {
            state: reading::LinkState::Fed,
            since: clock(),
            cause: None,
            reason: None,
        };
        store.set_link(&meter.id, link);
        return Ok(None);
    };
    let key = |secret: &Option<crate::config::Secret>| {
        secret.as_ref().map(crate::config::Secret::key).transpose()
    };
    let context = || format!("meter \"{}\"", meter.id);
    let memory = if port.is_replay() {
        // A replay keeps its own replay protection: it must neither be refused for what the live
        // meter already sent, nor advance the live meter's counters.
        Vec::new()
    } else {
        store.recall("").context("reading what the drivers must remember")?
    };
    let driver = model.driver(DriverOptions {
        meter: meter.id.clone(),
        guek: key(&meter.guek).with_context(context)?,
        gak: key(&meter.gak).with_context(context)?,
        zone: Some(site.zone.clone()),
        ct_ratio: meter.ct_ratio,
        vt_ratio: meter.vt_ratio,
        memory,
        inspect: true,
    });
    Ok(Some(Acquisition {
        meter: meter.id.clone(),
        port: port.clone(),
        driver,
        period: meter.period,
        store: store.clone(),
        counters: Arc::clone(counters),
        frames: Arc::clone(frames),
        tape: Tape::default(),
        clock: Arc::clone(clock),
    }))
}

fn publisher(
    config: &MqttConfig,
    router: &outlet::http::Router,
) -> Result<outlet::mqtt::Publisher> {
    Ok(outlet::mqtt::Publisher::new(router.outlet(), config.options()?)?)
}

fn site_facts(site: &SiteConfig) -> Site {
    Site {
        name: site.name.clone(),
        zone: site.zone.clone(),
        nominal_voltage_v: site.nominal_voltage_v,
        subscribed_power_kw: site.subscribed_power_kw,
        demand_interval_min: site.demand_interval_min,
    }
}

pub(crate) fn meter_facts(meter: &MeterConfig) -> MeterInfo {
    MeterInfo {
        id: meter.id.clone(),
        role: match meter.role {
            Role::Main => outlet::Role::Main,
            Role::Machine => outlet::Role::Machine,
        },
        parent: meter.parent.clone(),
        label: Some(meter.label.clone()),
        model: meter.model.map(|model| model.name.to_owned()),
        port: meter.port.as_ref().map(ToString::to_string),
        voltage_kind: if meter.line_to_line {
            outlet::VoltageKind::LineToLine
        } else {
            outlet::VoltageKind::Phase
        },
        period: meter.period,
        plate: meter.plate,
    }
}
