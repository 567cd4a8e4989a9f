//! What is wrong with a map file is said with its place and what was expected.

use meter::modbus::parse;

const GOOD: &str = r#"
title = "Example"
function = 3
type = "f32"

register = [
    { quantity = "voltage_l1", address = 0, unit = "V" },
    { quantity = "active_power", address = 10, unit = "kW" },
]
"#;

/// The text that the first fault points at, and its message.
fn refused(text: &str) -> (String, String) {
    let faults = parse("my_meter", text).expect_err("must be refused");
    let first = &faults[0];
    let at = first.span.clone().map(|span| text[span].to_owned()).unwrap_or_default();
    (at, first.message.clone())
}

#[test]
fn every_mistake_has_its_place() {
    let row = r#"{ quantity = "voltage_l1", address = 0, unit = "V" }"#;
    let cases = [
        ("voltage_l1", "voltage_1", "\"voltage_1\"", "did you mean \"voltage_l1\"?"),
        ("unit = \"V\"", "unit = \"W\"", "\"W\"", "voltage_l1 is in V"),
        ("unit = \"V\"", "unit = \"Volts\"", "\"Volts\"", "no such unit; expected V"),
        (", unit = \"V\"", "", "0", "expected the unit of the register"),
        ("address = 0", "address = 65535", "65535", "would end beyond register 65535"),
        ("address = 0", "address = 70000", "70000", "expected an address from 0 to 65535"),
        ("\"f32\"", "\"float33\"", "\"float33\"", "no such type; expected u16, i16"),
        ("function = 3", "function = 6", "6", "expected 3 (holding) or 4 (input), found 6"),
        ("function = 3\n", "", "0", "expected function = 3 (holding) or 4 (input), here or"),
        (
            "type = \"f32\"\n",
            "",
            row,
            "expected type = \"f32\" or another, here or once at the top",
        ),
        ("title = \"Example\"", "title = \"\"", "\"\"", "expected what people call the meter"),
        ("function = 3", "function = 3\nread_max = 200", "200", "expected 1 to 125"),
        ("function = 3", "function = 3\nline = \"fast\"", "\"fast\"", "as \"9600 8N1\""),
        ("function = 3", "function = 3\nbytes = 2", "bytes", "unknown field `bytes`"),
        ("function = 3", "function = 3\norder = \"ACBD\"", "\"ACBD\"", "unknown variant `ACBD`"),
        ("address = 0", "address = 0, scale = 0", "0", "expected a number other than 0"),
        ("address = 0", "address = 0, scale = 2, decimals = 1", "1", "not both"),
        ("address = 0", "address = 0, length = 2", "2", "f32 has a length of its own"),
        ("active_power", "voltage_l1", "\"voltage_l1\"", "is read already above"),
        (
            "address = 0",
            "address = 0, type = \"u16\", not_available = 0x10000",
            "0x10000",
            "up to 0xFFFF",
        ),
        ("quantity = \"voltage_l1\", ", "", "{ address = 0, unit = \"V\" }", "or obis"),
        ("quantity = \"voltage_l1\"", "obis = \"1.8.0\"", "\"1.8.0\"", "such as 1-0:32.7.0"),
    ];
    for (from, to, place, message) in cases {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from} is in the map");
        let (at, said) = refused(&text);
        assert!(said.contains(message), "{to}: {said}");
        assert_eq!(at, place, "{to}: {said}");
    }
}

#[test]
fn every_mistake_is_said_at_once_in_the_order_of_the_file() {
    let text = GOOD.replace("voltage_l1", "volts").replace("kW", "kWh");
    let faults = parse("my_meter", &text).expect_err("two mistakes");
    assert_eq!(faults.len(), 2);
    let starts: Vec<_> = faults.iter().filter_map(|f| Some(f.span.as_ref()?.start)).collect();
    assert!(starts[0] < starts[1], "{faults:?}");
}

#[test]
fn addresses_are_those_of_the_data_sheet() {
    let address = |head: &str, address: &str| {
        let text = format!(
            "title = \"x\"\ntype = \"u16\"\n{head}\nregister = [{{ quantity = \"frequency\", \
             address = {address}, unit = \"Hz\" }}]\n"
        );
        parse("m", &text).map(|map| {
            let span = map.registers[0].cell.span;
            (span.table.function(), span.address)
        })
    };
    assert_eq!(address("function = 3", "2999"), Ok((3, 2999)));
    assert_eq!(address("function = 3", "0x0BB7"), Ok((3, 2999)));
    assert_eq!(address("function = \"input\"\nnumbering = \"one_based\"", "3000"), Ok((4, 2999)));
    assert_eq!(address("numbering = \"modicon\"", "30001"), Ok((4, 0)));
    assert_eq!(address("numbering = \"modicon\"", "40070"), Ok((3, 69)));
    assert_eq!(address("numbering = \"modicon\"", "465536"), Ok((3, 65_535)));
    assert!(address("numbering = \"modicon\"", "50001").is_err());
    assert!(address("function = 3\nnumbering = \"one_based\"", "0").is_err());
}
