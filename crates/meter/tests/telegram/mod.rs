//! Builds telegrams of our own, as meters send them.

#![allow(dead_code)] // Every test file uses a part.

use frame::dlms::apdu::{SecurityControl, encode_notification};
use frame::dlms::glo_cipher::{Envelope, Keys};
use frame::dlms::{Data, LLC_RESPONSE, date_time, gbt};
use frame::hdlc::{Address, Outgoing, encode};
use frame::mbus::encode_segments;
use meter::push::{Outcome, PushOptions, PushReader};
use reading::{MeterTime, Obis};

pub(crate) const GUEK: [u8; 16] = [0x11; 16];
pub(crate) const GAK: [u8; 16] = [0x22; 16];
pub(crate) const TITLE: [u8; 8] = *b"LGZ\x67\x00\x01\x02\x03";

/// 2026-05-04 11:39:21, deviation unspecified, as an E450 shows it.
pub(crate) fn time(status: u8) -> [u8; 12] {
    date_time::encode(&wall(11, 39, 21, status))
}

pub(crate) fn wall(hour: u8, minute: u8, second: u8, status: u8) -> MeterTime {
    MeterTime {
        year: 2026,
        month: 5,
        day: 4,
        hour,
        minute,
        second,
        hundredths: None,
        deviation: None,
        status: Some(status),
    }
}

pub(crate) fn obis(text: &str) -> [u8; 6] {
    text.parse::<Obis>().expect("an OBIS code").bytes()
}

pub(crate) fn name(text: &str) -> Data {
    Data::OctetString(obis(text).to_vec())
}

pub(crate) fn text(text: &str) -> Data {
    Data::OctetString(text.as_bytes().to_vec())
}

pub(crate) fn visible(text: &str) -> Data {
    Data::VisibleString(text.as_bytes().to_vec())
}

pub(crate) fn scaler_unit(scaler: i8, unit: u8) -> Data {
    Data::Structure(vec![Data::Integer(scaler), Data::Enum(unit)])
}

pub(crate) fn object(class: u16, code: &str, attribute: i8) -> Data {
    Data::Structure(vec![
        Data::LongUnsigned(class),
        name(code),
        Data::Integer(attribute),
        Data::LongUnsigned(0),
    ])
}

/// A push object list that contains itself, as Swiss grid operators configure it.
pub(crate) fn push_list(setup: &str, objects: &[(u16, &str, i8, Data)]) -> Data {
    let mut list = vec![object(40, setup, 2)];
    list.extend(objects.iter().map(|(class, code, attribute, _)| object(*class, code, *attribute)));
    let mut body = vec![Data::Array(list)];
    body.extend(objects.iter().map(|(_, _, _, value)| value.clone()));
    Data::Structure(body)
}

/// The list of an E450 with voltages, currents, powers, energies and power factor.
pub(crate) fn e450_list() -> Data {
    let clock = Data::OctetString(time(0x81).to_vec());
    push_list(
        "0-8:25.9.0",
        &[
            (1, "0-0:42.0.0", 2, text("LGZ1030000000017")),
            (1, "0-0:96.1.1", 2, text("1234567\0")),
            (8, "0-0:1.0.0", 2, clock),
            (3, "1-0:32.7.0", 2, Data::LongUnsigned(235)),
            (3, "1-0:52.7.0", 2, Data::LongUnsigned(236)),
            (3, "1-0:72.7.0", 2, Data::LongUnsigned(234)),
            (3, "1-0:31.7.0", 2, Data::LongUnsigned(1234)),
            (3, "1-0:51.7.0", 2, Data::LongUnsigned(402)),
            (3, "1-0:71.7.0", 2, Data::LongUnsigned(0)),
            (3, "1-0:1.7.0", 2, Data::DoubleLongUnsigned(3700)),
            (3, "1-0:2.7.0", 2, Data::DoubleLongUnsigned(0)),
            (3, "1-1:1.8.0", 2, Data::DoubleLongUnsigned(886_977)),
            (3, "1-0:13.7.0", 2, Data::LongUnsigned(941)),
        ],
    )
}

