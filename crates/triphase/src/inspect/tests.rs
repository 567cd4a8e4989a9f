//! What is shown of messages, and what never is.

use super::{explain, kept};
use frame::dlms::association::{Mechanism, Request};
use frame::dlms::{LLC_COMMAND, wrapper};
use frame::hdlc::{Address, Outgoing, encode};
use outlet::{Dialect, Direction, Explained, Kept, Message};

const PASSWORD: &[u8] = b"Geheim77";

fn message(dialect: Dialect, direction: Direction, bytes: &[u8]) -> Message {
    Message {
        dialect,
        direction,
        bytes: bytes.to_vec(),
        length: bytes.len(),
        context: Vec::new(),
        faults: Vec::new(),
    }
}

fn sent(dialect: Dialect, bytes: &[u8]) -> Message {
    message(dialect, Direction::Sent, bytes)
}

fn answer(dialect: Dialect, bytes: &[u8], question: &[u8]) -> Message {
    Message { context: question.to_vec(), ..message(dialect, Direction::Received, bytes) }
}

fn aarq(mechanism: Mechanism) -> Vec<u8> {
    let initiate = vec![1, 0, 0, 0, 6, 0x5F, 0x1F, 4, 0, 0, 0x12, 0x15, 0x20, 0];
    let authentication = PASSWORD.to_vec();
    let request =
        Request { ciphered: false, system_title: None, mechanism, authentication, initiate };
    request.encode()
}

fn hdlc(information: &[u8], (segmented, control): (bool, u8)) -> Vec<u8> {
    let mut out = Vec::new();
    let frame = Outgoing {
        segmented,
        destination: Address::short(1),
        source: Address::short(16),
        control,
        information,
    };
    encode(&frame, &mut out).expect("short enough");
    out
}

