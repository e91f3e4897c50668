//! The open enums of `slice.toml`: each a list of known values for a macro of the raw crate.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heck::ToUpperCamelCase;
use serde_json::Value;

use crate::adapt::places;
use crate::failure::{Failure, Result};
use crate::selection::{NamedEnum, Selection};

/// The extension in which the overlay describes an enum's values.
const DESCRIPTIONS: &str = "x-enum-descriptions";

/// The text of `enums.rs`.
pub(super) fn generate(effective: &Value, selection: &Selection) -> Result<String> {
    let mut text = String::from(
        "//! The enums with a name. All are open: a value that is not known here is kept as it came.\n\n\
         use crate::open_enum::open_enum;\n",
    );
    for named in &selection.enums {
        let values = Values::collect(effective, named)
            .map_err(|failure| failure.within(format!("the enum {}", named.name)))?;
        values.write(named, &mut text);
    }
    Ok(text)
}

struct Values {
    /// Text on the wire, in the order in which upstream lists it, and the variant's name.
    known: Vec<(String, String)>,
    described: BTreeMap<String, String>,
}

impl Values {
    fn collect(effective: &Value, named: &NamedEnum) -> Result<Self> {
        let mut known: Vec<(String, String)> = Vec::new();
        let mut described = BTreeMap::new();
        for path in &named.at {
            for pointer in places(effective, path, &named.name)? {
                let Some(schema) = effective.pointer(&pointer) else {
                    continue;
                };
                for value in schema["enum"].as_array().into_iter().flatten() {
                    let text = value.as_str().ok_or_else(|| {
                        Failure::new(format!(
                            "{value} at {pointer} is no text; only texts can be named"
                        ))
                    })?;
                    if !known.iter().any(|(known, _)| known == text) {
                        known.push((text.to_owned(), variant(text)));
                    }
                }
                if let Some(Value::Object(map)) = schema.get(DESCRIPTIONS) {
                    let texts = map
                        .iter()
                        .filter_map(|(value, text)| Some((value, text.as_str()?)));
                    described.extend(texts.map(|(v, t)| (v.clone(), t.to_owned())));
                }
            }
        }
        let values = Self { known, described };
        values.check()?;
        Ok(values)
    }

    fn check(&self) -> Result<()> {
        for (index, (text, name)) in self.known.iter().enumerate() {
            if let Some((other, _)) = self.known[..index].iter().find(|(_, other)| other == name) {
                return Err(Failure::new(format!(
                    "{text:?} and {other:?} would both be called {name}; they need names of ours"
                )));
            }
        }
        for value in self.described.keys() {
            if !self.known.iter().any(|(text, _)| text == value) {
                return Err(Failure::new(format!(
                    "openapi/overlay.json describes {value:?}, which is no value any more"
                )));
            }
        }
        Ok(())
    }

    fn write(&self, named: &NamedEnum, text: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nopen_enum! {{\n    /// {}\n    {} {{\n",
            named.about, named.name
        );
        for (value, name) in &self.known {
            let about = self.described.get(value).map_or_else(
                || format!("The value `{value}`."),
                |about| about.lines().collect::<Vec<_>>().join(" "),
            );
            let _ = writeln!(text, "        /// {about}\n        {name} = {value:?},");
        }
        text.push_str("    }\n}\n");
    }
}

/// A variant's name: the words of the text, in camel case.
fn variant(text: &str) -> String {
    let words = text
        .replace(|c: char| !c.is_ascii_alphanumeric(), " ")
        .to_lowercase();
    // Words that are already mixed keep their capitals: `AI Model APIs` reads as `AiModelApis`.
    let name = words.to_upper_camel_case();
    match name.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{name}"),
        // What the open enum itself is made of.
        Some(_) if matches!(name.as_str(), "Unknown" | "Self") => format!("{name}Value"),
        Some(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_named_by_their_words() {
        let table = [
            ("PENDING", "Pending"),
            ("FAILED_AUTHENTICATION", "FailedAuthentication"),
            ("desc", "Desc"),
            (
                "Cloud Manager Standard/Premium",
                "CloudManagerStandardPremium",
            ),
            ("AI Model APIs", "AiModelApis"),
            ("3DS", "N3ds"),
            ("", "Empty"),
            ("UNKNOWN", "UnknownValue"),
        ];
        for (text, expected) in table {
            assert_eq!(variant(text), expected, "{text}");
        }
    }
}
