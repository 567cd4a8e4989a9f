//! Telegrams of our own, kept as files: `telegrams/dlms/*.hex` with `.expected.json`.
//!
//! Every layout, transport and protection that no recorded telegram shows is proved here. With
//! `UPDATE_EXPECT=1` the files are written anew; a difference is then reviewed in git.

mod telegram;

use frame::dlms::{Data, LLC_RESPONSE};
use meter::push::{Outcome, PushOptions};
use reading::Value;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::{Path, PathBuf};
use telegram::{
    blocks, e450_apdu, frame_of, mbus, name, notification, obis, object, one_frame, options,
    push_list, read, scaler_unit, sealed, segment_frames, text, time, visible, wiener_netze,
};

struct Golden {
    name: &'static str,
    bytes: Vec<u8>,
    options: PushOptions,
}

fn golden(name: &'static str, bytes: Vec<u8>) -> Golden {
    Golden { name, bytes, options: options() }
}

fn without_profile(golden: Golden) -> Golden {
    let options = PushOptions { profile: None, ..golden.options };
    Golden { options, ..golden }
}

fn with_profile(golden: Golden, name: &str) -> Golden {
    let profile = Some(meter::profile(name).expect("a profile"));
    let options = PushOptions { profile, ..golden.options };
    Golden { options, ..golden }
}

fn all() -> Vec<Golden> {
    let mut all = e450();
    all.extend(positional());
    all.extend(transports());
    all.extend(deviations());
    all
}

fn e450() -> Vec<Golden> {
    let plain = e450_apdu();
    let short = |control| {
        one_frame(&sealed(
            control,
            7,
            &plain[..18]
                .iter()
                .chain(&[2, 2, 9, 6, 1, 0, 1, 8, 0, 255, 6, 0, 0, 1, 0])
                .copied()
                .collect::<Vec<_>>(),
        ))
    };
    vec![
        golden("e450_plain", blocks(&plain)),
        without_profile(golden("e450_plain_without_profile", blocks(&plain))),
        golden("e450_encrypted_authenticated", blocks(&sealed(0x30, 1, &plain))),
        golden("e450_encrypted_only", short(0x20)),
        golden("e450_authenticated_only", short(0x10)),
        golden("e450_ciphered_in_clear", short(0x00)),
        golden(
            "e450_replayed",
            [blocks(&sealed(0x30, 5, &plain)), blocks(&sealed(0x30, 5, &plain))].concat(),
        ),
        with_profile(golden("e450_wrong_profile_voltage", blocks(&plain)), "lgz_e450_decivolt"),
        with_profile(golden("e450_wrong_profile_current", blocks(&plain)), "lgz_e570"),
        golden("e450_alternating_lists", [blocks(&plain), blocks(&second_list())].concat()),
        golden("list_with_scaler_objects", one_frame(&scaler_objects())),
        golden("list_beside_its_values", one_frame(&list_beside_values())),
    ]
}

fn second_list() -> Vec<u8> {
    let objects = [
        (40, "0-9:25.9.0", 1, Data::OctetString(obis("0-9:25.9.0").to_vec())),
        (1, "0-0:96.1.0", 2, text("00012345")),
        (3, "1-0:1.8.1", 2, Data::DoubleLongUnsigned(500)),
        (3, "1-0:16.7.0", 2, Data::DoubleLong(-1500)),
        (70, "0-0:96.3.10", 3, Data::Enum(1)),
        (4, "0-1:24.2.1", 2, Data::DoubleLong(30_545)),
        (1, "0-2:96.1.0", 2, Data::OctetString(vec![0])),
    ];
    notification(Some(time(0)), &push_list("0-9:25.9.0", &objects))
}

/// Attribute 3 of a register as an object of its own gives its scaler and unit.
fn scaler_objects() -> Vec<u8> {
    let objects = [
        (3, "1-0:32.7.0", 2, Data::LongUnsigned(2351)),
        (3, "1-0:32.7.0", 3, scaler_unit(-1, 35)),
        (4, "1-0:1.6.0", 2, Data::DoubleLongUnsigned(12)),
        (4, "1-0:1.6.0", 3, scaler_unit(3, 27)),
        (4, "1-0:1.6.0", 5, Data::OctetString(time(0).to_vec())),
        (3, "1-0:99.7.0", 2, Data::Long64Unsigned(u64::MAX)),
    ];
    notification(Some(time(0)), &push_list("0-8:25.9.0", &objects))
}

