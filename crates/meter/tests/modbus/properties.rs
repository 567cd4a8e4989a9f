//! What holds for every map: requests read what is wanted and cut nothing, numbers come back.

use meter::modbus::{Kind, Manners, Number, Order, Span, Table, bits, finer, parse, plan};
use proptest::prelude::*;
use reading::Decimal;
use std::time::Duration;

fn span() -> impl Strategy<Value = Span> {
    (any::<bool>(), 0..=65_535_u16, 1..=4_u16).prop_filter_map(
        "inside",
        |(holding, address, count)| {
            let table = if holding { Table::Holding } else { Table::Input };
            let span = Span { table, address, count };
            (span.end() <= 0x1_0000).then_some(span)
        },
    )
}

/// Spans near each other, as in a real map.
fn near() -> impl Strategy<Value = Span> {
    span().prop_map(|span| Span { address: span.address % 300, ..span })
}

fn manners() -> impl Strategy<Value = Manners> {
    (4..=125_u16, 0..=125_u16).prop_map(|(read_max, gap_max)| Manners {
        read_max,
        gap_max,
        pause: Duration::ZERO,
    })
}

proptest! {
    #[test]
    fn requests_read_every_value_whole_and_keep_the_limits(
        wanted in prop::collection::vec(prop_oneof![near(), span()], 1..80),
        manners in manners(),
    ) {
        let requests = plan(wanted.iter().copied(), manners);
        for value in &wanted {
            prop_assert!(requests.iter().any(|request| request.holds(*value)), "{value:?}");
        }
        for request in &requests {
            prop_assert!(request.count <= manners.read_max && request.end() <= 0x1_0000);
            let inside = |address: u32| wanted.iter().any(|value| {
                value.table == request.table
                    && u32::from(value.address) <= address
                    && address < value.end()
            });
            prop_assert!(inside(u32::from(request.address)) && inside(request.end() - 1));
            let mut gap = 0;
            for address in u32::from(request.address)..request.end() {
                gap = if inside(address) { 0 } else { gap + 1 };
                prop_assert!(gap <= manners.gap_max, "{request:?}");
            }
        }
    }

    #[test]
    fn refusals_end_at_single_values(
        wanted in prop::collection::vec(near(), 1..40),
        manners in manners(),
    ) {
        let mut open = plan(wanted.iter().copied(), manners);
        let mut refused = 0;
        while let Some(request) = open.pop() {
            refused += 1;
            prop_assert!(refused < 400, "it ends");
            if let Some(finer) = finer(request, wanted.iter().copied(), manners) {
                prop_assert!(finer.iter().all(|part| request.holds(*part) && *part != request));
                open.extend(finer);
            } else {
                let mut inside = wanted.iter().filter(|value| request.holds(**value));
                prop_assert!(inside.all(|value| *value == request), "{request:?}");
            }
        }
    }

    #[test]
    fn every_byte_order_reads_the_same_number(value in any::<u64>(), words in 1..=4_usize) {
        let value = value >> (64 - words * 16);
        let big: Vec<u16> = (0..words)
            .rev()
            .map(|place| u16::try_from((value >> (place * 16)) & 0xFFFF).expect("16 bits"))
            .collect();
        for (low_word_first, low_byte_first) in
            [(false, false), (true, false), (false, true), (true, true)]
        {
            let mut sent = big.clone();
            if low_word_first {
                sent.reverse();
            }
            if low_byte_first {
                sent.iter_mut().for_each(|word| *word = word.swap_bytes());
            }
            let order = Order { low_word_first, low_byte_first };
            prop_assert_eq!(bits(&sent, order), value);
        }
    }

    #[test]
    fn integers_are_exact(value in any::<i64>()) {
        for (name, width) in [("i16", 16), ("i32", 32), ("i48", 48), ("i64", 64)] {
            let cut = (value << (64 - width)) >> (64 - width);
            let mask = u64::MAX >> (64 - width);
            let kind = Kind::from_name(name).expect(name);
            let read = kind.number(cut.cast_unsigned() & mask);
            prop_assert_eq!(read, Ok(Number::Value(Decimal::new(cut, 0))), "{}", name);
        }
    }

    #[test]
    fn no_bits_upset_a_coding(value in any::<u64>()) {
        for name in Kind::names() {
            let kind = Kind::from_name(name).expect(name);
            let mask = if kind.words == 4 { u64::MAX } else { (1 << (kind.words * 16)) - 1 };
            let _ = kind.number(value & mask);
        }
    }

    #[test]
    fn no_text_upsets_the_check(text in "[ -~\n]{0,300}") {
        let _ = parse("m", &text);
        let around = format!("title = \"x\"\nfunction = 3\ntype = \"u16\"\n{text}");
        let _ = parse("m", &around);
    }

    #[test]
    fn no_value_upsets_the_check(
        address in any::<i64>(),
        scale in any::<f64>(),
        marker in any::<i64>(),
        decimals in any::<i8>(),
        kind in prop::sample::select(Kind::names().collect::<Vec<_>>()),
    ) {
        let text = format!(
            "title = \"x\"\nfunction = 3\nregister = [\n\
             {{ quantity = \"voltage_l1\", address = {address}, type = \"{kind}\", unit = \"V\", \
             scale = {scale:?}, not_available = {marker} }},\n\
             {{ quantity = \"frequency\", address = 3, type = \"{kind}\", unit = \"mHz\", \
             decimals = {decimals} }}]\n"
        );
        let _ = parse("m", &text);
    }
}