/// The list of Wiener Netze: clock, energies, powers.
pub(crate) fn wiener_netze() -> Data {
    let mut body = vec![Data::OctetString(time(0).to_vec())];
    body.extend([5_107_912, 0, 1_126_903, 566_784, 230, 0, 88, 21].map(Data::DoubleLongUnsigned));
    Data::Structure(body)
}

/// The list of Netz Burgenland with eleven elements.
pub(crate) fn burgenland(volts: [u16; 3]) -> Data {
    let mut body = volts.map(Data::LongUnsigned).to_vec();
    body.extend([203, 110, 0].map(Data::LongUnsigned));
    body.extend([700, 0, 1_234_567, 89].map(Data::DoubleLongUnsigned));
    body.push(text("LGZ1030000000017"));
    Data::Structure(body)
}

pub(crate) fn notification(time: Option<[u8; 12]>, body: &Data) -> Vec<u8> {
    let mut content = Vec::new();
    body.encode(&mut content);
    let mut apdu = Vec::new();
    encode_notification(0x0000_CBC6, time, &content, &mut apdu);
    apdu
}

pub(crate) fn e450_apdu() -> Vec<u8> {
    notification(Some(time(0)), &e450_list())
}

pub(crate) fn sealed(control: u8, counter: u32, plain: &[u8]) -> Vec<u8> {
    let envelope = Envelope {
        system_title: TITLE,
        control: SecurityControl(control),
        invocation_counter: counter,
    };
    let mut apdu = Vec::new();
    Keys::new(&GUEK, Some(GAK)).seal(&envelope, plain, &mut apdu).expect("supported");
    apdu
}

pub(crate) fn frame_of(information: &[u8], segmented: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let frame = Outgoing {
        segmented,
        destination: Address::pair(103, 127),
        source: Address::short(1),
        control: 0x13,
        information,
    };
    encode(&frame, &mut bytes).expect("short enough");
    bytes
}

pub(crate) fn one_frame(apdu: &[u8]) -> Vec<u8> {
    frame_of(&[&LLC_RESPONSE, apdu].concat(), false)
}

/// The frames of a General Block Transfer.
pub(crate) fn block_frames(apdu: &[u8], payload_max: usize) -> Vec<Vec<u8>> {
    let blocks = gbt::encode_blocks(apdu, payload_max).expect("blocks");
    let frames = blocks.iter().enumerate().map(|(index, block)| {
        let llc: &[u8] = if index == 0 { &LLC_RESPONSE } else { &[] };
        frame_of(&[llc, block].concat(), false)
    });
    frames.collect()
}

pub(crate) fn blocks(apdu: &[u8]) -> Vec<u8> {
    block_frames(apdu, 112).concat()
}

/// Frames joined by the segmentation bit.
pub(crate) fn segment_frames(apdu: &[u8], length: usize) -> Vec<Vec<u8>> {
    let content = [&LLC_RESPONSE, apdu].concat();
    let count = content.chunks(length).count();
    let pieces = content.chunks(length).enumerate();
    pieces.map(|(index, piece)| frame_of(piece, index + 1 < count)).collect()
}

pub(crate) fn mbus(apdu: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_segments(apdu, [0x01, 0x67], &mut bytes).expect("16 segments suffice");
    bytes
}

pub(crate) fn options() -> PushOptions {
    PushOptions {
        guek: Some(GUEK),
        gak: Some(GAK),
        profile: meter::profile("lgz_e450"),
        zone: jiff::tz::TimeZone::get("Europe/Zurich").ok(),
        ..PushOptions::default()
    }
}

pub(crate) fn read(options: &PushOptions, bytes: &[u8]) -> Vec<Outcome> {
    read_in_pieces(options, bytes, usize::MAX)
}

pub(crate) fn read_in_pieces(options: &PushOptions, bytes: &[u8], length: usize) -> Vec<Outcome> {
    let mut reader = PushReader::new(options.clone());
    let mut outcomes = Vec::new();
    for piece in bytes.chunks(length) {
        outcomes.extend(reader.feed(None, piece));
    }
    outcomes.extend(reader.finish());
    outcomes
}
