//! Models that are register maps: those in the binary, and those that a site brings in files.

use super::raw;
use super::report::{Complaint, Elsewhere};
use meter::Protocol;
use meter::modbus::{self, METERS_MAX, Map, SUNSPEC, Source};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;

/// Largest map file that is read.
const MAP_BYTES_MAX: u64 = 1 << 20;
/// What a map file's name ends with.
const ENDING: &str = ".toml";

/// What a configured model is.
#[derive(Debug, Clone)]
pub(crate) enum ModelConfig {
    /// A model of the house.
    Known(&'static meter::Model),
    /// A meter that is read through Modbus registers.
    Registers(Source),
}

impl ModelConfig {
    /// The model of the house, when it is one.
    pub(crate) const fn known(&self) -> Option<&'static meter::Model> {
        match self {
            Self::Known(model) => Some(model),
            Self::Registers(_) => None,
        }
    }

    /// Its name in the configuration.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Known(model) => model.name,
            Self::Registers(source) => source.name(),
        }
    }
}

/// Finds models by name. The site's own maps come before those in the binary, so that a mistake in
/// one of these can be corrected at once.
pub(super) struct Maps<'a> {
    /// The folder of the configuration.
    pub(super) folder: &'a Path,
    places: Vec<PathBuf>,
    read: BTreeMap<PathBuf, Option<Arc<Map>>>,
}

impl<'a> Maps<'a> {
    pub(super) fn new(folder: &'a Path, raw: Option<&raw::Modbus>) -> Self {
        let places = raw.map(|modbus| modbus.maps.as_slice()).unwrap_or_default();
        let places = places.iter().map(|place| folder.join(place)).collect();
        Self { folder, places, read: BTreeMap::new() }
    }

    /// The model with this name.
    pub(super) fn model(
        &mut self,
        name: &Spanned<String>,
        wrong: &mut Vec<Complaint>,
    ) -> Option<ModelConfig> {
        let registers = |map| ModelConfig::Registers(Source::Map(map));
        let text = name.get_ref().as_str();
        if text.ends_with(ENDING) {
            let file = self.folder.join(text);
            return self.read(&file, name, wrong).map(registers);
        }
        if let Some(file) = self.file_of(text) {
            return self.read(&file, name, wrong).map(registers);
        }
        let known = meter::model(text).map(ModelConfig::Known);
        let known = known.or_else(|| modbus::map(text).map(|map| registers(Arc::clone(map))));
        let known = known.or_else(|| {
            (text == SUNSPEC).then_some(ModelConfig::Registers(Source::SunSpec { meter: 1 }))
        });
        if known.is_none() {
            wrong.push(Complaint::at(name.span(), unknown(text)));
        }
        known
    }

    /// The file of the site's own map with this name.
    fn file_of(&self, name: &str) -> Option<PathBuf> {
        let file_name = format!("{name}{ENDING}");
        self.places.iter().find_map(|place| {
            if place.file_name().is_some_and(|found| *found == *file_name) {
                return Some(place.clone());
            }
            let inside = place.join(&file_name);
            inside.is_file().then_some(inside)
        })
    }

    /// Reads a map file once, whoever asks for it how often.
    fn read(
        &mut self,
        file: &Path,
        name: &Spanned<String>,
        wrong: &mut Vec<Complaint>,
    ) -> Option<Arc<Map>> {
        if let Some(known) = self.read.get(file) {
            return known.clone();
        }
        let map = match text_of(file) {
            Ok(text) => parsed(file, &text, wrong),
            Err(reason) => {
                let message = format!("the map {} {reason}", file.display());
                wrong.push(Complaint::at(name.span(), message));
                None
            }
        };
        self.read.insert(file.to_owned(), map.clone());
        map
    }
}

fn text_of(file: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        std::io::ErrorKind::InvalidData => "is not UTF-8 text".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > MAP_BYTES_MAX {
        return Err(format!("has {size} bytes, a map has at most {MAP_BYTES_MAX}"));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

fn parsed(file: &Path, text: &str, wrong: &mut Vec<Complaint>) -> Option<Arc<Map>> {
    let name = file.file_stem()?.to_string_lossy();
    match modbus::parse(&name, text) {
        Ok(map) => Some(Arc::new(map)),
        Err(faults) => {
            let elsewhere = Arc::new(Elsewhere { file: file.to_owned(), text: text.to_owned() });
            wrong.extend(faults.into_iter().map(|fault| {
                Complaint::in_map(Arc::clone(&elsewhere), fault.span, &fault.message)
            }));
            None
        }
    }
}

/// Which of a SunSpec device's meters is meant, where the configuration says it.
pub(super) fn sunspec_meter(
    model: &mut Option<ModelConfig>,
    wanted: Option<&Spanned<i64>>,
    wrong: &mut Vec<Complaint>,
) {
    let Some(wanted) = wanted else { return };
    let Some(ModelConfig::Registers(Source::SunSpec { meter })) = model else {
        let message = "sunspec_meter tells apart the meters of a device with model = \"sunspec\"";
        return wrong.push(Complaint::at(wanted.span(), message));
    };
    match u8::try_from(*wanted.get_ref()).ok().filter(|it| (1..=METERS_MAX).contains(it)) {
        Some(number) => *meter = number,
        None => wrong.push(Complaint::at(
            wanted.span(),
            format!(
                "expected the number of one of the device's meters, 1 to {METERS_MAX}; \"triphase \
                 scan modbus\" lists them"
            ),
        )),
    }
}

fn unknown(name: &str) -> String {
    let known = || {
        let models = meter::models().iter().map(|model| model.name);
        let maps = modbus::maps().iter().map(|map| &map.name).filter(|n| !n.starts_with(SUNSPEC));
        models.chain(maps.map(String::as_str)).chain([SUNSPEC])
    };
    let near = crate::near::near(name, known());
    let hint = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
    format!(
        "this version knows no such model{hint} It knows {}; \"{name}.toml\" would be a map of \
         your own, see docs/meters/adding-a-modbus-meter.md",
        known().collect::<Vec<_>>().join(", ")
    )
}

/// Whether a model can be read on a port; the sentence says what it needs.
pub(super) fn fits(model: &ModelConfig, port: &wire::Port) -> Result<(), String> {
    let is_mbus = matches!(port, wire::Port::MbusSerial { .. } | wire::Port::MbusTcp { .. });
    let is_modbus = wire::modbus::Framing::of(port).is_some();
    match model {
        ModelConfig::Registers(_) if !is_modbus => Err(format!(
            "{} is read over Modbus: expected modbus+tcp://HOST?unit=N, \
             modbus+rtu://DEVICE?baud=9600&unit=N or modbus+rtutcp://HOST:PORT?unit=N",
            model.name()
        )),
        ModelConfig::Known(_) if is_modbus => {
            Err(format!("{} is not read over Modbus; its port is of another kind", model.name()))
        }
        ModelConfig::Known(model) if (model.protocol == Protocol::Mbus) != is_mbus => {
            let (is, expected) = match model.protocol {
                Protocol::Mbus => ("", "mbus+serial://DEVICE?address=N or mbus+tcp://HOST:PORT"),
                _ => ("not ", "serial://, tcp://, pty:// or file://"),
            };
            Err(format!("{} is {is}read over M-Bus: expected {expected}", model.name))
        }
        _ => Ok(()),
    }
}
