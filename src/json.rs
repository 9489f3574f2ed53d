//! The one form in which JSON is written, so that bytes are a function of the values: keys sorted by their
//! bytes, two blanks of indent, one line feed at the end.

use serde::Serialize;
use serde_json::Value;

/// Writes a value in the archive's form.
///
/// # Panics
/// Never for types whose maps have text keys, which all of ours have.
#[must_use]
pub fn canonical(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("maps here have text keys");
    let mut text = serde_json::to_string_pretty(&sorted(value)).expect("a JSON value can be printed");
    text.push('\n');
    text
}

/// The same for a value whose keys are in order already, at every depth.
///
/// # Panics
/// As [`canonical`].
#[must_use]
pub fn in_order(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("maps here have text keys");
    text.push('\n');
    debug_assert_eq!(text, canonical(value), "the keys are not in order");
    text
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, sorted(value)))
                    .collect(),
            )
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::json!({"b": [{"z": 1, "a": "中"}], "a": {}});
        assert_eq!(
            canonical(&value),
            "{\n  \"a\": {},\n  \"b\": [\n    {\n      \"a\": \"中\",\n      \"z\": 1\n    }\n  ]\n}\n"
        );
    }
}
