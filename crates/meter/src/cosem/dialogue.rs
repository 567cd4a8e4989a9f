//! One reading after the other over DLMS/COSEM, as steps for whoever owns the wire.
//!
//! Sign-on where the port wants one, connection, association, what the [plan](super::plan) asks,
//! release. Whatever the meter does, a reading ends with what is safe and with what failed.

use super::carrier::Carrier;
use super::cipher::Cipher;
use super::fault::{kept, silent, stale};
use super::knowledge::Knowledge;
use super::memory;
use super::options::{Carriage, CosemOptions, Proof};
use super::plan::Collected;
use super::session::{self, Denied};
use super::sign_on::{Next, SignOn};
use super::state::{Credentials, Phase, Session, Work};
use super::telegram::Place;
use crate::push::Security;
use crate::{Answer, Dialect, Dialogue, DriverOptions, Fault, FaultClass, Heard, Step};
use frame::dlms::association::release_request;
use frame::dlms::axdr::Node;
use frame::dlms::get::InvokeId;
use frame::dlms::glo_cipher::Keys;
use reading::{Memory, Timestamp};
use std::time::Duration;

/// How long a frame may be waited for on HDLC; then the meter is asked for what is missing.
const FRAME_WAIT: Duration = Duration::from_secs(5);
/// How long an answer may be waited for over TCP, where nothing can be asked again.
const WRAPPER_WAIT: Duration = Duration::from_secs(15);
/// How long the end of a connection is waited for: nothing depends on it.
const RELEASE_WAIT: Duration = Duration::from_secs(2);
/// How often a silent meter is asked again.
const ENQUIRIES_MAX: u8 = 2;
/// An answer that dribbles in is given up after so long,
const ANSWER_TIME_MAX: Duration = Duration::from_secs(120);
/// or after so many pieces without a whole frame.
const PIECES_MAX: u32 = 4_096;
/// Counters that one APDU may take: its protection, a challenge, a proof.
const COUNTERS_AT_ONCE: i64 = 4;
/// A meter that is asked over DLMS/COSEM.
pub struct CosemDialogue {
    pub(super) place: Place,
    pub(super) options: CosemOptions,
    pub(super) carrier: Option<Carrier>,
    pub(super) credentials: Credentials,
    pub(super) known: Knowledge,
    pub(super) invoke: InvokeId,
    pub(super) session: Session,
    pub(super) nodes: Vec<Node>,
}

impl CosemDialogue {
    /// A client of one meter.
    #[must_use]
    pub fn new(options: DriverOptions) -> Self {
        let correction = options.correction();
        let DriverOptions { meter, guek, gak, zone, dlms, memory, .. } = options;
        let cosem = dlms.unwrap_or_default();
        let fingerprint = memory::fingerprint(&cosem, &[guek, gak]);
        let refused = memory::recall(&memory, &memory::refusal_key(&meter));
        let refused = (refused == Some(fingerprint))
            .then(|| "the meter refused these credentials before".to_owned());
        let cipher = guek.zip(gak).map(|(guek, gak)| {
            let title = cosem.system_title.unwrap_or_else(|| title_of(meter.as_str()));
            let end = memory::recall(&memory, &memory::counter_key(&meter, title));
            Cipher::new(Keys::new(&guek, Some(gak)), title, end)
        });
        let place = Place { meter, zone: zone.unwrap_or(jiff::tz::TimeZone::UTC), correction };
        Self {
            place,
            carrier: Carrier::new(&cosem),
            options: cosem,
            credentials: Credentials { fingerprint, refused, cipher, remembering: false, memory },
            known: Knowledge::default(),
            invoke: InvokeId::default(),
            session: Session::new(Timestamp::from_seconds(0)),
            nodes: Vec::new(),
        }
    }

