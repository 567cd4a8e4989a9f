use super::*;

#[test]
fn reads_every_kind_of_port_and_prints_it_back() {
    for text in [
        "serial:///dev/ttyUSB0?baud=2400&data=8&parity=even&stop=1",
        "serial:///dev/ttyS1?baud=9600&data=7&parity=none&stop=2",
        "tcp://10.0.0.12:4059",
        "tcp://[::1]:4059",
        "pty://",
        "pty:///tmp/meter",
        "file://capture.hex?speed=10",
        "modbus+tcp://10.0.0.12:502?unit=7",
        "modbus+tcp://10.0.0.12:502?unit=255",
        "modbus+tcp://[fe80::1]:1502?unit=1",
        "modbus+rtu:///dev/ttyUSB1?baud=19200&data=8&parity=even&stop=1&unit=3",
        "modbus+rtutcp://10.0.0.12:4001?unit=3",
        "mbus+serial:///dev/ttyUSB2?baud=2400&data=8&parity=even&stop=1&address=5",
        "mbus+tcp://gateway:10001?address=254",
        "mbus+tcp://gateway:10001?secondary=12345678FFFFFFFF",
    ] {
        let port: Port = text.parse().expect(text);
        assert_eq!(port.to_string(), text);
    }
    let short: Port = "serial:///dev/ttyUSB0".parse().expect("valid");
    let customer = SerialSettings::customer_interface(PathBuf::from("/dev/ttyUSB0"));
    assert_eq!(short, Port::Serial(customer));
    let modbus: Port = "modbus+tcp://10.0.0.12?unit=7".parse().expect("valid");
    assert_eq!(modbus.to_string(), "modbus+tcp://10.0.0.12:502?unit=7");
}

/// Meters behind one gateway take turns, whatever unit they are.
#[test]
fn meters_share_a_device_or_a_host() {
    let bus = |text: &str| text.parse::<Port>().expect(text).bus();
    assert_eq!(bus("modbus+tcp://g:502?unit=1"), bus("modbus+tcp://g?unit=2"));
    assert_ne!(bus("modbus+tcp://g:502?unit=1"), bus("modbus+tcp://g:503?unit=1"));
    let rtu = "modbus+rtu:///dev/ttyUSB1";
    assert_eq!(bus(&format!("{rtu}?unit=1")), bus(&format!("{rtu}?baud=19200&unit=2")));
    assert_ne!(bus("modbus+tcp://g:502?unit=1"), bus("modbus+rtutcp://g:502?unit=2"));
    assert_eq!(bus("pty://"), None);
}

#[test]
fn a_port_is_turned_to_another_meter_of_its_bus() {
    let port = |text: &str| text.parse::<Port>().expect(text);
    let other = port("modbus+rtutcp://g:4001?unit=3").with_unit(9);
    assert_eq!(other, port("modbus+rtutcp://g:4001?unit=9"));
    let wanted = MbusAddress::Secondary("12345678FFFFFFFF".to_owned());
    let other = port("mbus+tcp://g:10001?address=5").with_mbus_address(wanted);
    assert_eq!(other, port("mbus+tcp://g:10001?secondary=12345678FFFFFFFF"));
}

#[test]
fn says_what_is_wrong_and_what_was_expected() {
    let cases = [
        (
            "/dev/ttyUSB0",
            "expected serial://, tcp://, pty://, file://, modbus+tcp://, modbus+rtu://, \
             modbus+rtutcp://, mbus+serial:// or mbus+tcp://, found \"/dev/ttyUSB0\"",
        ),
        (
            "usb://x",
            "expected serial://, tcp://, pty://, file://, modbus+tcp://, modbus+rtu://, \
             modbus+rtutcp://, mbus+serial:// or mbus+tcp://, found \"usb\"",
        ),
        ("serial://", "expected a device, as in serial:///dev/ttyUSB0"),
        ("serial:///dev/x?baud=fast", "baud=fast: expected a baud rate such as 2400"),
        ("serial:///dev/x?data=9", "data=9: expected 5, 6, 7 or 8"),
        ("serial:///dev/x?parity=mark", "parity=mark: expected none, even or odd"),
        ("serial:///dev/x?stop=0", "stop=0: expected 1 or 2"),
        (
            "serial:///dev/x?bauds=1",
            "\"bauds\" is no setting of serial://; expected baud, data, parity, stop",
        ),
        ("tcp://host", "expected tcp://HOST:PORT"),
        ("tcp://host:70000", "expected tcp://HOST:PORT"),
        ("tcp://host:1?x=1", "\"x\" is no setting of tcp://; expected none"),
        ("file://a?speed=0", "speed=0: expected a number above 0, such as 10"),
        ("modbus+tcp://h:502", "expected unit=N, the meter's unit id (1 to 247)"),
        (
            "modbus+tcp://h?unit=248",
            "unit=248: expected the meter's unit id, 1 to 247 (0 or 255 for a device of its own on TCP)",
        ),
        ("mbus+tcp://h", "expected mbus+tcp://HOST:PORT?address=N"),
        ("mbus+tcp://h:1", "expected address=N (0 to 250) or secondary=ID"),
        (
            "mbus+serial:///dev/x?address=251",
            "address=251: expected a primary address, 0 to 250 (254 for a slave alone on its line)",
        ),
        (
            "mbus+serial:///dev/x?secondary=1234",
            "secondary=1234: expected 16 hexadecimal digits: identification, manufacturer, \
             version, medium",
        ),
        (
            "mbus+serial:///dev/x?address=1&secondary=1234567812345678",
            "expected address=N or secondary=ID, one of them",
        ),
    ];
    for (text, message) in cases {
        let error = text.parse::<Port>().expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}
