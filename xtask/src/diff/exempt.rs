//! Changes that break nobody here, although they are breaking by the rules: `openapi/exemptions.toml`.

use serde::Deserialize;

use super::{Diff, Level};
use crate::failure::{Failure, Problems, Result};

/// One change that counts as a note.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exemption {
    /// The rule, as `diff` prints it.
    rule: String,
    /// The JSON pointer of the change, as `diff --format json` prints it.
    at: String,
    /// Why it breaks nobody.
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exempt: Vec<Exemption>,
}

impl Exemption {
    /// Reads the text of `exemptions.toml`; all mistakes at once.
    pub(crate) fn parse(text: &str) -> Result<Vec<Self>> {
        let File { exempt } =
            basic_toml::from_str(text).map_err(|error| Failure::new(error.to_string()))?;
        let mut problems = Problems::default();
        for (index, entry) in exempt.iter().enumerate() {
            let Self { rule, at, why } = entry;
            if rule.is_empty() || why.trim().is_empty() || !at.starts_with('/') {
                problems.add(format!(
                    "exemption {}: a rule, a JSON pointer and a reason are needed",
                    index + 1
                ));
            }
            if exempt[..index]
                .iter()
                .any(|other| (&other.rule, &other.at) == (rule, at))
            {
                problems.add(format!("{rule} at {at} is exempt twice"));
            }
        }
        problems.refuse()?;
        Ok(exempt)
    }
}

impl Diff {
    /// Makes notes of the breaking changes that are exempt in each of their places, and returns a
    /// line for each exemption that finds nothing.
    pub(crate) fn exempt(&mut self, exemptions: &[Exemption]) -> Vec<String> {
        let mut used = vec![false; exemptions.len()];
        for row in &mut self.rows {
            if row.level != Level::Breaking {
                continue;
            }
            let found = row.places.iter().map(|place| {
                exemptions
                    .iter()
                    .position(|entry| entry.rule == row.rule && entry.at == *place)
            });
            let Some(found) = found.collect::<Option<Vec<usize>>>() else {
                continue;
            };
            row.level = Level::Note;
            for index in found {
                let why = &exemptions[index].why;
                if !std::mem::replace(&mut used[index], true) {
                    row.what.push_str(&format!(" Exempt: {}", why.trim()));
                }
            }
        }
        self.rows.sort();
        let unused = exemptions.iter().zip(used).filter(|(_, used)| !used);
        unused
            .map(|(entry, _)| {
                let Exemption { rule, at, .. } = entry;
                format!("openapi/exemptions.toml: {rule} at {at} exempts nothing; remove it")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Change;
    use super::*;

    fn row(rule: &str, places: &[&str]) -> Change {
        Change {
            level: Level::Breaking,
            rule: rule.to_owned(),
            what: "`x` is gone.".to_owned(),
            places: places.iter().map(|place| (*place).to_owned()).collect(),
            operations: Vec::new(),
        }
    }

    #[test]
    fn what_is_exempt_in_each_place_is_a_note() {
        let exemptions = Exemption::parse(
            "[[exempt]]\nrule = \"gone\"\nat = \"/a\"\nwhy = \"Nobody read it.\"\n\
             [[exempt]]\nrule = \"gone\"\nat = \"/b\"\nwhy = \"Never sent.\"\n\
             [[exempt]]\nrule = \"gone\"\nat = \"/z\"\nwhy = \"Of an earlier release.\"\n",
        )
        .unwrap();
        let rows = vec![
            row("gone", &["/a", "/b"]),
            row("gone", &["/a", "/c"]),
            row("other", &["/a"]),
        ];
        let mut diff = Diff {
            rows,
            ..Diff::default()
        };
        let unused = diff.exempt(&exemptions);
        let told: Vec<(Level, &str, &str)> = diff
            .rows
            .iter()
            .map(|row| (row.level, row.rule.as_str(), row.what.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (Level::Breaking, "gone", "`x` is gone."),
                (Level::Breaking, "other", "`x` is gone."),
                (
                    Level::Note,
                    "gone",
                    "`x` is gone. Exempt: Nobody read it. Exempt: Never sent."
                ),
            ]
        );
        assert_eq!(
            unused,
            ["openapi/exemptions.toml: gone at /z exempts nothing; remove it"]
        );
    }

    #[test]
    fn an_exemption_needs_rule_place_and_reason() {
        for (text, message) in [
            ("[[exempt]]\nrule = \"r\"\nat = \"/a\"\n", "why"),
            (
                "[[exempt]]\nrule = \"r\"\nat = \"/a\"\nwhy = \" \"\n",
                "exemption 1: a rule, a JSON pointer and a reason are needed",
            ),
            (
                "[[exempt]]\nrule = \"r\"\nat = \"a\"\nwhy = \"w\"\n",
                "exemption 1: a rule",
            ),
            (
                "[[exempt]]\nrule = \"r\"\nat = \"/a\"\nwhy = \"w\"\n\
                 [[exempt]]\nrule = \"r\"\nat = \"/a\"\nwhy = \"v\"\n",
                "r at /a is exempt twice",
            ),
            ("[[exemption]]\nrule = \"r\"\n", "exemption"),
        ] {
            let error = Exemption::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert_eq!(Exemption::parse("# None.\n"), Ok(Vec::new()));
    }
}