/// The list stands before the values and is none of them.
fn list_beside_values() -> Vec<u8> {
    let list = Data::Array(vec![object(3, "1-0:1.7.0", 2), object(3, "1-0:14.7.0", 2)]);
    let body = vec![list, Data::DoubleLongUnsigned(10), Data::Float32(49.98)];
    notification(None, &Data::Structure(body))
}

fn positional() -> Vec<Golden> {
    let phases = || [235, 236, 234, 203, 110, 0].map(Data::LongUnsigned).to_vec();
    let totals = || [700, 0, 1_234_567, 89].map(Data::DoubleLongUnsigned).to_vec();
    let fourteen = [
        phases(),
        totals(),
        [1, 2, 3].map(Data::LongUnsigned).to_vec(),
        vec![text("LGZ1030000000017")],
    ];
    let eleven = [phases(), totals(), vec![text("LGZ1030000000017")]];
    let burgenland = |body: Vec<Data>| {
        one_frame(&sealed(0x30, 9, &notification(Some(time(0)), &Data::Structure(body))))
    };
    let wien = || blocks(&notification(Some(time(0)), &wiener_netze()));
    let kaifa = |lists: [&[u32]; 2]| one_frame(&kaifa_list(lists));
    let single: &[u32] = &[948, 0, 64, 0, 1416, 2385];
    let three: &[u32] = &[948, 0, 64, 0, 1416, 3241, 3119, 2385, 0, 2389];
    let energies: &[u32] = &[5_000, 10, 200, 30];
    let profiled = |name, bytes| with_profile(golden(name, bytes), "kfm_ma304h3e");
    let mut list_one = vec![0x0F, 0x40, 0, 0, 0, 0x09, 0x0C];
    list_one.extend(time(0xFF));
    Data::Structure(vec![Data::DoubleLongUnsigned(948)]).encode(&mut list_one);
    vec![
        golden("burgenland_14", burgenland(fourteen.concat())),
        without_profile(golden("burgenland_11_without_profile", burgenland(eleven.concat()))),
        golden("wiener_netze_9", wien()),
        without_profile(golden("wiener_netze_9_without_profile", wien())),
        profiled("kaifa_list_1", one_frame(&list_one)),
        profiled("kaifa_list_2_one_phase", kaifa([single, &[]])),
        profiled("kaifa_list_2_three_phases", kaifa([three, &[]])),
        profiled("kaifa_list_3_one_phase", kaifa([single, energies])),
        profiled("kaifa_list_3_three_phases", kaifa([three, energies])),
        with_profile(golden("ece_list_1", one_frame(&ece_list_1())), "isk_am550"),
        golden(
            "unknown_layout",
            one_frame(&notification(
                None,
                &Data::Structure(vec![Data::Unsigned(1), Data::Unsigned(2)]),
            )),
        ),
    ]
}

fn kaifa_list([now, energies]: [&[u32]; 2]) -> Vec<u8> {
    let mut body = vec![text("KFM_001"), text("6970631400000017"), text("MA304H3E")];
    body.extend(now.iter().copied().map(Data::DoubleLongUnsigned));
    if !energies.is_empty() {
        body.push(Data::OctetString(time(0xFF).to_vec()));
        body.extend(energies.iter().copied().map(Data::DoubleLongUnsigned));
    }
    // Kaifa tags the date-time of the header.
    let mut apdu = vec![0x0F, 0x40, 0, 0, 0, 0x09, 0x0C];
    apdu.extend(time(0xFF));
    Data::Structure(body).encode(&mut apdu);
    apdu
}

fn ece_list_1() -> Vec<u8> {
    let mut body = vec![text("ISK1030000000017"), text("ISK80000017")];
    body.extend([1_500, 0, 20, 0].map(Data::DoubleLongUnsigned));
    body.extend([2346, 2351, 2339, 320, 180, 150].map(Data::LongUnsigned));
    body.extend([750, 420, 350, 0, 0, 0].map(Data::DoubleLongUnsigned));
    notification(Some(time(0)), &Data::Structure(body))
}

