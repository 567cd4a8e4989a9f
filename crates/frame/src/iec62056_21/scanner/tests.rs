use super::*;
use crate::iec62056_21::Item;

/// An event without its borrow.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    Identified(u64, String),
    ReadOut { at: u64, end: u64, line: Option<String>, sets: usize, check: Check, ending: Ending },
    Echo(u64, u64),
    Control(u64, u8),
    Noise(u64, u64),
}

fn told(event: &Event<'_>) -> Told {
    match *event {
        Event::Identified { offset, identification } => {
            Told::Identified(offset, identification.line.to_owned())
        }
        Event::ReadOut(found) => Told::ReadOut {
            at: found.offset,
            end: found.end,
            line: found.identification.map(|it| it.line.to_owned()),
            sets: found.items().filter(|item| matches!(item, Item::DataSet(_))).count(),
            check: found.check,
            ending: found.ending,
        },
        Event::Echo { offset, length } => Told::Echo(offset, length),
        Event::Control { offset, byte } => Told::Control(offset, byte),
        Event::Noise { offset, length } => Told::Noise(offset, length),
    }
}

fn events(start: Start, bytes: &[u8], chunk: usize) -> Vec<Told> {
    let mut scanner = Scanner::new(start);
    let mut all = Vec::new();
    for piece in bytes.chunks(chunk) {
        scanner.push(piece);
        while let Some(event) = scanner.next() {
            all.push(told(&event));
        }
    }
    scanner.end();
    while let Some(event) = scanner.next() {
        all.push(told(&event));
    }
    assert_eq!(scanner.held(), 0);
    all
}

/// What the bytes tell, whatever the chunks.
fn all(start: Start, bytes: &[u8]) -> Vec<Told> {
    let whole = events(start, bytes, PIECE_MAX);
    for chunk in [1, 2, 3, 7, 64] {
        assert_eq!(events(start, bytes, chunk), whole, "pieces of {chunk}");
    }
    whole
}

fn block(data: &str, end: u8) -> Vec<u8> {
    let mut bytes = vec![STX];
    bytes.extend(data.bytes());
    bytes.push(end);
    let check = bcc(&bytes[1..]);
    bytes.push(check);
    bytes
}

fn good(byte: u8) -> Check {
    Check::Bcc { computed: byte, sent: byte }
}

#[test]
fn finds_a_mode_c_session_with_the_echo_of_an_optical_head() {
    let mut bytes = b"\x7f\x7f/?!\r\n/LGZ4ZMF\r\n\x06040\r\n".to_vec();
    let answer = block("F.F(00)\r\n1.8.0(1*kWh)\r\n!\r\n", ETX);
    bytes.extend(&answer);
    let check = *answer.last().expect("a check character");
    let length = bytes.len() as u64;
    assert_eq!(
        all(Start::Marked, &bytes),
        [
            Told::Noise(0, 2),
            Told::Echo(2, 5),
            Told::Identified(7, "/LGZ4ZMF".to_owned()),
            Told::ReadOut {
                at: 7,
                end: length,
                line: Some("/LGZ4ZMF".to_owned()),
                sets: 2,
                check: good(check),
                ending: Ending::Etx,
            },
        ]
    );
}

#[test]
fn tells_good_bad_and_absent_check_characters_apart() {
    let data = "1.8.0(1*kWh)\r\n!\r\n";
    let mut bytes = block(data, ETX);
    let last = bytes.len() - 1;
    let verdict = |bytes: &[u8]| match all(Start::Marked, bytes).as_slice() {
        [Told::ReadOut { check, .. }] => check.holds(),
        other => panic!("{other:?}"),
    };
    assert_eq!(verdict(&bytes), Some(true));
    assert_eq!(verdict(&bytes[..last]), None, "the check character is missing");
    bytes[last] ^= 0x40;
    assert_eq!(verdict(&bytes), Some(false));
}

