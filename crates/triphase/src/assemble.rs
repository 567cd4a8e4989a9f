//! From the configuration to the parts: the only place that knows every room, and no rule.

use crate::acquire::{
    Acquisition, Asker, Bus, Clock, Conversation, Fed, Feed, Listener, Member, Owed, Sinks,
    Station, TIMEOUT_DEFAULT, Tape,
};
use crate::assets;
use crate::config::{Config, DlmsConfig, MeterConfig, ModelConfig, MqttConfig, Role, SiteConfig};
use crate::journal::{Journal, Kept};
use analysis::journal::Ratios;
use anyhow::{Context, Result};
use meter::modbus::{self, ReaderOptions, Source};
use meter::{Correction, DriverOptions, Reader};
use outlet::feed::Collector;
use outlet::http::access::{Access, AccessOptions};
use outlet::mqtt::{Subscriber, Topics};
use outlet::{Counters, Frames, MeterInfo, Outlet, Site};
use reading::Memory;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// Everything that runs.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) router: outlet::http::Router,
    pub(crate) acquisitions: Vec<Acquisition>,
    pub(crate) publisher: Option<outlet::mqtt::Publisher>,
    pub(crate) journal: Journal,
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
    let wired = meters.iter().filter(|meter| meter.port.is_some() || meter.feed.is_some());
    let wired = wired.map(|meter| meter.id.clone());
    let frames = Arc::new(Frames::new(wired, crate::inspect::explain));
    let sinks = Sinks {
        store: store.clone(),
        counters: Arc::clone(&counters),
        frames: Arc::clone(&frames),
        clock: Arc::clone(&clock),
    };
    let mut acquisitions = acquisitions(&meters, &site, &sinks)?;
    acquisitions.extend(feeds(&meters, (&site, mqtt.as_ref()), &sinks)?);
    let journal = journal(&meters, &site, &sinks);
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
        unrest: outlet::Unrest::default(),
        assets: assets::assets(),
    };
    let router = outlet::http::router(outlet);
    let publisher = mqtt.map(|mqtt| publisher(&mqtt, &router)).transpose().context("[mqtt]")?;
    Ok(Parts { store, router, acquisitions, publisher, journal })
}

/// One acquisition for each meter that pushes, and one for each bus.
fn acquisitions(
    meters: &[MeterConfig],
    site: &SiteConfig,
    sinks: &Sinks,
) -> Result<Vec<Acquisition>> {
    let mut acquisitions = Vec::new();
    let mut buses: BTreeMap<String, Bus> = BTreeMap::new();
    for meter in meters {
        if meter.feed.is_some() {
            continue;
        }
        let (Some(port), Some(model)) = (&meter.port, &meter.model) else {
            let since = (sinks.clock)();
            let state = reading::LinkState::Fed;
            sinks
                .store
                .set_link(&meter.id, reading::Link { state, since, cause: None, reason: None });
            continue;
        };
        let station = Station::new(meter.id.clone(), meter.period, sinks.clone());
        let conversation = match model {
            ModelConfig::Registers(source) => {
                Conversation::Modbus(Box::new(asker(meter, port, source)))
            }
            ModelConfig::Known(model) => {
                match model.reader(options(meter, site, memory(meter, sinks)?)?) {
                    Reader::Asks(dialogue) => Conversation::Dialogue(dialogue),
                    Reader::Listens(driver) => {
                        let station =
                            if port.is_replay() { station.of_recording() } else { station };
                        let (port, tape) = (port.clone(), Tape::default());
                        let listener = Listener { station, port, driver, tape };
                        acquisitions.push(Acquisition::Listener(Box::new(listener)));
                        continue;
                    }
                }
            }
        };
        let period = meter.period.unwrap_or(PERIOD_DEFAULT);
        let member = Member { station, conversation, period, line: port.line() };
        let bus = port.bus().unwrap_or_else(|| meter.id.to_string());
        let bus = buses.entry(bus).or_insert_with(|| Bus::new(port.clone()));
        bus.members.push(member);
    }
    acquisitions.extend(buses.into_values().map(Acquisition::Bus));
    Ok(acquisitions)
}

/// One acquisition for each broker that feeds meters.
fn feeds(
    meters: &[MeterConfig],
    (site, default): (&SiteConfig, Option<&MqttConfig>),
    sinks: &Sinks,
) -> Result<Vec<Acquisition>> {
    let mut feeds: Vec<Feed> = Vec::new();
    for meter in meters {
        let Some(feed) = &meter.feed else { continue };
        let context = || format!("meter \"{}\", mqtt", meter.id);
        let config = feed.broker.as_ref().or(default).with_context(context)?;
        let options = config.options().with_context(context)?;
        let known = feeds.iter().position(|known| *known.subscriber.broker() == options.broker);
        let place = match known {
            Some(place) => place,
            None => {
                let topics =
                    default.map_or_else(|| Topics::of_site(&site.name), |it| it.topics().clone());
                let subscriber = Subscriber::new(options.broker, &topics).with_context(context)?;
                let store = sinks.store.clone();
                let (members, filters) = (Vec::new(), Vec::new());
                feeds.push(Feed { subscriber, members, filters, store });
                feeds.len() - 1
            }
        };
        let filters: Vec<String> =
            feed.source.filters().into_iter().map(ToString::to_string).collect();
        let station = Station::new(meter.id.clone(), meter.period, sinks.clone());
        let station = station.of_topics(shown(&filters));
        let source = Arc::new(feed.source.clone());
        let collector = Collector::new(meter.id.clone(), source, site.zone.clone());
        feeds[place].members.push(Fed { station, collector });
        for filter in filters {
            if !feeds[place].filters.contains(&filter) {
                feeds[place].filters.push(filter);
            }
        }
    }
    Ok(feeds.into_iter().map(Box::new).map(Acquisition::Feed).collect())
}

