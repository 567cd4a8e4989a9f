//! Fuzz targets, run as ordinary tests for `TRIPHASE_FUZZ_SECONDS` each (1 by default), and with
//! `cargo bolero test` for as long as one likes.

mod telegram;

use meter::push::{PushOptions, PushReader};
use meter::readout::{ReadOut, ReadoutOptions, ReadoutReader, Start};
use std::time::Duration;
use telegram::{blocks, e450_apdu, mbus, one_frame, options, sealed, segment_frames};

fn duration() -> Duration {
    let seconds = std::env::var("TRIPHASE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

fn read_everything(bytes: &[u8]) {
    let mut reader = PushReader::new(PushOptions { explain: true, ..options() });
    for outcome in reader.feed(None, bytes).into_iter().chain(reader.finish()) {
        assert!(outcome.delivered || outcome.values.is_empty());
    }
}

#[test]
fn fuzz_push_reader_with_any_bytes() {
    bolero::check!().with_test_time(duration()).for_each(read_everything);
}

#[test]
fn fuzz_push_reader_with_altered_telegrams() {
    let plain = e450_apdu();
    let seeds = [
        blocks(&plain),
        blocks(&sealed(0x30, 1, &plain)),
        segment_frames(&plain, 100).concat(),
        mbus(&plain),
        one_frame(&sealed(0x20, 2, &plain)),
        plain.clone(),
        sealed(0x30, 3, &plain),
    ];
    bolero::check!().with_test_time(duration()).with_type::<(u8, Vec<(u16, u8)>, u16)>().for_each(
        |(seed, edits, cut)| {
            let mut bytes = seeds[usize::from(*seed) % seeds.len()].clone();
            for (at, value) in edits {
                let at = usize::from(*at) % bytes.len();
                bytes[at] = *value;
            }
            bytes.truncate(bytes.len() - usize::from(*cut) % bytes.len());
            read_everything(&bytes);
        },
    );
}

/// Data of any shape inside an intact frame: this gets past the check sequences.
#[test]
fn fuzz_notification_bodies() {
    bolero::check!().with_test_time(duration()).for_each(|body| {
        let mut apdu = vec![0x0F, 0, 0, 0, 1, 0];
        apdu.extend(&body[..body.len().min(1500)]);
        read_everything(&one_frame(&apdu));
        read_everything(&apdu);
    });
}

fn read_out_everything(bytes: &[u8]) {
    for start in [Start::Marked, Start::Anywhere] {
        let options = ReadoutOptions {
            guek: Some([7; 16]),
            start,
            explain: true,
            ..ReadoutOptions::default()
        };
        let mut check = |read_out: ReadOut<'_>| {
            assert!(read_out.outcome.delivered || read_out.outcome.values.is_empty());
            assert!(read_out.entries().all(|entry| entry.end() <= read_out.found.block.len()));
        };
        let mut reader = ReadoutReader::new(options);
        reader.feed(None, bytes, &mut check);
        reader.finish(&mut check);
        assert_eq!(reader.held(), 0);
    }
}

#[test]
fn fuzz_read_outs_of_any_bytes() {
    bolero::check!().with_test_time(duration()).for_each(read_out_everything);
}

#[test]
fn fuzz_read_outs_with_altered_characters() {
    let seeds = [
        &b"/TRI5\\2X\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(200512135409S)\r\n1-0:1.8.1(1.5*kWh)\r\n\
           0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00001.001)\r\n!1234\r\n"[..],
        b"/?!\r\n/TRI4X\r\n\x06040\r\n\x02F.F(00)\r\n6.8(29.055*MWh)6.26*01(1*m3)9.4(88*C&82*C)\r\n\
          \x04\x00\x06\x021.6.0(2.4*kW)(1703100930)\r\n!\r\n\x03\x00",
    ];
    bolero::check!().with_test_time(duration()).with_type::<(u8, Vec<(u16, u8)>, u16)>().for_each(
        |(seed, edits, cut)| {
            let mut bytes = seeds[usize::from(*seed) % seeds.len()].to_vec();
            for (at, value) in edits {
                let at = usize::from(*at) % bytes.len();
                bytes[at] = *value;
            }
            bytes.truncate(bytes.len() - usize::from(*cut) % bytes.len());
            read_out_everything(&bytes);
        },
    );
}

/// A meter that answers with anything at all: a reading ends within its bounds, and delivers
/// nothing that no meter sent.
#[test]
fn fuzz_answers_of_a_meter_that_is_asked() {
    use meter::cosem::{Carriage, CosemOptions, Proof};
    use meter::{DriverOptions, STEPS_MAX, Step};
    use reading::{MeterId, Timestamp};
    bolero::check!().with_test_time(duration()).with_type::<(u8, Vec<Vec<u8>>)>().for_each(
        |(kind, answers)| {
            let carriage = match kind % 3 {
                0 => Carriage::Hdlc,
                1 => Carriage::Wrapper,
                _ => Carriage::ModeE { device: None },
            };
            let keyed = kind & 4 != 0;
            let proof = if keyed { Proof::HighGmac } else { Proof::None };
            let wrapped = carriage == Carriage::Wrapper;
            let dlms = Some(CosemOptions { carriage, proof, ..CosemOptions::default() });
            let meter = MeterId::new("m").expect("valid");
            let (guek, gak) = if keyed { (Some([1; 16]), Some([2; 16])) } else { (None, None) };
            let options = DriverOptions { guek, gak, dlms, ..DriverOptions::new(meter) };
            let meter::Reader::Asks(mut dialogue) =
                meter::model("generic_dlms").expect("known").reader(options)
            else {
                panic!("a model that is asked");
            };
            let mut answers = answers.iter();
            let mut now = Timestamp::from_seconds(1_780_000_000);
            dialogue.begin(now);
            for step in 0..STEPS_MAX {
                match dialogue.step(now) {
                    Step::Listen(patience) => match answers.next() {
                        Some(apdu) => {
                            // Behind a good header any APDU gets as far as it can.
                            let length = u16::try_from(apdu.len()).unwrap_or(u16::MAX);
                            let header = [&[0, 1, 0, 1, 0, 16][..], &length.to_be_bytes()].concat();
                            let bytes = if wrapped {
                                [header, apdu.clone()].concat()
                            } else {
                                apdu.clone()
                            };
                            dialogue.receive(now, &bytes);
                        }
                        None => {
                            now = now.plus(patience);
                            dialogue.elapsed(now);
                        }
                    },
                    Step::Done(answer) => {
                        assert!(answer.heard.telegrams.is_empty() || !keyed, "forged");
                        return;
                    }
                    _ => assert!(step + 1 < STEPS_MAX, "the reading goes round in circles"),
                }
            }
            panic!("the reading does not end");
        },
    );
}