    /// Why asking would be wrong, before anything is sent.
    fn obstacle(&self) -> Option<Fault> {
        if let Some(reason) = &self.credentials.refused {
            let detail = format!(
                "{reason}; it is not asked again until client, password or keys are changed in \
                 the configuration"
            );
            return Some(kept(FaultClass::Config, "authentication_refused", detail));
        }
        if self.options.proof == Proof::HighGmac && self.credentials.cipher.is_none() {
            let detail = "high level security needs guek and gak";
            return Some(kept(FaultClass::Config, "key_missing", detail));
        }
        if self.carrier.is_none() {
            let detail = "dlms.server and dlms.physical do not fit dlms.address_bytes";
            return Some(kept(FaultClass::Config, "address_invalid", detail));
        }
        None
    }

    fn connect(&mut self) {
        let Some(carrier) = &mut self.carrier else { return };
        match carrier.connect() {
            Some(bytes) => {
                self.session.phase = Phase::Connecting;
                self.session.send(bytes);
            }
            None => self.associate(),
        }
    }

    pub(super) fn associate(&mut self) {
        self.session.phase = Phase::Associating;
        self.session.work.push_back(Work::Associate);
    }

    /// Makes what is due, or first what must be remembered before.
    fn perform(&mut self, work: Work, now: Timestamp) -> Option<Step> {
        let work = match work {
            Work::Step(step) => return Some(step),
            other => other,
        };
        if let (Some(cipher), false) = (&mut self.credentials.cipher, matches!(work, Work::Release))
            && let Some(end) = cipher.reservation(now, COUNTERS_AT_ONCE)
        {
            let key = memory::counter_key(&self.place.meter, cipher.title());
            self.session.work.push_front(work);
            self.credentials.remembering = true;
            return Some(Step::Remember(Memory { key, value: end }));
        }
        let cipher = self.credentials.cipher.as_mut();
        let apdu = match work {
            Work::Step(_) => None,
            Work::Associate => session::request(&self.options, cipher),
            Work::Prove(challenge) => {
                self.invoke = self.invoke.next();
                cipher.and_then(|cipher| {
                    let clear = session::reply(self.invoke, &challenge, cipher)?;
                    cipher.seal(&clear)
                })
            }
            Work::Request(clear) => match cipher {
                Some(cipher) => cipher.seal(&clear),
                None => Some(clear),
            },
            Work::Release => Some(release_request()),
        };
        let Some(apdu) = apdu else {
            let detail = "no invocation counter is left under this key: the keys must be changed";
            self.fail(kept(FaultClass::Config, "counter_exhausted", detail));
            return None;
        };
        self.session.since = now;
        let bytes = self.carrier.as_mut().and_then(|carrier| carrier.send(&apdu));
        if bytes.is_none() {
            self.fail(stale(FaultClass::Transient, "link_lost", "the connection is gone"));
        }
        bytes.map(Step::Send)
    }

    /// Ends the reading with a fault; a connection that stands is ended first.
    pub(super) fn fail(&mut self, mut fault: Fault) {
        self.session.work.clear();
        let connected = !matches!(self.session.phase, Phase::SignOn(_) | Phase::Connecting);
        let farewell = self.carrier.as_mut().and_then(Carrier::disconnect);
        if farewell.is_none() {
            // Without a connection's end the other side may still believe in it.
            fault.keep_link = false;
        }
        let ending = connected && fault.keep_link;
        self.session.fault = Some(fault);
        match farewell.filter(|_| ending) {
            Some(bytes) => {
                self.session.phase = Phase::Disconnecting;
                self.session.send(bytes);
            }
            None => self.session.phase = Phase::Over,
        }
    }

    pub(super) fn deny(&mut self, denied: Denied) {
        if denied.refused {
            let key = memory::refusal_key(&self.place.meter);
            self.session.memory.push(Memory { key, value: self.credentials.fingerprint });
            self.credentials.refused = Some(denied.fault.detail.clone());
        }
        self.fail(denied.fault);
    }