/// Topics in a sentence.
fn shown(filters: &[String]) -> String {
    match filters {
        [one] => one.clone(),
        [first, .., last] => format!("{first} … {last} ({} topics)", filters.len()),
        [] => String::new(),
    }
}

/// How often a meter is asked unless its configuration says otherwise.
const PERIOD_DEFAULT: Duration = Duration::from_secs(10);

/// What asks a Modbus meter.
pub(crate) fn asker(meter: &MeterConfig, port: &wire::Port, source: &Source) -> Asker {
    let options = ReaderOptions {
        meter: meter.id.clone(),
        correction: Correction {
            ct_ratio: meter.ct_ratio,
            vt_ratio: meter.vt_ratio,
            invert: meter.invert,
        },
    };
    Asker {
        reader: modbus::Reader::new(source.clone(), options),
        unit: port.unit().unwrap_or_default(),
        timeout: meter.timeout.unwrap_or(TIMEOUT_DEFAULT),
        owed: Owed::default(),
    }
}

/// What a meter's driver must remember from earlier runs.
fn memory(meter: &MeterConfig, sinks: &Sinks) -> Result<Vec<Memory>> {
    if meter.port.as_ref().is_some_and(wire::Port::is_replay) {
        // A replay keeps its own replay protection: it must neither be refused for what the live
        // meter already sent, nor advance the live meter's counters.
        return Ok(Vec::new());
    }
    sinks.store.recall("").context("reading what the drivers must remember")
}

/// What a meter's driver needs to know.
///
/// # Errors
/// A key cannot be read.
pub(crate) fn options(
    meter: &MeterConfig,
    site: &SiteConfig,
    memory: Vec<Memory>,
) -> Result<DriverOptions> {
    let key = |secret: &Option<crate::config::Secret>| {
        secret.as_ref().map(crate::config::Secret::key).transpose()
    };
    let context = || format!("meter \"{}\"", meter.id);
    Ok(DriverOptions {
        meter: meter.id.clone(),
        guek: key(&meter.guek).with_context(context)?,
        gak: key(&meter.gak).with_context(context)?,
        zone: Some(site.zone.clone()),
        ct_ratio: meter.ct_ratio,
        vt_ratio: meter.vt_ratio,
        dlms: meter.dlms.as_ref().map(DlmsConfig::options).transpose().with_context(context)?,
        invert: meter.invert,
        memory,
        optical: meter.optical.clone(),
        mbus: meter::mbus::MbusOptions {
            address: meter.port.as_ref().and_then(wire::Port::mbus_address),
            line: meter.port.as_ref().and_then(wire::Port::line),
            switch_baud: meter.switch_baud,
        },
        inspect: true,
    })
}

/// The journal of every meter.
fn journal(meters: &[MeterConfig], site: &SiteConfig, sinks: &Sinks) -> Journal {
    let kept = meters.iter().map(|meter| Kept {
        meter: meter.id.clone(),
        supply_w: site_facts(site).supply_w(),
        ratios: Ratios { ct: meter.ct_ratio.to_string(), vt: meter.vt_ratio.to_string() },
    });
    Journal {
        store: sinks.store.clone(),
        kept: kept.collect(),
        counters: Arc::clone(&sinks.counters),
        clock: Arc::clone(&sinks.clock),
    }
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
    let preset = meter.feed.as_ref().and_then(|feed| feed.preset);
    MeterInfo {
        id: meter.id.clone(),
        role: match meter.role {
            Role::Main => outlet::Role::Main,
            Role::Machine => outlet::Role::Machine,
        },
        parent: meter.parent.clone(),
        label: Some(meter.label.clone()),
        model: meter.model.as_ref().map(ModelConfig::name).or(preset).map(str::to_owned),
        port: meter.port.as_ref().map(ToString::to_string),
        way: way(meter),
        counter_of: meter.counter_of.clone(),
        voltage_kind: if meter.line_to_line {
            outlet::VoltageKind::LineToLine
        } else {
            outlet::VoltageKind::Phase
        },
        period: meter.period,
        plate: meter.plate,
    }
}

/// The way on which a meter's measurements come.
fn way(meter: &MeterConfig) -> outlet::Way {
    match &meter.model {
        _ if meter.feed.is_some() => outlet::Way::Mqtt,
        _ if meter.port.is_none() => outlet::Way::Http,
        Some(ModelConfig::Registers(_)) => outlet::Way::Modbus,
        Some(ModelConfig::Known(model)) => match model.protocol {
            meter::Protocol::Push { .. } => outlet::Way::DlmsPush,
            meter::Protocol::Text { .. } => outlet::Way::Readout,
            meter::Protocol::Optical => outlet::Way::Optical,
            meter::Protocol::Mbus => outlet::Way::Mbus,
            meter::Protocol::Cosem => outlet::Way::Cosem,
        },
        None => outlet::Way::DlmsPush,
    }
}
