//! Line items that are odd: what a client must survive.

use serde_json::{Map, Value, json};

use super::plan::{Invoice, Item};
use crate::names::noise;

/// Notes as JSON and as CSV write them.
const NOTES: [(&str, &str); 5] = [
    (
        r#""Says \"see below\", twice""#,
        r#""Says ""see below"", twice""#,
    ),
    (r#""two\nlines\tand a tab""#, "\"two\nlines\tand a tab\""),
    ("\"Zürich – 東京 \u{1F680}\"", "Zürich – 東京 \u{1F680}"),
    (
        r#""back\\slash \u0041\/\ud83d\ude80""#,
        "back\\slash A/\u{1F680}",
    ),
    (r#""""#, ""),
];

/// The whole of `tags`, and the values of the two tag columns that CSV has for it.
const TAGS: [(&str, [&str; 2]); 7] = [
    ("null", ["", ""]),
    ("{}", ["", ""]),
    (r#"{"env":[],"team":["routing"]}"#, ["", "routing"]),
    (
        r#"{"env":["prod","dr"],"team":["insight","booking"]}"#,
        ["\"prod, dr\"", "\"insight, booking\""],
    ),
    (r#"{"env":null,"team":["routing"]}"#, ["", "routing"]),
    (
        r#"{"env":["a,b"],"team":["\"x\""]}"#,
        ["\"a,b\"", "\"\"\"x\"\"\""],
    ),
    (
        r#"{"cost center \u00e9":["4711"],"env":["prod"]}"#,
        ["prod", ""],
    ),
];

/// Fields that no specification knows.
const UNKNOWN: [(&str, &str); 4] = [
    ("meterVersion", "3"),
    (
        "attribution",
        r#"{"rule":"x","parts":[1,2,{"y":null}],"lineItems":[]}"#,
    ),
    ("billedThrough", "null"),
    ("x-note", r#""]},{\"id\":""#),
];

/// The dice of one odd item, thrown per question.
#[derive(Clone, Copy)]
pub(crate) struct Dice {
    seed: u64,
    position: u64,
}

impl Dice {
    pub(crate) fn of(invoice: &Invoice, item: &Item<'_>) -> Option<Self> {
        item.odd.then_some(Self {
            seed: invoice.plan.seed ^ 0x51D,
            position: item.position,
        })
    }

    /// A number below `sides`, the same for the same question.
    fn throw(self, question: u64, sides: u64) -> u64 {
        noise(self.seed ^ (question << 40), self.position) % sides
    }

    fn pick<T: Copy>(self, question: u64, from: &[T]) -> T {
        from[self.throw(question, from.len() as u64) as usize]
    }

    /// The object of an item, made odd.
    pub(crate) fn odd(self, object: &str, item: &Item<'_>) -> String {
        let mut object: Map<String, Value> = serde_json::from_str(object).unwrap_or_default();
        match self.throw(1, 4) {
            0 => drop(object.insert("cloudProvider".to_owned(), json!("LUNA"))),
            1 => drop(object.insert("cloudProvider".to_owned(), Value::Null)),
            2 => drop(object.remove("cloudProvider")),
            _ => {}
        }
        for key in ["clusterName", "groupId", "groupName"] {
            object.entry(key).or_insert(Value::Null);
        }
        // What a JSON library would not write comes as text: escapes, and the quantity with an
        // exponent, as some writers of doubles print it.
        let mut raw = vec![("tags", self.tags().0.to_owned())];
        if let Some((json, _)) = self.note() {
            raw.push(("note", json.to_owned()));
        }
        if self.throw(3, 3) == 0 {
            raw.push(("quantity", format!("{}E-3", item.quantity_milli)));
        }
        if self.throw(5, 4) == 0 {
            raw.push(("stitchAppName", r#""triggers \u0026 functions""#.to_owned()));
        }
        if self.throw(6, 2) == 0 {
            let (key, value) = self.pick(7, &UNKNOWN);
            raw.push((key, value.to_owned()));
        }
        raw.iter().for_each(|(key, _)| drop(object.remove(*key)));
        let raw = raw.iter().map(|(key, value)| format!(",\"{key}\":{value}"));
        let object = Value::Object(object).to_string();
        format!(
            "{}{}}}",
            &object[..object.len() - 1],
            raw.collect::<String>()
        )
    }

    pub(crate) fn note(self) -> Option<(&'static str, &'static str)> {
        (self.throw(8, 2) == 0).then(|| self.pick(9, &NOTES))
    }

    pub(crate) fn tags(self) -> (&'static str, [&'static str; 2]) {
        self.pick(10, &TAGS)
    }
}
