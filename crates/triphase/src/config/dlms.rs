//! A meter's `dlms` table: how it is reached and asked over DLMS/COSEM.

use super::checked::{duration_of, place};
use super::raw;
use super::report::Complaint;
use super::secret::Secret;
use anyhow::{Context, Result};
use meter::Protocol;
use meter::cosem::{Carriage, CosemOptions, OBJECTS_MAX, PROFILES_MAX, Proof};
use reading::Obis;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;

/// Shortest and longest look back at the first contact.
const BACKFILL: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(3600)..=Duration::from_secs(366 * 86_400);
/// Longest password: a challenge may be 64 bytes (Green Book 9.2.2.2.2).
const PASSWORD_MAX: usize = 64;
/// Highest address of an HDLC client and of a part of a server's address.
const CLIENT_MAX: u8 = 127;
const SERVER_MAX: u16 = 0x3FFF;
/// Longest device address of a sign-on (IEC 62056-21, 6.3.1).
const DEVICE_MAX: usize = 32;

/// A checked `dlms` table. The password is read when the service starts.
#[derive(Debug, Clone)]
pub(crate) struct DlmsConfig {
    options: CosemOptions,
    password: Option<Secret>,
}

impl DlmsConfig {
    /// What the client is told, with the password read.
    ///
    /// # Errors
    /// The password cannot be read, or is empty or too long for an association.
    pub(crate) fn options(&self) -> Result<CosemOptions> {
        let mut options = self.options.clone();
        if let Some(secret) = &self.password {
            let text = secret.text().context("dlms.password")?;
            anyhow::ensure!(!text.is_empty(), "dlms.password is empty");
            anyhow::ensure!(
                text.len() <= PASSWORD_MAX,
                "dlms.password has {} bytes, a password has at most {PASSWORD_MAX}",
                text.len()
            );
            options.proof = Proof::Low(text.into_bytes());
        }
        Ok(options)
    }
}

/// What the meter's other keys say.
pub(super) struct Around<'a> {
    pub(super) folder: &'a Path,
    pub(super) model: Option<&'static meter::Model>,
    pub(super) port: Option<&'a wire::Port>,
    /// The meter's own table, for what is missing in it.
    pub(super) span: Range<usize>,
    pub(super) has_guek: bool,
    pub(super) has_gak: bool,
}

/// Checks the table of a meter that is asked over DLMS/COSEM, and that no other meter has one.
pub(super) fn check(
    raw: Option<Spanned<raw::Dlms>>,
    around: &Around<'_>,
    wrong: &mut Vec<Complaint>,
) -> Option<DlmsConfig> {
    let asked = around.model.is_some_and(|model| model.protocol == Protocol::Cosem);
    if !asked {
        if let Some(table) = raw {
            let names = meter::models().iter().filter(|it| it.protocol == Protocol::Cosem);
            let names: Vec<&str> = names.map(|model| model.name).collect();
            let message = format!(
                "only a model that is asked over DLMS/COSEM has this table: {}",
                names.join(", ")
            );
            wrong.push(Complaint::at(table.span(), message));
        }
        return None;
    }
    let span = raw.as_ref().map_or_else(|| around.span.clone(), Spanned::span);
    let raw = raw.map(Spanned::into_inner).unwrap_or_default();
    let mut options = CosemOptions::default();
    carriage(&raw, around, (&mut options, wrong));
    addresses(&raw, span.clone(), (&mut options, wrong));
    proof(&raw, span, (around, &mut options, wrong));
    if let Some(title) = &raw.system_title {
        match frame::capture_text::bytes_of_text(title.get_ref().as_bytes())
            .and_then(|bytes| bytes.try_into().ok())
        {
            Some(bytes) => options.system_title = Some(bytes),
            None => {
                let message = "expected a system title of 16 hexadecimal digits";
                wrong.push(Complaint::at(title.span(), message));
            }
        }
    }
    options.objects = codes(raw.objects.as_ref(), OBJECTS_MAX, wrong);
    options.profiles = codes(raw.profiles.as_ref(), PROFILES_MAX, wrong);
    if let Some(text) = &raw.backfill {
        match duration_of(text.get_ref()).filter(|it| BACKFILL.contains(it)) {
            Some(backfill) => options.backfill = backfill,
            None => {
                let message = "expected a time from 1h to 366d, such as \"7d\"";
                wrong.push(Complaint::at(text.span(), message));
            }
        }
    }
    let password = raw.password.map(|secret| place(secret.into_inner(), around.folder));
    Some(DlmsConfig { options, password })
}