fn with_llc(apdu: &[u8]) -> Vec<u8> {
    [LLC_COMMAND.as_slice(), apdu].concat()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What is kept holds no password, in no form.
fn assert_hidden(message: Message, secret: &[u8]) -> Explained {
    assert!(
        holds(&message.bytes, secret) || holds(&message.context, secret),
        "the test's own message has no password"
    );
    let (Kept::Explained(told), _) = kept(message) else {
        panic!("a message with a password was kept as it is")
    };
    let text = format!("{told:?}");
    assert!(!holds(&told.bytes, secret), "{text}");
    assert!(!text.contains(&String::from_utf8_lossy(secret).into_owned()), "{text}");
    let hex: Vec<String> = secret.iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(!text.contains(&hex.join(" ")), "{text}");
    *told
}

/// Every part lies inside the message.
fn assert_inside(told: &Explained) {
    for step in &told.steps {
        let end = step.offset + step.length as u64;
        assert!(end <= told.length as u64, "{step:?} of {} bytes", told.length);
    }
}

#[test]
fn a_password_of_an_association_is_hidden_and_so_is_the_check_over_it() {
    let frame = hdlc(&with_llc(&aarq(Mechanism::Low)), (false, 0x10));
    let told = assert_hidden(sent(Dialect::Hdlc, &frame), PASSWORD);
    assert_inside(&told);
    assert!(told.delivered, "{:?}", told.defects);
    // With everything else known, the check sequence would tell which guess is right.
    let check = frame.len() - 3;
    assert_eq!(&told.bytes[check..], b"**\x7E");
    assert_ne!(&frame[check..check + 2], b"**");
    assert_eq!(told.bytes.len(), frame.len());
    let words: String = told.steps.iter().map(|step| step.text.as_str()).collect();
    assert!(words.contains("password"), "{words}");
}

#[test]
fn a_password_behind_the_wrapper_is_hidden() {
    let (apdu, mut bytes) = (aarq(Mechanism::Low), Vec::new());
    let wrapped = wrapper::Wrapped { source: 16, destination: 1, apdu: &apdu };
    wrapper::encode(&wrapped, &mut bytes).expect("short enough");
    assert_hidden(sent(Dialect::Wrapper, &bytes), PASSWORD);
}

#[test]
fn a_password_in_two_segments_is_hidden_wherever_it_is_cut() {
    let content = with_llc(&aarq(Mechanism::Low));
    let at = content.windows(8).position(|it| it == PASSWORD).expect("the password");
    for cut in at..=at + PASSWORD.len() {
        let (one, other) = content.split_at(cut);
        for (information, segment) in [(one, (true, 0x10)), (other, (false, 0x12))] {
            let frame = hdlc(information, segment);
            let (Kept::Explained(told), _) = kept(sent(Dialect::Hdlc, &frame)) else {
                panic!("cut at {cut}: a segment was kept as it is")
            };
            for length in 3..=PASSWORD.len() {
                for part in PASSWORD.windows(length) {
                    assert!(!holds(&told.bytes, part), "cut at {cut}: {:02X?}", told.bytes);
                }
            }
        }
    }
}

#[test]
fn an_echo_of_a_password_is_hidden_even_when_it_is_damaged() {
    let question = hdlc(&with_llc(&aarq(Mechanism::Low)), (false, 0x10));
    let whole = answer(Dialect::Hdlc, &question, &question);
    assert_hidden(whole, PASSWORD);
    let mut damaged = question.clone();
    damaged[9] ^= 1;
    let told = assert_hidden(answer(Dialect::Hdlc, &damaged, &question), PASSWORD);
    assert!(!told.delivered);
    let cut = &question[..question.len() - 4];
    assert_hidden(answer(Dialect::Hdlc, cut, &question), PASSWORD);
}

#[test]
fn a_challenge_is_public() {
    let frame = hdlc(&with_llc(&aarq(Mechanism::HighGmac)), (false, 0x10));
    let (kept, good) = kept(sent(Dialect::Hdlc, &frame));
    assert!(good && matches!(kept, Kept::Message(_)));
}

#[test]
fn an_optical_password_its_check_character_and_its_echo_are_hidden() {
    let command = frame::iec62056_21::message::command(*b"P1", "(Geheim77)");
    let told = assert_hidden(sent(Dialect::Iec62056_21, &command), PASSWORD);
    assert_eq!(told.bytes.last(), Some(&b'*'), "the check character is made of the password");
    let echoed = [command.as_slice(), &[0x06]].concat();
    assert_hidden(answer(Dialect::Iec62056_21, &echoed, &command), PASSWORD);
}

#[test]
fn a_partial_block_is_a_good_message_while_its_check_holds() {
    let content = b"1.8.0(000285.4*kWh)\r\n\x04";
    let check = frame::iec62056_21::bcc(content);
    let mut block = [&b"\x02"[..], content, &[check]].concat();
    let told = explain(&answer(Dialect::Iec62056_21, &block, &[0x06]));
    assert!(told.delivered, "{:?}", told.defects);
    assert!(told.steps.iter().any(|step| step.text.contains("285.4 kWh")), "{:?}", told.steps);
    block[8] ^= 1;
    let told = explain(&answer(Dialect::Iec62056_21, &block, &[0x06]));
    assert!(!told.delivered, "{told:?}");
}

#[test]
fn modbus_registers_have_their_addresses() {
    let question = [0, 7, 0, 0, 0, 6, 1, 4, 0, 200, 0, 2];
    let bytes = [0, 7, 0, 0, 0, 7, 1, 4, 4, 0x43, 0x66, 0x33, 0x34];
    let told = explain(&answer(Dialect::ModbusTcp, &bytes, &question));
    assert!(told.delivered, "{:?}", told.defects);
    let values = told.steps.iter().filter(|step| step.layer == "value");
    let values: Vec<_> = values.map(|it| (it.offset, it.length, it.text.as_str())).collect();
    let expected =
        [(9, 2, "register 200 = 17254 (4366h)"), (11, 2, "register 201 = 13108 (3334h)")];
    assert_eq!(values, expected);
    let exception = [0, 7, 0, 0, 0, 3, 1, 0x84, 2];
    let told = explain(&answer(Dialect::ModbusTcp, &exception, &question));
    assert_eq!(told.defects.first().map(|it| (it.code, it.offset)), Some(("exception", 8)));
}

#[test]
fn a_damaged_serial_answer_names_its_check_sequence() {
    let mut bytes = vec![1, 3, 2, 0x12, 0x34];
    bytes.extend(frame::modbus::crc(&bytes).to_le_bytes());
    assert!(explain(&answer(Dialect::ModbusRtu, &bytes, &[])).delivered);
    bytes[3] ^= 0x40;
    let told = explain(&answer(Dialect::ModbusRtu, &bytes, &[]));
    assert_eq!(told.defects.first().map(|it| (it.code, it.offset)), Some(("modbus_frame", 5)));
}

#[test]
fn an_mqtt_payload_is_shown_key_by_key_with_its_places() {
    let payload = b" {\"a\": {\"power\": 12.50, \"t\":\"x\"}, \"b\": [1, {\"c\":null}]}";
    let told = explain(&answer(Dialect::Mqtt, payload, b"usine/presse"));
    let values = told.steps.iter().filter(|step| step.layer == "value");
    let values: Vec<_> = values
        .map(|step| {
            let from = usize::try_from(step.offset).expect("small");
            let part = &payload[from..from + step.length];
            (step.text.as_str(), String::from_utf8_lossy(part).into_owned())
        })
        .collect();
    let expected = [
        ("a.power = 12.50", "12.50"),
        ("a.t = \"x\"", "\"x\""),
        ("b[0] = 1", "1"),
        ("b[1].c = null", "null"),
    ];
    assert_eq!(values, expected.map(|(text, part)| (text, part.to_owned())));
    assert!(told.steps[0].text.contains("usine/presse"), "{:?}", told.steps[0]);
}

#[test]
fn nothing_that_comes_breaks_an_explanation() {
    let dialects = [
        Dialect::Mbus,
        Dialect::Hdlc,
        Dialect::Wrapper,
        Dialect::Iec62056_21,
        Dialect::ModbusTcp,
        Dialect::ModbusRtu,
        Dialect::Mqtt,
    ];
    let seeds: [&[u8]; 6] = [
        &hdlc(&with_llc(&aarq(Mechanism::Low)), (false, 0x10)),
        b"/LGZ5\\2ZMD3104407.B32\r\n\x021.8.0(000285.4*kWh)\r\n!\r\n\x03\x11",
        &[0x68, 0x0A, 0x0A, 0x68, 0x53, 0xFD, 0x52, 1, 2, 3, 4, 5, 6, 7, 8, 0x16],
        &[0, 7, 0, 0, 0, 7, 1, 4, 4, 0x43, 0x66, 0x33, 0x34],
        b"{\"a\":[1,2,{\"b\":\"\\u00e9\"}]}",
        &[0x00, 0x01, 0, 1, 0, 16, 0, 9, 0xC4, 1, 0xC1, 0, 2, 2, 0x12, 0, 5],
    ];
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).expect("31 bits")
    };
    for _ in 0..300 {
        for seed in seeds {
            let mut bytes = seed.to_vec();
            for _ in 0..next() % 4 {
                let at = next() % bytes.len();
                bytes[at] ^= 1 << (next() % 8);
            }
            bytes.truncate(bytes.len() - next() % 6);
            for dialect in dialects {
                for direction in [Direction::Sent, Direction::Received] {
                    let context = seed.to_vec();
                    let message = Message { context, ..message(dialect, direction, &bytes) };
                    assert_inside(&explain(&message));
                }
            }
        }
    }
}
