//! The known name that somebody probably meant.

/// Similarity from which a name is worth proposing.
const SIMILARITY_MIN: f64 = 0.7;

/// The known name nearest to `given`, when one is near.
pub(crate) fn near<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let scored = known.into_iter().map(|name| (strsim::jaro_winkler(&given, name), name));
    let best = scored.max_by(|(one, _), (two, _)| one.total_cmp(two));
    best.filter(|(score, _)| *score >= SIMILARITY_MIN).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn proposes_only_what_is_near() {
        assert_eq!(near("ActivePower", ["active_power", "voltage_l1"]), Some("active_power"));
        assert_eq!(near("xyz", ["active_power", "voltage_l1"]), None);
    }
}
