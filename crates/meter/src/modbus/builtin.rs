//! The maps in the binary: one line for each file of `maps/`.

use super::map::Map;
use super::parse::parse;
use std::sync::{Arc, LazyLock};

macro_rules! maps {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the map files.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../maps/", $name, ".toml")))),*];
    };
}

maps![
    "abb_b23",
    "carlo_gavazzi_em24",
    "carlo_gavazzi_em340",
    "chint_dtsu666",
    "eastron_sdm630",
    "eastron_sdm72",
    "inepro_pro380",
    "janitza_b23",
    "orno_we516",
    "schneider_iem3000",
    "schneider_pm5000",
    "shelly_pro_3em",
    "siemens_pac2200",
    "socomec_diris_a",
    "sunspec_float_meter",
    "sunspec_meter",
];

static MAPS: LazyLock<Vec<Arc<Map>>> = LazyLock::new(|| {
    // A test holds every file against the check, so that none is missing here.
    FILES.iter().filter_map(|(name, text)| parse(name, text).ok().map(Arc::new)).collect()
});

/// The maps in the binary, by name.
#[must_use]
pub fn maps() -> &'static [Arc<Map>] {
    &MAPS
}

/// The map with this name.
#[must_use]
pub fn map(name: &str) -> Option<&'static Arc<Map>> {
    maps().iter().find(|map| map.name == name)
}

/// The text of a map file, to start another one from.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_map_in_the_binary() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/maps");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder of the maps")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect();
        there.sort();
        let named: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(there, named);
        for (name, text) in FILES {
            let faults = parse(name, text).err().unwrap_or_default();
            assert!(faults.is_empty(), "{name}: {faults:#?}");
        }
    }
}