fn transports() -> Vec<Golden> {
    let plain = e450_apdu();
    let short_frame = [0x10, 0x40, 0x01, 0x41, 0x16];
    let segments = segment_frames(&plain, 150);
    let mut gap = segments.clone();
    gap.remove(1);
    let mut damaged = segments.clone();
    damaged[1][40] ^= 4;
    let nested: Vec<_> = telegram::block_frames(&plain, 112).into_iter().collect();
    let missing = [&nested[..1], &nested[2..]].concat().concat();
    let llc: &[u8] = &LLC_RESPONSE;
    vec![
        golden("segmented", segments.concat()),
        golden("segment_damaged", damaged.concat()),
        golden("segment_lost", gap.concat()),
        golden("block_missing", missing),
        golden(
            "short_frames_between",
            [&blocks(&plain)[..], &short_frame, &[0x55; 3], &blocks(&second_list())].concat(),
        ),
        golden("mbus_segments", mbus(&sealed(0x30, 3, &plain))),
        golden("mbus_length_overflow", mbus_overflow(&sealed(0x30, 3, &plain))),
        golden("mbus_segment_missing", mbus(&plain)[261..].to_vec()),
        golden("apdus_without_link_layer", [plain.clone(), sealed(0x30, 4, &plain)].concat()),
        golden("noise_before_an_apdu", [&[0xAA, 0xBB], &plain[..]].concat()),
        golden("apdu_cut_short", plain[..200].to_vec()),
        golden("frames_cut_short", blocks(&plain)[..200].to_vec()),
        golden("response_without_push", frame_of(&[llc, &[0xC4, 1, 0xC1, 0]].concat(), false)),
    ]
}

/// Sagemcom's first segment counts 257 bytes, announced as 1.
fn mbus_overflow(apdu: &[u8]) -> Vec<u8> {
    let frame = |ci, payload: &[u8]| {
        let counted = [&[0x53, 0xFF, ci, 0x01, 0x67], payload].concat();
        let length = u8::try_from(counted.len() % 256).expect("a remainder");
        let sum = counted.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        [&[0x68, length, length, 0x68], &counted[..], &[sum, 0x16]].concat()
    };
    let (first, rest) = apdu.split_at(252);
    [frame(0x00, first), frame(0x11, rest)].concat()
}

fn deviations() -> Vec<Golden> {
    let norwegian = |entries: Vec<Data>| one_frame(&notification(None, &Data::Array(entries)));
    let entry = |code: &str, value: Data, scaler: i8, unit: u8| {
        Data::Structure(vec![name(code), value, scaler_unit(scaler, unit)])
    };
    let mut swapped = Vec::new();
    Data::Array(vec![
        Data::Structure(vec![name("1-1:0.2.129"), visible("EMBRIQ_V1_1")]),
        entry("1-0:31.7.0", Data::Long(244), -2, 33),
    ])
    .encode(&mut swapped);
    let place =
        swapped.windows(8).rposition(|it| it == [9, 6, 1, 0, 31, 7, 0, 255]).expect("the code");
    swapped[place..place + 2].reverse();
    let mut swapped_apdu = vec![0x0F, 0x40, 0, 0, 0, 0];
    swapped_apdu.extend(swapped);
    let flat = Data::Structure(vec![
        Data::OctetString(time(0).to_vec()),
        name("1-0:1.8.0"),
        Data::DoubleLongUnsigned(12_937),
        scaler_unit(0, 30),
        name("1-0:32.7.0"),
        Data::LongUnsigned(2337),
        scaler_unit(-1, 35),
        text("181220000017"),
    ]);
    let descriptor = Data::Structure(vec![
        Data::LongUnsigned(3),
        name("1-0:1.8.0"),
        Data::Integer(2),
        Data::DoubleLongUnsigned(77),
    ]);
    let pair = Data::Structure(vec![object(70, "0-0:96.3.10", 3), Data::Enum(2)]);
    let descriptors = vec![descriptor, pair];
    let state = Data::Structure(vec![Data::Enum(1), Data::Array(descriptors.clone())]);
    let names = Data::Structure(vec![
        name("1-0:1.7.0"),
        name("1-0:2.7.0"),
        Data::DoubleLongUnsigned(1),
        Data::DoubleLongUnsigned(2),
    ]);
    // The meter itself cuts its list: the check sequence holds.
    let cut = notification(Some(time(0)), &flat);
    let conflict = vec![
        entry("1-0:32.7.0", Data::LongUnsigned(12), 0, 27),
        entry("1-0:1.7.0", Data::Long64(-5), 1, 27),
    ];
    vec![
        golden(
            "norwegian_structures",
            norwegian(vec![
                Data::Structure(vec![name("1-1:0.2.129"), visible("AIDON_V0001")]),
                entry("1-0:1.7.0", Data::DoubleLongUnsigned(1362), 0, 27),
                entry("1-0:31.7.0", Data::Long(-93), -1, 33),
                entry("1-0:32.7.0", Data::LongUnsigned(2500), -1, 35),
            ]),
        ),
        golden("flat_with_scalers", one_frame(&notification(Some(time(0)), &flat))),
        golden("unit_conflict", norwegian(conflict)),
        golden("swapped_logical_names", one_frame(&swapped_apdu)),
        golden("tagged_descriptors", norwegian(descriptors.clone())),
        golden("state_and_descriptors", one_frame(&notification(None, &state))),
        golden("names_before_values", one_frame(&notification(None, &names))),
        golden("data_cut_short", one_frame(&cut[..cut.len() - 9])),
    ]
}