#[test]
fn partial_blocks_end_with_eot() {
    let mut bytes = block("1.8.0(1*kWh)\r\n", EOT);
    bytes.push(ACK);
    bytes.extend(block("2.8.0(2*kWh)\r\n!\r\n", ETX));
    let endings: Vec<_> = all(Start::Marked, &bytes)
        .into_iter()
        .map(|told| match told {
            Told::ReadOut { ending, sets, check, .. } => (Some(ending), sets, check.holds()),
            _ => (None, 0, None),
        })
        .collect();
    assert_eq!(
        endings,
        [(Some(Ending::Eot), 1, Some(true)), (None, 0, None), (Some(Ending::Etx), 1, Some(true))]
    );
}

fn p1(crc: &str) -> Vec<u8> {
    let mut bytes =
        b"/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n1-0:1.8.1(4.426*kWh)\r\n!".to_vec();
    bytes.extend(crc.bytes());
    bytes
}

#[test]
fn checks_the_crc_of_a_p1_telegram_in_every_form() {
    let computed = dsmr::crc16(&p1(""));
    let verdict = |bytes: &[u8]| match all(Start::Marked, bytes).as_slice() {
        [Told::Identified(..), Told::ReadOut { check, ending: Ending::Mark, sets: 2, .. }] => {
            *check
        }
        other => panic!("{other:?}"),
    };
    let upper = format!("{computed:04X}\r\n");
    assert_eq!(verdict(&p1(&upper)).holds(), Some(true));
    assert_eq!(verdict(&p1(&upper.to_lowercase())).holds(), Some(true));
    assert_eq!(verdict(&p1(&format!("{computed:X}"))).holds(), Some(true), "not padded, no CR LF");
    assert_eq!(verdict(&p1("\r\n")).holds(), None);
    assert_eq!(verdict(&p1("")).holds(), None);
    for wrong in ["0000\r\n", "12345\r\n", "zz\r\n", "-\r\n"] {
        assert_eq!(verdict(&p1(wrong)).holds(), Some(false), "{wrong:?}");
    }
    let text = String::from_utf8(p1(&upper)).expect("text").replace("\r\n", "\n");
    let Check::Crc { over, computed: again, sent } = verdict(text.as_bytes()) else {
        panic!("a CRC");
    };
    assert_eq!((over, again, sent), (Over::Restored, computed, Some(computed)));
}

#[test]
fn the_next_identification_ends_a_telegram_that_lost_its_end() {
    let mut bytes = p1("");
    bytes.truncate(bytes.len() - 1);
    let second = bytes.len() as u64;
    bytes.extend(p1("\r\n"));
    let told = all(Start::Marked, &bytes);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        matches!(told[1], Told::ReadOut { end, ending: Ending::Cut, .. } if end == second),
        "{told:?}"
    );
    assert!(matches!(told[3], Told::ReadOut { at, ending: Ending::Mark, .. } if at == second));
    // The same with a block whose ETX was lost.
    let mut bytes = b"/LGZ4Z\r\n\x021.8.0(1)\r\n!\r\n".to_vec();
    let second = bytes.len() as u64;
    bytes.extend(p1("\r\n"));
    let told = all(Start::Marked, &bytes);
    assert!(
        matches!(told[1], Told::ReadOut { end, ending: Ending::Cut, .. } if end == second),
        "{told:?}"
    );
}

#[test]
fn a_live_line_that_is_joined_in_the_middle_waits_for_a_start() {
    let mut bytes = b".8.1(4.426*kWh)\r\n1-0:1.8.2(1*kWh)\r\n!ABCD\r\n".to_vec();
    let noise = bytes.iter().filter(|byte| !is_line_end(**byte)).count() as u64;
    bytes.extend(p1("\r\n"));
    let told = all(Start::Marked, &bytes);
    let lost = told.iter().map(|told| if let Told::Noise(_, length) = told { *length } else { 0 });
    assert_eq!(lost.sum::<u64>(), noise, "{told:?}");
    assert!(matches!(told.last(), Some(Told::ReadOut { ending: Ending::Mark, sets: 2, .. })));
}

