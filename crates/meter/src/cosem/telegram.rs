//! What a reading collected, as telegrams and as what is shown of them.

use super::plan::Collected;
use crate::Heard;
use crate::correction::Correction;
use crate::doubt::Doubt;
use crate::push::clock::{self, Sent, Sources};
use crate::push::identity::Identity;
use crate::push::{Outcome, PushedValue, Security};
use jiff::tz::TimeZone;
use reading::{ListId, MeterId, Quality, Reading, Telegram, Timestamp, Value};

/// The list of what is read at one instant.
pub(super) const LIST: &str = "cosem";

/// The meter, and how its values are read.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) meter: MeterId,
    pub(super) zone: TimeZone,
    /// Transformers and signs.
    pub(super) correction: Correction,
}

impl Place {
    /// Adds what was collected by `at` to what was heard.
    pub(super) fn tell(
        &self,
        collected: Collected,
        (security, at): (Security, Timestamp),
        heard: &mut Heard,
    ) {
        let Collected { readings, mut defects, clock, rows } = collected;
        let sources = Sources {
            object: clock.map(|bytes| Sent { bytes, offset: 0 }),
            header: None,
            zone: Some(&self.zone),
            arrival: Some(at),
            previous: None,
        };
        let resolved = clock::resolve(&sources, &mut defects);
        if !readings.is_empty() || !defects.is_empty() {
            let readings = self.at_place(readings, Quality::Good, &mut heard.doubts);
            let mut outcome = self.outcome((security, at), readings);
            outcome.meter_time = resolved.meter_time;
            outcome.measured_at = resolved.measured_at;
            outcome.list = Some(ListId::new(LIST));
            outcome.defects = defects;
            heard.telegrams.extend(self.telegram(&outcome, at));
            heard.outcomes.push(outcome);
        }
        for (name, rows) in rows {
            for row in rows {
                let readings = self.at_place(row.readings, row.quality, &mut heard.doubts);
                let outcome = Outcome {
                    meter_time: row.meter_time,
                    measured_at: Some(row.at),
                    list: Some(ListId::new(&name.to_string())),
                    ..self.outcome((security, at), readings)
                };
                heard.telegrams.extend(self.telegram(&outcome, at));
                heard.outcomes.push(outcome);
            }
        }
    }

    /// What the readings are at the meter's place, none of them better than `quality`.
    fn at_place(
        &self,
        readings: Vec<Reading>,
        quality: Quality,
        doubts: &mut Vec<Doubt>,
    ) -> Vec<Reading> {
        let corrected = readings.into_iter().map(|reading| {
            let mut reading = self.correction.apply(reading, doubts);
            reading.quality = reading.quality.max(quality);
            reading
        });
        corrected.collect()
    }

    fn outcome(&self, (security, at): (Security, Timestamp), readings: Vec<Reading>) -> Outcome {
        let mut identity = Identity::default();
        for reading in &readings {
            if let (Some(obis), Value::Text(text)) = (reading.obis, &reading.value) {
                identity.note(obis, text);
            }
        }
        let delivered = !readings.is_empty();
        let values = readings.into_iter().map(|reading| PushedValue { reading, offset: 0 });
        Outcome {
            received_at: Some(at),
            security,
            meter: identity.resolve(security.system_title),
            values: values.collect(),
            delivered,
            ..Outcome::blank("dlms", 0, 0)
        }
    }

    fn telegram(&self, outcome: &Outcome, at: Timestamp) -> Option<Telegram> {
        if outcome.values.is_empty() {
            return None;
        }
        let readings: Vec<Reading> =
            outcome.values.iter().map(|value| value.reading.clone()).collect();
        let doubtful = readings.iter().all(|reading| reading.quality > Quality::Good);
        Some(Telegram {
            meter: self.meter.clone(),
            list: outcome.list.clone()?,
            meter_time: outcome.meter_time,
            measured_at: outcome.measured_at.unwrap_or(at),
            received_at: at,
            quality: if doubtful { Quality::Suspect } else { Quality::Good },
            readings,
        })
    }
}
