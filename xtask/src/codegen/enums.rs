//! The open enums of `slice.toml`: each a list of known values for a macro of the raw crate.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heck::ToUpperCamelCase;
use serde_json::Value;

use crate::adapt::places;
use crate::failure::{Problems, Result, refusal};
use crate::selection::{NamedEnum, Selection};

/// The extension in which the overlay describes an enum's values.
const DESCRIPTIONS: &str = "x-enum-descriptions";

/// The text of `enums.rs`. Collects all problems, and what is described and gone.
pub(super) fn generate(
    effective: &Value,
    selection: &Selection,
    warnings: &mut Vec<String>,
) -> Result<String> {
    let mut text = String::from(
        "//! The enums with a name. All are open: a value that is not known here is kept as it came.\n\n\
         use crate::open_enum::open_enum;\n",
    );
    let mut problems = Problems::default();
    for named in &selection.enums {
        let values = values(effective, named, warnings)
            .map_err(|failure| failure.within(format!("the enum {}", named.name)));
        if let Some(values) = problems.check(values)
            && !values.known.is_empty()
        {
            values.write(named, &mut text);
        }
    }
    problems.refuse()?;
    Ok(text)
}

/// The values of a named enum, and what is described and gone.
pub(crate) fn values(
    effective: &Value,
    named: &NamedEnum,
    warnings: &mut Vec<String>,
) -> Result<Values> {
    let (mut known, mut described): (Vec<(String, String)>, _) = (Vec::new(), BTreeMap::new());
    for pointer in places(effective, named)?.0 {
        let Some(schema) = effective.pointer(&pointer) else {
            continue;
        };
        // Null is what `nullable` says.
        let values = schema["enum"].as_array().into_iter().flatten();
        for value in values.filter(|value| !value.is_null()) {
            let text = value.as_str().ok_or_else(|| {
                refusal!("{value} at {pointer} is not text; only texts can be named")
            })?;
            if !known.iter().any(|(known, _)| known == text) {
                known.push((text.to_owned(), name_of(text, named)?));
            }
        }
        if let Some(Value::Object(map)) = schema.get(DESCRIPTIONS) {
            let texts = map
                .iter()
                .filter_map(|(v, text)| Some((v.clone(), text.as_str()?)));
            described.extend(texts.map(|(value, text)| (value, text.to_owned())));
        }
    }
    for (index, (text, name)) in known.iter().enumerate() {
        if let Some((other, _)) = known[..index].iter().find(|(_, other)| other == name) {
            return Err(refusal!(
                "{other:?} and {text:?} would both be {name}; name one in openapi/slice.toml: \
                 variants = {{ {text:?} = \"{name}2\" }}"
            ));
        }
    }
    let gone = |value: &&String| !known.iter().any(|(text, _)| text == *value);
    for (value, what) in described
        .keys()
        .filter(gone)
        .map(|value| (value, "openapi/overlay.json describes"))
        .chain(
            named
                .variants
                .keys()
                .filter(gone)
                .map(|value| (value, "openapi/slice.toml names")),
        )
    {
        warnings.push(format!(
            "the enum {}: {what} {value:?}, which is not a value any more; remove the entry",
            named.name
        ));
    }
    Ok(Values { known, described })
}

/// The values of a named enum.
pub(crate) struct Values {
    /// Text on the wire, in the order in which upstream lists it, and the variant's name.
    pub(crate) known: Vec<(String, String)>,
    pub(crate) described: BTreeMap<String, String>,
}

impl Values {
    fn write(&self, named: &NamedEnum, text: &mut String) {
        let about = match named.about.trim() {
            "" => format!("The enum `{}`.", named.name),
            about => about.to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nopen_enum! {{\n    /// {about}\n    {} {{\n",
            named.name
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

/// The name of a value's variant: that of `slice.toml`, or the words of the text in camel case.
fn name_of(text: &str, named: &NamedEnum) -> Result<String> {
    if let Some(name) = named.variants.get(text) {
        return Ok(name.clone());
    }
    let words = text.replace(|c: char| !c.is_ascii_alphanumeric(), " ");
    // Words that are already mixed keep their capitals: `AI Model APIs` reads as `AiModelApis`.
    let name = words.to_lowercase().to_upper_camel_case();
    match name.chars().next() {
        None if text.is_empty() => Ok("Empty".to_owned()),
        None => Err(refusal!(
            "{text:?} has no letters; name it in openapi/slice.toml: variants = {{ {text:?} = \"…\" }}"
        )),
        Some(first) if first.is_ascii_digit() => Ok(format!("N{name}")),
        // What the open enum itself is made of.
        Some(_) if matches!(name.as_str(), "Unknown" | "Self") => Ok(format!("{name}Value")),
        Some(_) => Ok(name),
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
            ("*", "Any"),
        ];
        let named = NamedEnum {
            name: "Kind".to_owned(),
            about: String::new(),
            at: Vec::new(),
            variants: BTreeMap::from([("*".to_owned(), "Any".to_owned())]),
        };
        for (text, expected) in table {
            assert_eq!(name_of(text, &named).unwrap(), expected, "{text}");
        }
        let message = name_of("+", &named).unwrap_err().to_string();
        assert!(message.contains("variants = { \"+\" ="), "{message}");
    }
}