#[test]
fn a_capture_may_begin_with_a_data_set() {
    let bytes = b"0.0.0(110002267)\r\n14.7(49.96*Hz)\r\n!\r\n";
    let told = all(Start::Anywhere, bytes);
    assert!(
        matches!(
            &told[..],
            [Told::ReadOut { at: 0, line: None, sets: 2, ending: Ending::Mark, .. }]
        ),
        "{told:?}"
    );
    // And may end with one.
    let told = all(Start::Anywhere, &bytes[..bytes.len() - 3]);
    assert!(matches!(&told[..], [Told::ReadOut { sets: 2, ending: Ending::Cut, .. }]), "{told:?}");
}

#[test]
fn slashes_and_marks_inside_values_end_nothing() {
    let bytes = b"/ISk5\\2X\r\n\r\n0-0:96.13.0(test-/-test!)\r\n0.9.1(12/05)\r\n!\r\n";
    let told = all(Start::Marked, bytes);
    assert!(
        matches!(&told[..], [_, Told::ReadOut { sets: 2, ending: Ending::Mark, .. }]),
        "{told:?}"
    );
}

#[test]
fn commands_and_repeats_of_a_session_are_no_noise() {
    let mut bytes = message::command(*b"R5", "1.8.0()");
    bytes.push(super::super::NAK);
    bytes.extend(message::end());
    let command = bytes.len() as u64 - 6;
    assert_eq!(
        all(Start::Marked, &bytes),
        [Told::Echo(0, command), Told::Control(command, 0x15), Told::Echo(command + 1, 5)]
    );
}

#[test]
fn memory_stays_bounded_without_any_end() {
    let mut scanner = Scanner::new(Start::Marked);
    scanner.push(b"/LGZ4Z\r\n\x02");
    while scanner.next().is_some() {}
    for _ in 0..100 {
        scanner.push(&[b'1'; PIECE_MAX]);
        while scanner.next().is_some() {}
        assert!(scanner.held() <= BUFFER_MAX);
    }
}

/// What was read of two read-outs of which the first is damaged, and whether the second one holds.
fn second_of(bytes: &[u8]) -> Vec<(Option<String>, Option<bool>, Ending)> {
    let read_outs = all(Start::Marked, bytes).into_iter().filter_map(|event| match event {
        Told::ReadOut { line, check, ending, .. } => Some((line, check.holds(), ending)),
        _ => None,
    });
    read_outs.collect()
}

fn telegram(text: &str) -> String {
    format!("{text}{:04X}\r\n", dsmr::crc16(text.as_bytes()))
}

#[test]
fn a_telegram_cut_in_the_middle_of_a_line_hides_none_behind_it() {
    let good = telegram("/KFM5KAIFA\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.8.1(001581.123*kWh)\r\n!");
    let line = Some("/KFM5KAIFA".to_owned());
    for cut in 14..good.len() - 2 {
        let bytes = format!("{}{good}", &good[..cut]);
        let found = second_of(bytes.as_bytes());
        let last = found.last().cloned();
        assert_eq!(last, Some((line.clone(), Some(true), Ending::Mark)), "cut at {cut}");
    }
}

#[test]
fn a_block_cut_in_the_middle_of_a_line_hides_none_behind_it() {
    let mut good = b"/LGZ5ZMD\r\n".to_vec();
    good.extend(block("1.8.0(1*kWh)\r\n2.8.0(2*kWh)\r\n!\r\n", ETX));
    for cut in 12..good.len() - 2 {
        let found = second_of(&[&good[..cut], &good[..]].concat());
        let line = Some("/LGZ5ZMD".to_owned());
        assert_eq!(found.last(), Some(&(line, Some(true), Ending::Etx)), "cut at {cut}");
    }
}

#[test]
fn a_slash_inside_a_value_begins_nothing() {
    let text = "/KFM5KAIFA\r\n\r\n0-0:96.1.1(A/ABC5DEF)\r\n!";
    let found = second_of(format!("{text}\r\n").as_bytes());
    assert_eq!(found, [(Some("/KFM5KAIFA".to_owned()), None, Ending::Mark)]);
}
