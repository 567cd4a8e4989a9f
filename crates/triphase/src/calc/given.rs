//! Inputs that hold what their feature expects of them.

use super::feature::{Count, Fault, Input, Need, Range, Shape};
use super::spoken;
use analysis::phasor::Phasor;
use serde_json::{Map, Value};

/// Checked inputs: every required key is there, every value has its shape and is plausible.
pub(super) struct Given(Map<String, Value>);

impl Given {
    /// Checks values against what is expected, and adds defaults.
    pub(super) fn checked(
        inputs: &'static [Input],
        mut values: Map<String, Value>,
    ) -> Result<Self, Fault> {
        if let Some(unknown) = values.keys().find(|key| !inputs.iter().any(|i| i.key == *key)) {
            return Err(unknown_key(inputs, unknown));
        }
        // Null is absent, as in the API.
        values.retain(|_, value| !value.is_null());
        for input in inputs {
            match (values.get(input.key), input.need) {
                (Some(value), _) => check(input, value)?,
                (None, Need::Optional) => {}
                (None, Need::Default(word)) => {
                    values.insert(input.key.to_owned(), spoken::value(input, word)?);
                }
                (None, Need::Required) => {
                    let expected = expected(input);
                    return Err(Fault::of(input.key, format!("is missing; expected {expected}")));
                }
            }
        }
        Ok(Self(values))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    pub(super) fn optional(&self, key: &str) -> Option<f64> {
        self.0.get(key)?.as_f64()
    }

    pub(super) fn number(&self, key: &str) -> f64 {
        self.optional(key).expect("a required number was checked to be there")
    }

    pub(super) fn whole(&self, key: &str) -> u32 {
        let value = self.0.get(key).and_then(whole);
        value.expect("a required whole number was checked to be there")
    }

    pub(super) fn numbers(&self, key: &str) -> Vec<f64> {
        self.0.get(key).map(numbers).unwrap_or_default()
    }

    pub(super) fn three(&self, key: &str) -> [f64; 3] {
        self.numbers(key).try_into().expect("a list was checked to hold three numbers")
    }

    pub(super) fn phasors(&self, key: &str, magnitude: &str) -> [Phasor; 3] {
        let of = |phase: &Value, key: &str| phase.get(key).and_then(Value::as_f64);
        let phases = self.0.get(key).and_then(Value::as_array).into_iter().flatten();
        let phasors =
            phases.filter_map(|phase| Some(Phasor::new(of(phase, magnitude)?, of(phase, "deg")?)));
        phasors.collect::<Vec<_>>().try_into().expect("a list was checked to hold three phasors")
    }

    pub(super) fn orders(&self, key: &str) -> Vec<(u8, f64)> {
        let map = self.0.get(key).and_then(Value::as_object).into_iter().flatten();
        let mut orders: Vec<(u8, f64)> =
            map.filter_map(|(order, pct)| Some((order.parse().ok()?, pct.as_f64()?))).collect();
        orders.sort_by_key(|(order, _)| *order);
        orders
    }

    pub(super) fn pairs(&self, key: &str) -> Vec<(f64, f64)> {
        let items = self.0.get(key).and_then(Value::as_array).into_iter().flatten();
        let pair = |item: &Value| match numbers(item)[..] {
            [one, two] => Some((one, two)),
            _ => None,
        };
        items.filter_map(pair).collect()
    }

    pub(super) fn word(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn words(&self, key: &str) -> Vec<&str> {
        let items = self.0.get(key).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).collect()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A number of a nested record.
    pub(super) fn within(&self, record: &str, key: &str) -> Option<f64> {
        self.0.get(record)?.get(key)?.as_f64()
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Checked to be whole and small.
fn whole(value: &Value) -> Option<u32> {
    value.as_f64().filter(|v| (0.0..=f64::from(u32::MAX)).contains(v)).map(|v| v as u32)
}

pub(super) fn unknown_key(inputs: &[Input], key: &str) -> Fault {
    let known: Vec<&str> = inputs.iter().map(|input| input.key).collect();
    let near = crate::near::near(key, known.iter().copied());
    let near = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    Fault::of(key, format!("no such input; {near}expected {}", known.join(", ")))
}

/// What an input should look like, in words.
pub(super) fn expected(input: &Input) -> String {
    let Input { unit, meaning, .. } = input;
    let unit = if unit.is_empty() { String::new() } else { format!(" in {unit}") };
    let shape = match &input.shape {
        Shape::Number(range) => format!("{range}"),
        Shape::Numbers((from, to), _) if from == to => format!("a list of {from} numbers"),
        Shape::Numbers((from, _), _) => format!("a list of {from} or more numbers"),
        Shape::Phasors(magnitude, _) => {
            format!("three of {{\"{magnitude}\": …, \"deg\": …}} or MAGNITUDE@DEGREES")
        }
        Shape::Orders(_) => "harmonic orders with percent, such as 5:4,7:3".to_owned(),
        Shape::Pairs(_) => "a list of pairs, such as 0:49,5:51".to_owned(),
        Shape::Words([]) => "a list of words".to_owned(),
        Shape::Words(words) => format!("a list of {}", words.join(", ")),
        Shape::Word([]) => "a text".to_owned(),
        Shape::Word(words) => words.join(" or "),
        Shape::Flag => "true or false".to_owned(),
        Shape::Record(inputs) => {
            let keys: Vec<&str> = inputs.iter().map(|input| input.key).collect();
            format!("an object of {}", keys.join(", "))
        }
    };
    format!("{shape}{unit} ({meaning})")
}

fn check(input: &Input, value: &Value) -> Result<(), Fault> {
    let wrong = || {
        let shown = value.to_string();
        let shown: String = shown.chars().take(SHOWN_MAX).collect();
        Fault::of(input.key, format!("expected {}, got {shown}", expected(input)))
    };
    let number = |value: &Value, range: &Range| match value.as_f64() {
        Some(number) if range.holds(number) => Ok(()),
        Some(number) => {
            Err(Fault::of(input.key, format!("expected {range}{}, got {number}", unit(input))))
        }
        None => Err(wrong()),
    };
    match &input.shape {
        Shape::Number(range) => number(value, range),
        Shape::Numbers(count, range) => {
            items(value, *count).ok_or_else(wrong)?.iter().try_for_each(|item| number(item, range))
        }
        Shape::Phasors(magnitude, range) => {
            items(value, (3, 3)).ok_or_else(wrong)?.iter().try_for_each(|phase| {
                let fields = phase.as_object().filter(|fields| fields.len() == 2);
                let fields = fields.ok_or_else(wrong)?;
                number(fields.get(*magnitude).ok_or_else(wrong)?, range)?;
                number(fields.get("deg").ok_or_else(wrong)?, &Range::from(-720.0, 720.0))
            })
        }
        Shape::Orders(range) => {
            let orders = value.as_object().filter(|orders| !orders.is_empty()).ok_or_else(wrong)?;
            orders.iter().try_for_each(|(order, pct)| {
                let order: u8 = order.parse().map_err(|_| wrong())?;
                if order < 2 { Err(wrong()) } else { number(pct, range) }
            })
        }
        Shape::Pairs(range) => items(value, SOME).ok_or_else(wrong)?.iter().try_for_each(|pair| {
            items(pair, (2, 2)).ok_or_else(wrong)?.iter().try_for_each(|item| number(item, range))
        }),
        Shape::Words(known) => items(value, SOME).ok_or_else(wrong)?.iter().try_for_each(|word| {
            let word = word.as_str().ok_or_else(wrong)?;
            if known.is_empty() || known.contains(&word) { Ok(()) } else { Err(wrong()) }
        }),
        Shape::Word(known) => match value.as_str() {
            Some(word) if known.is_empty() || known.contains(&word) => Ok(()),
            _ => Err(wrong()),
        },
        Shape::Flag => value.as_bool().map(drop).ok_or_else(wrong),
        Shape::Record(inputs) => {
            let fields = value.as_object().ok_or_else(wrong)?;
            Given::checked(inputs, fields.clone()).map(drop)
        }
    }
}

/// How much of a wrong value a message repeats.
const SHOWN_MAX: usize = 60;
const SOME: Count = super::feature::SOME;

fn unit(input: &Input) -> String {
    if input.unit.is_empty() { String::new() } else { format!(" {}", input.unit) }
}

fn items(value: &Value, (from, to): Count) -> Option<&Vec<Value>> {
    value.as_array().filter(|items| (from..=to).contains(&items.len()))
}
