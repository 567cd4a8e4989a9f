//! Which requests a reading takes: many registers in few requests, none cut in two.

use super::map::{Manners, Span};

/// The fewest requests that read all of `wanted`.
///
/// A request never reads a part of a value, since some meters refuse that and none promises that
/// two halves belong together. Values of adjacent registers, and of registers at most `gap_max`
/// apart, share one.
#[must_use]
pub fn plan(wanted: impl IntoIterator<Item = Span>, manners: Manners) -> Vec<Span> {
    let mut wanted: Vec<Span> = wanted.into_iter().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut requests: Vec<Span> = Vec::new();
    for span in wanted {
        match requests.last_mut() {
            Some(last) if joins(*last, span, manners) => {
                let end = last.end().max(span.end());
                last.count = u16::try_from(end - u32::from(last.address)).unwrap_or(last.count);
            }
            _ => requests.push(span),
        }
    }
    requests
}

fn joins(last: Span, next: Span, manners: Manners) -> bool {
    let end = last.end().max(next.end());
    last.table == next.table
        && u32::from(next.address) <= last.end() + u32::from(manners.gap_max)
        && end - u32::from(last.address) <= u32::from(manners.read_max)
}

/// Finer requests for the values inside `request`, after a meter refused it: without the gaps, then
/// each value alone; `None` when there is none but the request itself.
#[must_use]
pub fn finer(
    request: Span,
    wanted: impl IntoIterator<Item = Span>,
    manners: Manners,
) -> Option<Vec<Span>> {
    let inside = wanted.into_iter().filter(|span| request.holds(*span) && *span != request);
    let mut single: Vec<Span> = inside.collect();
    single.sort_unstable();
    single.dedup();
    let dense = plan(single.iter().copied(), Manners { gap_max: 0, ..manners });
    if dense.len() > 1 {
        return Some(dense);
    }
    (!single.is_empty()).then_some(single)
}

#[cfg(test)]
mod tests {
    use super::super::map::Table;
    use super::*;
    use std::time::Duration;

    fn span(address: u16, count: u16) -> Span {
        Span { table: Table::Input, address, count }
    }

    fn manners(read_max: u16, gap_max: u16) -> Manners {
        Manners { read_max, gap_max, pause: Duration::ZERO }
    }

    #[test]
    fn neighbours_share_a_request_and_gaps_are_read_along() {
        let wanted = [span(4, 2), span(0, 2), span(2, 2), span(12, 2), span(60, 4)];
        assert_eq!(plan(wanted, manners(100, 6)), [span(0, 14), span(60, 4)]);
        assert_eq!(plan(wanted, manners(100, 5)), [span(0, 6), span(12, 2), span(60, 4)]);
        assert_eq!(plan(wanted, manners(5, 6)), [span(0, 4), span(4, 2), span(12, 2), span(60, 4)]);
    }

    #[test]
    fn tables_never_mix_and_overlaps_are_read_once() {
        let holding = Span { table: Table::Holding, address: 2, count: 2 };
        let planned = plan([span(0, 2), holding, span(1, 1), span(0, 4)], manners(100, 8));
        assert_eq!(planned, [holding, span(0, 4)]);
    }

    #[test]
    fn a_refused_request_becomes_finer_until_it_is_one_value() {
        let wanted = [span(0, 2), span(2, 2), span(6, 2)];
        let manners = manners(100, 8);
        let all = plan(wanted, manners);
        assert_eq!(all, [span(0, 8)]);
        let dense = finer(all[0], wanted, manners).expect("gaps can be left out");
        assert_eq!(dense, [span(0, 4), span(6, 2)]);
        assert_eq!(finer(dense[0], wanted, manners), Some(vec![span(0, 2), span(2, 2)]));
        assert_eq!(finer(dense[1], wanted, manners), None);
    }

    #[test]
    fn the_last_register_of_the_address_space_can_be_read() {
        assert_eq!(plan([span(65_534, 2)], manners(125, 8)), [span(65_534, 2)]);
    }
}
