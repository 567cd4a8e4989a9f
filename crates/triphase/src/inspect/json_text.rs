//! MQTT messages: the topic, and a JSON payload key by key.

use super::Sheet;
use outlet::Message;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Objects in objects that are looked into.
const DEPTH_MAX: usize = 16;
/// Most characters shown of a value.
const SHOWN_MAX: usize = 80;

/// Lays out a payload; the topic is the message's context.
pub(super) fn lay_out(message: &Message, sheet: &mut Sheet) {
    let topic = String::from_utf8_lossy(&message.context);
    let bytes = message.bytes.as_slice();
    let text = format!("MQTT message of {} bytes to {topic}", message.length);
    sheet.step("mqtt", (0, bytes.len()), text);
    match std::str::from_utf8(bytes) {
        Ok(payload) => walk(payload, (0, ""), 0, sheet),
        Err(error) => {
            let at = error.valid_up_to();
            let length = bytes.len().saturating_sub(at);
            sheet.step("noise", (at, length), "the payload is no text from here on");
        }
    }
}

/// The value in `text`, which begins at `at` and is called `path`.
fn walk(text: &str, (at, path): (usize, &str), depth: usize, sheet: &mut Sheet) {
    let inner = text.trim();
    let at = at.saturating_add(text.len().saturating_sub(text.trim_start().len()));
    let place = |raw: &RawValue| {
        let offset = (raw.get().as_ptr() as usize).saturating_sub(inner.as_ptr() as usize);
        at.saturating_add(offset)
    };
    if depth < DEPTH_MAX {
        if let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(inner) {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(_, raw)| place(raw));
            for (key, raw) in entries {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(raw.get(), (place(raw), &path), depth + 1, sheet);
            }
            return;
        }
        if let Ok(array) = serde_json::from_str::<Vec<&RawValue>>(inner) {
            for (index, raw) in array.iter().enumerate() {
                walk(raw.get(), (place(raw), &format!("{path}[{index}]")), depth + 1, sheet);
            }
            return;
        }
    }
    let mut shown: String = inner.chars().take(SHOWN_MAX).collect();
    if shown.len() < inner.len() {
        shown.push('…');
    }
    let name = if path.is_empty() { "payload" } else { path };
    sheet.step("value", (at, inner.len()), format!("{name} = {shown}"));
}