    fn after(&mut self, next: Next) {
        match next {
            Next::Steps(steps) => self.session.work.extend(steps.into_iter().map(Work::Step)),
            Next::Ready => self.connect(),
            Next::Failed(fault) => {
                self.session.work.clear();
                self.session.fault = Some(fault);
                self.session.phase = Phase::Over;
            }
        }
    }

    /// What is waited for, in words.
    fn awaited(&self) -> String {
        match &self.session.phase {
            Phase::Connecting => "SNRM, the call for a connection".to_owned(),
            Phase::Associating => "the request for an association (AARQ)".to_owned(),
            Phase::Proving(_) => "the proof of our identity".to_owned(),
            Phase::Asking(asking) => format!("the request for {}", asking.question.name()),
            _ => "the end of the connection".to_owned(),
        }
    }

    fn give_up(&mut self) {
        let awaited = self.awaited();
        let fault = match self.session.damage.take() {
            Some(damage) => {
                let detail = format!("damaged frames instead of an answer to {awaited}: {damage}");
                stale(FaultClass::Corrupt, "frame_damaged", detail)
            }
            None => silent(&awaited),
        };
        self.fail(fault);
    }

    fn patience(&self) -> Duration {
        match &self.session.phase {
            Phase::SignOn(sign_on) => sign_on.wait(),
            Phase::Releasing | Phase::Disconnecting => RELEASE_WAIT,
            _ if self.options.carriage == Carriage::Wrapper => WRAPPER_WAIT,
            _ => FRAME_WAIT,
        }
    }

    fn finish(&mut self, now: Timestamp) -> Answer {
        let mut heard =
            Heard { memory: std::mem::take(&mut self.session.memory), ..Heard::default() };
        self.note_server_counter(&mut heard);
        let collected = std::mem::take(&mut self.session.collected);
        for (name, rows) in &collected.rows {
            if let Some(last) = rows.iter().map(|row| row.at).max() {
                let key = memory::profile_key(&self.place.meter, *name);
                let value = last.as_micros().div_euclid(1_000_000);
                heard.memory.push(Memory { key, value });
            }
        }
        let nothing = collected.readings.is_empty() && self.known.targets.is_some();
        self.place.tell(collected, (self.security(), now), &mut heard);
        let mut fault = self.session.fault.take();
        if fault.is_none() && nothing {
            let detail = "the meter gives this client none of the values asked for: check \
                          dlms.client and dlms.security, or name dlms.objects";
            fault = Some(kept(FaultClass::Device, "nothing_given", detail));
            // Another meter may hang there by now: its objects are asked for anew.
            self.known = Knowledge::default();
        }
        for memory in &heard.memory {
            self.credentials.memory.retain(|known| known.key != memory.key);
            self.credentials.memory.push(memory.clone());
        }
        self.session.phase = Phase::Idle;
        Answer { heard, fault }
    }

    fn note_server_counter(&self, heard: &mut Heard) {
        let Some(cipher) = &self.credentials.cipher else { return };
        if let (Some(title), Some(last)) = (cipher.server_title(), cipher.last_counter()) {
            let key = memory::server_counter_key(title);
            heard.memory.push(Memory { key, value: i64::from(last) });
        }
    }

    fn security(&self) -> Security {
        let cipher = self.credentials.cipher.as_ref();
        let opened = cipher.is_some_and(|cipher| cipher.last_counter().is_some());
        Security {
            known: true,
            encrypted: opened,
            authenticated: opened,
            tagged: opened,
            invocation_counter: cipher.and_then(Cipher::last_counter),
            system_title: cipher.and_then(Cipher::server_title),
        }
    }
}

impl Dialogue for CosemDialogue {
    fn dialect(&self) -> Dialect {
        match (&self.session.phase, &self.options.carriage) {
            (Phase::SignOn(_), _) => Dialect::Iec62056_21,
            (_, Carriage::Wrapper) => Dialect::Wrapper,
            (_, Carriage::Hdlc | Carriage::ModeE { .. }) => Dialect::Hdlc,
        }
    }