fn carriage(
    raw: &raw::Dlms,
    around: &Around<'_>,
    (options, wrong): (&mut CosemOptions, &mut Vec<Complaint>),
) {
    let transport = raw.transport.as_ref().map(|transport| *transport.get_ref());
    options.carriage = match transport {
        None | Some(raw::DlmsTransport::Hdlc) => Carriage::Hdlc,
        Some(raw::DlmsTransport::Wrapper) => Carriage::Wrapper,
        Some(raw::DlmsTransport::ModeE) => {
            Carriage::ModeE { device: raw.device.as_ref().map(|it| it.get_ref().clone()) }
        }
    };
    if let Some(device) = &raw.device {
        let text = device.get_ref();
        let known = text.len() <= DEVICE_MAX && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !known || text.is_empty() {
            let message = format!("expected 1 to {DEVICE_MAX} letters and digits");
            wrong.push(Complaint::at(device.span(), message));
        } else if transport != Some(raw::DlmsTransport::ModeE) {
            let message = "device is the address in a sign-on: it needs transport = \"mode_e\"";
            wrong.push(Complaint::at(device.span(), message));
        }
    }
    let Some(port) = around.port else { return };
    let place = raw.transport.as_ref().map_or_else(|| around.span.clone(), Spanned::span);
    match port {
        wire::Port::Serial(_) | wire::Port::Pty { .. } if options.carriage == Carriage::Wrapper => {
            let message = "the wrapper is for tcp:// ports; a serial line carries \"hdlc\"";
            wrong.push(Complaint::at(place, message));
        }
        wire::Port::Serial(_) | wire::Port::Pty { .. } | wire::Port::Tcp { .. } => {}
        _ => {
            let message = "a model that is asked over DLMS/COSEM needs serial:// or tcp://";
            wrong.push(Complaint::at(around.span.clone(), message));
        }
    }
}

fn addresses(
    raw: &raw::Dlms,
    span: Range<usize>,
    (options, wrong): (&mut CosemOptions, &mut Vec<Complaint>),
) {
    if let Some(client) = &raw.client {
        options.client = *client.get_ref();
        if !(1..=CLIENT_MAX).contains(client.get_ref()) {
            let message = format!("expected a client address from 1 to {CLIENT_MAX}");
            wrong.push(Complaint::at(client.span(), message));
        }
    }
    if let Some(server) = &raw.server {
        options.server = *server.get_ref();
    }
    options.physical = raw.physical.as_ref().map(|physical| *physical.get_ref());
    options.address_bytes = raw.address_bytes.as_ref().map(|bytes| *bytes.get_ref());
    for address in [&raw.server, &raw.physical].into_iter().flatten() {
        if *address.get_ref() > SERVER_MAX {
            let message = format!("expected an address up to {SERVER_MAX}");
            wrong.push(Complaint::at(address.span(), message));
        }
    }
    if options.carriage != Carriage::Wrapper && options.server_address().is_none() {
        let place = raw.address_bytes.as_ref().map_or(span, Spanned::span);
        let message = "expected 1, 2 or 4 bytes that server and physical fit into: 1 byte holds \
                       server up to 127 and no physical, 2 bytes hold both up to 127";
        wrong.push(Complaint::at(place, message));
    }
}

fn proof(
    raw: &raw::Dlms,
    span: Range<usize>,
    (around, options, wrong): (&Around<'_>, &mut CosemOptions, &mut Vec<Complaint>),
) {
    use raw::DlmsSecurity::{HighGmac, Low, None as Lowest};
    let security = raw.security.as_ref().map_or(Lowest, |security| *security.get_ref());
    let place = raw.security.as_ref().map_or(span, Spanned::span);
    if security == HighGmac {
        options.proof = Proof::HighGmac;
        if !around.has_guek || !around.has_gak {
            let message = "\"high_gmac\" needs the meter's guek and gak";
            wrong.push(Complaint::at(place.clone(), message));
        }
    } else if around.has_guek && !around.has_gak {
        let message = "a meter that is asked needs gak beside guek: nothing is believed unproved";
        wrong.push(Complaint::at(around.span.clone(), message));
    }
    if security == Low && raw.password.is_none() {
        let message = "\"low\" needs password = { file = \"…\" } or { env = \"…\" }";
        wrong.push(Complaint::at(place.clone(), message));
    }
    if let (Some(password), false) = (&raw.password, security == Low) {
        wrong.push(Complaint::at(password.span(), "a password is used with security = \"low\""));
    }
    if security != Lowest && raw.client.is_none() {
        let message = "a client that proves itself needs its address: the operator tells client \
                       with the password or the keys";
        wrong.push(Complaint::at(place, message));
    }
}

fn codes(
    raw: Option<&Spanned<Vec<Spanned<String>>>>,
    most: usize,
    wrong: &mut Vec<Complaint>,
) -> Option<Vec<Obis>> {
    let list = raw?;
    if list.get_ref().len() > most {
        wrong.push(Complaint::at(list.span(), format!("expected at most {most} codes")));
    }
    let code = |text: &Spanned<String>| match text.get_ref().parse::<Obis>() {
        Ok(code) => Some(code),
        Err(_) => {
            let message = "expected an OBIS code such as \"1-0:1.8.0\"";
            wrong.push(Complaint::at(text.span(), message));
            None
        }
    };
    Some(list.get_ref().iter().filter_map(code).collect())
}
