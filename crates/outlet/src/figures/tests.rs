use super::*;
use reading::Quantity;
use std::collections::BTreeSet;

#[test]
fn every_result_has_a_name_of_its_own_that_no_quantity_has() {
    let names: BTreeSet<_> = FIGURES.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), FIGURES.len());
    for row in FIGURES {
        assert_eq!(Quantity::from_name(row.name), None, "{}", row.name);
        let (low, high) = row.range;
        assert!(low < high && low.is_finite() && high.is_finite(), "{}", row.name);
        let sound = |name: &&str| !name.is_empty() && name.trim() == *name;
        assert!(row.names.iter().all(sound) && !row.source.is_empty(), "{}", row.name);
    }
}

#[test]
fn results_stand_in_the_order_of_their_groups() {
    assert!(FIGURES.is_sorted_by_key(|row| row.group));
}