    fn begin(&mut self, now: Timestamp) {
        self.abandon();
        self.session = Session::new(now);
        if let Some(fault) = self.obstacle() {
            self.session.fault = Some(fault);
            self.session.phase = Phase::Over;
            return;
        }
        match &self.options.carriage {
            Carriage::ModeE { device } => {
                let sign_on = SignOn::new(device.as_deref());
                self.session.work.extend(sign_on.begin().into_iter().map(Work::Step));
                self.session.phase = Phase::SignOn(sign_on);
            }
            Carriage::Hdlc | Carriage::Wrapper => self.connect(),
        }
    }

    fn step(&mut self, now: Timestamp) -> Step {
        if std::mem::take(&mut self.credentials.remembering)
            && let Some(cipher) = &mut self.credentials.cipher
        {
            cipher.remembered();
        }
        while let Some(work) = self.session.work.pop_front() {
            if let Some(step) = self.perform(work, now) {
                return step;
            }
        }
        if matches!(self.session.phase, Phase::Over | Phase::Idle) {
            return Step::Done(self.finish(now));
        }
        Step::Listen(self.patience())
    }

    fn receive(&mut self, at: Timestamp, bytes: &[u8]) {
        if let Phase::SignOn(sign_on) = &mut self.session.phase {
            let next = sign_on.receive(bytes);
            return self.after(next);
        }
        self.session.pieces += 1;
        let Some(carrier) = &mut self.carrier else { return };
        carrier.receive(bytes);
        while !matches!(self.session.phase, Phase::Over | Phase::Idle)
            && let Some(brought) = self.carrier.as_mut().and_then(Carrier::next)
        {
            self.on(brought, at);
        }
        let endless =
            self.session.pieces > PIECES_MAX || at.since(self.session.since) > ANSWER_TIME_MAX;
        if endless && !matches!(self.session.phase, Phase::Over | Phase::Idle) {
            self.give_up();
        }
    }

    fn elapsed(&mut self, _at: Timestamp) {
        if let Phase::SignOn(sign_on) = &mut self.session.phase {
            let next = sign_on.elapsed();
            return self.after(next);
        }
        match self.session.phase {
            Phase::Releasing => {
                // Many meters let a connection's end be the association's end, too.
                self.known.releases_silently = true;
                return self.disconnect();
            }
            Phase::Disconnecting => {
                self.session.phase = Phase::Over;
                return;
            }
            _ => {}
        }
        self.session.enquiries += 1;
        let enquiry = self.carrier.as_ref().and_then(Carrier::enquire);
        match enquiry.filter(|_| self.session.enquiries <= ENQUIRIES_MAX) {
            Some(bytes) => self.session.send(bytes),
            None => self.give_up(),
        }
    }

    fn disconnected(&mut self, _at: Timestamp) {
        self.abandon();
        self.session.phase = Phase::Idle;
    }
}

impl CosemDialogue {
    /// Forgets what is half done; what was about to be remembered may not have been.
    fn abandon(&mut self) {
        self.session.work.clear();
        if !self.session.collected.rows.is_empty() {
            // Rows that were read and not delivered are asked for again.
            let (remembered, meter) = (&self.credentials.memory, &self.place.meter);
            self.known.rewind(|name| memory::profile_done_to(remembered, meter, name));
        }
        self.session.collected = Collected::default();
        self.credentials.remembering = false;
        if let Some(cipher) = &mut self.credentials.cipher {
            cipher.forgotten();
        }
        if let Some(carrier) = &mut self.carrier {
            carrier.reset();
        }
    }
}

/// A system title of our own for the client of one meter: three letters, five bytes of its id.
fn title_of(meter: &str) -> [u8; 8] {
    let hash = meter.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [_, _, _, a, b, c, d, e] = hash.to_be_bytes();
    [b'T', b'P', b'H', a, b, c, d, e]
}
