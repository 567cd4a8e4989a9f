use super::*;
use crate::dlms::Data;

fn every_type() -> Data {
    Data::Structure(vec![
        Data::Null,
        Data::Boolean(true),
        Data::BitString(vec![true, false, true, true, false, false, false, true, true]),
        Data::DoubleLong(-2),
        Data::DoubleLongUnsigned(u32::MAX),
        Data::OctetString(vec![0; 200]),
        Data::VisibleString(b"LGZ".to_vec()),
        Data::Utf8String("é".as_bytes().to_vec()),
        Data::Bcd(0x42),
        Data::Integer(-1),
        Data::Long(i16::MIN),
        Data::Unsigned(255),
        Data::LongUnsigned(65_535),
        Data::Long64(i64::MIN),
        Data::Long64Unsigned(u64::MAX),
        Data::Enum(3),
        Data::Float32(-1.5),
        Data::Float64(0.1),
        Data::DateTime([7; 12]),
        Data::Date([5; 5]),
        Data::Time([4; 4]),
        Data::DeltaInteger(-3),
        Data::DeltaLong(-300),
        Data::DeltaDoubleLong(-70_000),
        Data::DeltaUnsigned(3),
        Data::DeltaLongUnsigned(300),
        Data::DeltaDoubleLongUnsigned(70_000),
        Data::DontCare,
        Data::Array(vec![]),
        Data::Array(vec![Data::Structure(vec![]), Data::Structure(vec![Data::Null])]),
        Data::CompactArray(vec![
            Data::Structure(vec![
                Data::Unsigned(1),
                Data::Array(vec![Data::Long(-1), Data::Long(2)]),
                Data::OctetString(vec![1, 2, 3]),
            ]),
            Data::Structure(vec![
                Data::Unsigned(2),
                Data::Array(vec![Data::Long(3), Data::Long(-4)]),
                Data::OctetString(vec![]),
            ]),
        ]),
        Data::CompactArray(vec![]),
    ])
}

fn decoded(bytes: &[u8]) -> Result<(Data, usize), Error> {
    let mut nodes = Vec::new();
    let end = decode(bytes, 0, &mut nodes, Style::Standard)?;
    let root = Document::new(bytes, &nodes).root().expect("an element");
    Ok((Data::of(&root).expect("tagged data"), end))
}

#[test]
fn every_data_type_comes_back() {
    let data = every_type();
    let mut bytes = Vec::new();
    data.encode(&mut bytes);
    assert_eq!(decoded(&bytes), Ok((data, bytes.len())));
}

#[test]
fn says_how_many_bytes_are_missing_at_least() {
    let mut bytes = Vec::new();
    every_type().encode(&mut bytes);
    for length in 0..bytes.len() {
        let Err(Error::Truncated { missing, .. }) = decoded(&bytes[..length]) else {
            panic!("{length} bytes of {} passed for whole", bytes.len());
        };
        assert!(missing >= 1 && length + missing <= bytes.len(), "{length}: {missing}");
    }
}

#[test]
fn keeps_offsets_and_numbers() {
    let bytes = [0x02, 0x03, 0x12, 0x00, 0xEB, 0x0F, 0xFE, 0x09, 0x02, b'a', b'b'];
    let mut nodes = Vec::new();
    decode(&bytes, 0, &mut nodes, Style::Standard).expect("valid");
    let root = Document::new(&bytes, &nodes).root().expect("an element");
    let [voltage, scaler, text] = root.elements().expect("three");
    assert_eq!((voltage.offset(), voltage.integer()), (2, Some(235)));
    assert_eq!((scaler.offset(), scaler.integer()), (5, Some(-2)));
    assert_eq!((text.offset(), text.content()), (7, &b"ab"[..]));
}

#[test]
fn refuses_unknown_tags_depth_and_counts() {
    assert_eq!(decoded(&[0x2A]), Err(Error::Tag { offset: 0, got: 0x2A }));
    assert_eq!(decoded(&[0x09, 0x80]), Err(Error::Length { offset: 0 }));
    let nested = [0x01, 0x01].repeat(DEPTH_MAX + 1);
    assert!(matches!(decoded(&nested), Err(Error::Depth { .. })));
    let mut many = vec![0x01, 0x82, 0xFF, 0xFF];
    many.extend([0; 0xFFFF]);
    assert!(matches!(decoded(&many), Err(Error::Elements { .. })));
    // A compact array of null data would never end.
    assert_eq!(decoded(&[0x13, 0x00, 0x01, 0x00]), Err(Error::Length { offset: 0 }));
}

#[test]
fn reads_the_known_deviations_only_when_asked() {
    let descriptors = [
        0x02, 0x02, 0x16, 0x01, 0x01, 0x01, // enum 1, array of one pair
        0x02, 0x02, 0x00, 0x03, 0x01, 0x00, 0x01, 0x07, 0x00, 0xFF, 0x02, 0x06, 0, 0, 0, 3,
    ];
    let mut nodes = Vec::new();
    decode(&descriptors, 0, &mut nodes, Style::AttributeDescriptors).expect("known deviation");
    assert_eq!(nodes[4].tag, tag::ATTRIBUTE_DESCRIPTOR);
    assert_eq!(nodes[5].tag, tag::DOUBLE_LONG_UNSIGNED);

    let swapped = [0x02, 0x02, 0x06, 0x09, 0x01, 0x00, 0x1F, 0x07, 0x00, 0xFF, 0x10, 0x00, 0xF4];
    assert!(decode(&swapped, 0, &mut nodes, Style::Standard).is_err());
    decode(&swapped, 0, &mut nodes, Style::SwappedLogicalNames).expect("known deviation");
    assert_eq!(nodes[1].tag, tag::OCTET_STRING);
}
