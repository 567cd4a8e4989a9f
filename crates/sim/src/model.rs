//! The meters that can be simulated.

/// A meter that can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// Its name on the command line, the same as in a configuration.
    pub name: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
}

/// Every meter that can be simulated.
#[must_use]
pub const fn models() -> &'static [Model] {
    &[
        Model {
            name: "lgz_e450",
            description: "Landis+Gyr E450, customer interface: DLMS push over wired M-Bus levels",
        },
        Model { name: "dsmr_p1", description: "a P1 port: DSMR 5, one telegram a second" },
        Model {
            name: "iec62056_21",
            description: "an optical port: IEC 62056-21, mode C, offers 9600 baud",
        },
        Model {
            name: "lgz_e450_dlms",
            description: "Landis+Gyr E450, asked over DLMS/COSEM: HDLC, mode E or TCP wrapper",
        },
        Model {
            name: "shelly_pro_3em",
            description: "Shelly Pro 3EM at a machine, and its PLC's count of pieces, over MQTT",
        },
        Model {
            name: "mbus",
            description: "a wired M-Bus: two machines' electricity meters, heat, water",
        },
    ]
}
