//! What the wire brings, and what follows from it.

use super::carrier::{Brought, Carrier};
use super::dialogue::CosemDialogue;
use super::fault::{kept, stale};
use super::memory;
use super::plan::{Circumstances, LIST_MAX, Plan};
use super::question::{Progress, Question};
use super::session::{self, Agreed, Granted};
use super::state::{Asking, Phase, Work};
use crate::{FaultClass, Step};
use frame::dlms::AccessResult;
use frame::dlms::access_result::Refused;
use frame::dlms::initiate::Conformance;
use reading::{Obis, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;

/// How often a meter may say that it is not ready, and the pause after each time.
const BUSY_MAX: u8 = 30;
const BUSY_PAUSE: Duration = Duration::from_millis(300);
/// A reference takes ten bytes; so much is left for the request's header and its protection.
const REFERENCE_LENGTH: usize = 10;
const HEADER_ROOM: usize = 40;

impl CosemDialogue {
    pub(super) fn on(&mut self, brought: Brought, at: Timestamp) {
        match brought {
            Brought::Connected => {
                self.session.progress(at);
                if matches!(self.session.phase, Phase::Connecting) {
                    self.associate();
                }
            }
            Brought::Send(bytes) => {
                self.session.progress(at);
                self.session.send(bytes);
            }
            Brought::Apdu(apdu) => self.on_apdu(&apdu, at),
            Brought::Busy => self.on_busy(),
            Brought::Disconnected => self.session.phase = Phase::Over,
            Brought::Refused(why) => match self.session.phase {
                Phase::Disconnecting | Phase::Releasing => self.session.phase = Phase::Over,
                Phase::Connecting => {
                    let detail = format!("the meter takes no connection ({why})");
                    self.fail(kept(FaultClass::Transient, "link_refused", detail));
                }
                _ => {
                    let detail = format!("the meter ended the connection ({why})");
                    self.fail(stale(FaultClass::Transient, "link_lost", detail));
                }
            },
            Brought::Damaged(detail) => self.session.damage = Some(detail),
            Brought::Lost(detail) => {
                self.fail(stale(FaultClass::Corrupt, "link_broken", detail));
            }
        }
    }

    fn on_busy(&mut self) {
        self.session.busy += 1;
        if self.session.busy > BUSY_MAX {
            let detail = format!("the meter said {BUSY_MAX} times that it is not ready");
            return self.fail(stale(FaultClass::Transient, "busy", detail));
        }
        if let Some(bytes) = self.carrier.as_ref().and_then(Carrier::enquire) {
            self.session.work.push_back(Work::Step(Step::Pause(BUSY_PAUSE)));
            self.session.send(bytes);
        }
    }

    fn on_apdu(&mut self, apdu: &[u8], at: Timestamp) {
        match std::mem::replace(&mut self.session.phase, Phase::Over) {
            Phase::Associating if session::answers_request(apdu) => {
                self.session.progress(at);
                self.on_association(apdu);
            }
            Phase::Proving(agreed) => self.on_proof(apdu, agreed, at),
            Phase::Asking(asking) => self.on_answer(apdu, asking, at),
            Phase::Releasing => self.disconnect(),
            // What nobody asked for: a push on the same wire, an answer that came late.
            other => self.session.phase = other,
        }
    }

    fn on_association(&mut self, apdu: &[u8]) {
        self.session.phase = Phase::Associating;
        if let Some(Refused::Exception { invocation_counter: Some(counter), .. }) =
            Refused::decode(apdu)
            && let Some(cipher) = &mut self.credentials.cipher
        {
            cipher.raise(counter);
            let detail = format!("the meter awaits an invocation counter from {counter} on");
            return self.fail(kept(FaultClass::Transient, "counter_behind", detail));
        }
        let remembered = &self.credentials.memory;
        let last = |title| {
            let last = memory::recall(remembered, &memory::server_counter_key(title))?;
            u32::try_from(last).ok()
        };
        let cipher = self.credentials.cipher.as_mut().map(|cipher| {
            let last: session::LastCounter<'_> = &last;
            (cipher, last)
        });
        match session::granted(apdu, &self.options, cipher) {
            Ok(Granted::Open(agreed)) => self.opened(agreed),
            Ok(Granted::Challenged(agreed, challenge)) => {
                self.session.phase = Phase::Proving(agreed);
                self.session.work.push_back(Work::Prove(challenge));
            }
            Err(denied) => self.deny(denied),
        }
    }

    fn on_proof(&mut self, apdu: &[u8], agreed: Agreed, at: Timestamp) {
        self.session.phase = Phase::Proving(agreed);
        let Some(clear) = self.clear(apdu) else { return };
        let Some(cipher) = &mut self.credentials.cipher else { return };
        match session::proved(&clear, self.invoke, (&self.options, cipher)) {
            None => {}
            Some(Ok(())) => {
                self.session.progress(at);
                self.opened(agreed);
            }
            Some(Err(denied)) => self.deny(denied),
        }
    }

    /// The APDU in clear; `None` when it is not believed, which ends the reading.
    fn clear(&mut self, apdu: &[u8]) -> Option<Vec<u8>> {
        let Some(cipher) = &mut self.credentials.cipher else {
            return Some(apdu.to_vec());
        };
        if let Some(refused) = Refused::decode(apdu) {
            // A meter that cannot decipher answers in clear. It gives no value, so it is heard.
            if let Refused::Exception { invocation_counter: Some(counter), .. } = refused {
                cipher.raise(counter);
            }
            return Some(apdu.to_vec());
        }
        match cipher.open(apdu) {
            Ok(clear) => Some(clear),
            Err(distrust) => {
                self.fail(session::distrusted(&distrust));
                None
            }
        }
    }

    /// The association stands.
    fn opened(&mut self, agreed: Agreed) {
        let key = memory::refusal_key(&self.place.meter);
        let refused_before = self.credentials.memory.iter_mut().find(|memory| memory.key == key);
        if let Some(memory) = refused_before.filter(|memory| memory.value != 0) {
            memory.value = 0;
            self.session.memory.push(memory.clone());
        }
        let plan = Plan::new(agreed.conformance.contains(Conformance::SELECTIVE_ACCESS));
        let question = Question::new(self.invoke, Vec::new());
        let (waiting, given) = (VecDeque::new(), Vec::new());
        self.go_on(Box::new(Asking { agreed, plan, waiting, given, question }));
    }

    /// Asks for what is next, or ends the association.
    fn go_on(&mut self, mut asking: Box<Asking>) {
        while asking.waiting.is_empty() {
            let given = std::mem::take(&mut asking.given);
            let remembered = &self.credentials.memory;
            let meter = &self.place.meter;
            let done_to = |name: Obis| memory::profile_done_to(remembered, meter, name);
            let around = Circumstances {
                options: &self.options,
                zone: &self.place.zone,
                now: self.session.now,
                done_to: &done_to,
            };
            if !given.is_empty() {
                let collected = &mut self.session.collected;
                let nodes = &mut self.nodes;
                asking.plan.take(given, (&mut self.known, collected), (&around, nodes));
            }
            match asking.plan.next(&self.known, &around) {
                Some(references) => asking.waiting.extend(references),
                None => return self.release(),
            }
        }
        let count = self.references_at_once(asking.agreed);
        let alone = asking.waiting.front().is_some_and(|it| it.selection.is_some());
        let count = if alone { 1 } else { count.min(asking.waiting.len()) };
        self.invoke = self.invoke.next();
        asking.question = Question::new(self.invoke, asking.waiting.drain(..count).collect());
        self.session.work.push_back(Work::Request(asking.question.request()));
        self.session.phase = Phase::Asking(asking);
    }

    /// How many attributes one request may name.
    fn references_at_once(&self, agreed: Agreed) -> usize {
        if self.known.one_by_one || !agreed.conformance.contains(Conformance::MULTIPLE_REFERENCES) {
            return 1;
        }
        (agreed.request_max.saturating_sub(HEADER_ROOM) / REFERENCE_LENGTH).clamp(1, LIST_MAX)
    }

    fn on_answer(&mut self, apdu: &[u8], mut asking: Box<Asking>, at: Timestamp) {
        let Some(clear) = self.clear(apdu) else { return };
        match asking.question.accept(&clear, &mut self.nodes) {
            Progress::Late => self.session.phase = Phase::Asking(asking),
            Progress::More(request) => {
                self.session.progress(at);
                self.session.work.push_back(Work::Request(request));
                self.session.phase = Phase::Asking(asking);
            }
            Progress::Answered(given) => {
                self.session.progress(at);
                asking.given.extend(given);
                self.go_on(asking);
            }
            Progress::Refused(refused) => {
                self.session.progress(at);
                self.on_refused(refused, asking);
            }
            // A list that cannot be read may be a meter's poor notion of lists.
            Progress::Broken(_) if asking.question.references().len() > 1 => {
                self.session.progress(at);
                self.one_by_one(asking);
            }
            Progress::Broken(detail) => {
                let detail = format!("the answer for {}: {detail}", asking.question.name());
                self.fail(stale(FaultClass::Corrupt, "answer_broken", detail));
            }
        }
    }

    /// The meter does not do a request as a whole: a list is then asked for one by one, and one
    /// attribute counts as not given. Refused keys end the reading.
    fn on_refused(&mut self, refused: Refused, mut asking: Box<Asking>) {
        let name = asking.question.name();
        if let Refused::Exception { service: 5 | 6, .. } = refused {
            let detail = format!("the meter refuses the request for {name}: {refused}");
            return self.fail(stale(FaultClass::Device, "security_refused", detail));
        }
        if asking.question.references().len() > 1 {
            return self.one_by_one(asking);
        }
        asking.given.push(Err(AccessResult::OTHER_REASON));
        self.go_on(asking);
    }

    /// From now on this meter is asked for one attribute at a time.
    fn one_by_one(&mut self, mut asking: Box<Asking>) {
        self.known.one_by_one = true;
        for reference in asking.question.references().iter().rev() {
            asking.waiting.push_front(reference.clone());
        }
        self.go_on(asking);
    }

    fn release(&mut self) {
        if self.known.releases_silently {
            return self.disconnect();
        }
        self.session.phase = Phase::Releasing;
        self.session.work.push_back(Work::Release);
    }

    pub(super) fn disconnect(&mut self) {
        match self.carrier.as_mut().and_then(Carrier::disconnect) {
            Some(bytes) => {
                self.session.phase = Phase::Disconnecting;
                self.session.send(bytes);
            }
            None => self.session.phase = Phase::Over,
        }
    }
}
