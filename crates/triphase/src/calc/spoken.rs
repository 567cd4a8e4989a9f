//! Values as words of a command line: `p_kw=100`, `u_ll_v=400,395,388`, `u_ph=230@0,225@-121,235@119`.

use super::feature::{Fault, Input, Shape};
use super::given::{expected, unknown_key};
use serde_json::{Map, Number, Value};

/// Adds the value of a word `key=value` or `record.key=value`.
pub(super) fn add(
    inputs: &'static [Input],
    word: &str,
    values: &mut Map<String, Value>,
) -> Result<(), Fault> {
    let Some((key, text)) = word.split_once('=') else {
        return Err(Fault::new(format!("{word}: expected key=value")));
    };
    if let Some((record, within)) = key.split_once('.') {
        let fields = inputs.iter().find(|input| input.key == record);
        let Some(Input { shape: Shape::Record(fields), .. }) = fields else {
            return Err(unknown_key(inputs, key));
        };
        let nested = values.entry(record).or_insert_with(|| Map::new().into());
        let nested = nested.as_object_mut();
        let nested = nested.ok_or_else(|| Fault::of(record, "is given twice"))?;
        return add(fields, &format!("{within}={text}"), nested);
    }
    let input = inputs.iter().find(|input| input.key == key);
    let input = input.ok_or_else(|| unknown_key(inputs, key))?;
    if values.insert(key.to_owned(), value(input, text)?).is_some() {
        return Err(Fault::of(key, "is given twice"));
    }
    Ok(())
}

/// The value of one input from its word.
pub(super) fn value(input: &Input, text: &str) -> Result<Value, Fault> {
    let text = text.trim();
    if text == "null" {
        return Ok(Value::Null);
    }
    let wrong = || Fault::of(input.key, format!("expected {}, got {text}", expected(input)));
    if text.starts_with(['[', '{']) {
        return serde_json::from_str(text).map_err(|_| wrong());
    }
    let parts = || text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pair = |part: &str, mark: char| {
        let (one, two) = part.split_once(mark)?;
        Some((one.trim().to_owned(), two.trim().to_owned()))
    };
    let value = match &input.shape {
        Shape::Number(_) => number(text),
        Shape::Numbers(..) => parts().map(number).collect::<Option<Vec<_>>>().map(Value::from),
        Shape::Words(_) => Some(parts().map(Value::from).collect::<Vec<_>>().into()),
        Shape::Word(_) => Some(text.into()),
        Shape::Flag => match text {
            "true" | "yes" => Some(true.into()),
            "false" | "no" => Some(false.into()),
            _ => None,
        },
        Shape::Phasors(magnitude, _) => {
            let phasor = |part: &str| {
                let (size, degrees) = pair(part, '@')?;
                let fields = [
                    ((*magnitude).to_owned(), number(&size)?),
                    ("deg".to_owned(), number(&degrees)?),
                ];
                Some(Value::Object(fields.into_iter().collect()))
            };
            parts().map(phasor).collect::<Option<Vec<_>>>().map(Value::from)
        }
        Shape::Orders(_) => {
            let order = |part: &str| pair(part, ':').and_then(|(o, pct)| Some((o, number(&pct)?)));
            parts().map(order).collect::<Option<Map<_, _>>>().map(Value::from)
        }
        Shape::Pairs(_) => {
            let both = |part: &str| {
                let (one, two) = pair(part, ':')?;
                Some(Value::from(vec![number(&one)?, number(&two)?]))
            };
            parts().map(both).collect::<Option<Vec<_>>>().map(Value::from)
        }
        Shape::Record(_) => None,
    };
    value.ok_or_else(wrong)
}

fn number(text: &str) -> Option<Value> {
    let number: f64 = text.parse().ok()?;
    Number::from_f64(number).map(Value::Number)
}