#[test]
fn telegrams_of_our_own_decode_as_their_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../telegrams/dlms");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut known: Vec<PathBuf> = Vec::new();
    for golden in all() {
        let hex = folder.join(golden.name).with_extension("hex");
        let expected = folder.join(golden.name).with_extension("expected.json");
        let outcomes = read(&golden.options, &golden.bytes);
        let found = json!({
            "profile": golden.options.profile.map(|profile| profile.name),
            "timezone": "Europe/Zurich",
            "guek": digits(&telegram::GUEK),
            "gak": digits(&telegram::GAK),
            "telegrams": outcomes.iter().map(shown).collect::<Vec<_>>(),
        });
        if update {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(&hex, digits(&golden.bytes) + "\n").expect("written");
            let text = serde_json::to_string_pretty(&found).expect("JSON");
            fs::write(&expected, text + "\n").expect("written");
        }
        let kept =
            frame::capture_text::bytes_of_capture(&fs::read(&hex).expect("the telegram's file"));
        assert_eq!(kept, golden.bytes, "{}", golden.name);
        let kept: Json =
            serde_json::from_slice(&fs::read(&expected).expect("the expectation")).expect("JSON");
        assert_eq!(found, kept, "{}", golden.name);
        known.extend([hex, expected]);
    }
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    known.sort();
    assert_eq!(files, known, "a file without a telegram, or the other way round");
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn shown(outcome: &Outcome) -> Json {
    let values = outcome.values.iter().map(|value| {
        let reading = &value.reading;
        let shown = match &reading.value {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => format!("\"{text}\""),
        };
        json!({
            "obis": reading.obis.map(|obis| obis.to_string()),
            "quantity": reading.quantity.map(reading::Quantity::name),
            "value": shown,
            "unit": reading.unit.map(reading::Unit::symbol),
            "quality": reading.quality.name(),
            "offset": value.offset,
        })
    });
    let defects = outcome.defects.iter().map(|defect| {
        json!({"code": defect.code.name(), "detail": defect.detail, "offset": defect.offset})
    });
    json!({
        "offset": outcome.offset,
        "end": outcome.end,
        "delivered": outcome.delivered,
        "meter": outcome.meter,
        "meter_time": outcome.meter_time.map(|time| time.to_string()),
        "measured_at": outcome.measured_at.map(|instant| instant.to_string()),
        "list": outcome.list.as_ref().map(reading::ListId::as_str),
        "encrypted": outcome.security.encrypted,
        "authenticated": outcome.security.authenticated,
        "invocation_counter": outcome.security.invocation_counter,
        "values": values.collect::<Vec<_>>(),
        "defects": defects.collect::<Vec<_>>(),
    })
}
