//! DIM: what line items are grouped by.

use std::fmt;
use std::str::FromStr;

/// What line items are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dim {
    Sku,
    Project,
    Cluster,
    Provider,
    Day,
    Month,
    /// The values of one tag.
    Tag(String),
}

const NAMED: [(&str, Dim); 6] = [
    ("sku", Dim::Sku),
    ("project", Dim::Project),
    ("cluster", Dim::Cluster),
    ("provider", Dim::Provider),
    ("day", Dim::Day),
    ("month", Dim::Month),
];

impl FromStr for Dim {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if let Some(key) = given.strip_prefix("tag:") {
            return match key {
                "" => Err("the tag's key is missing: write tag:KEY, such as tag:team".to_owned()),
                key => Ok(Self::Tag(key.to_owned())),
            };
        }
        let named = NAMED.iter().find(|(name, _)| *name == given);
        named.map(|(_, dim)| dim.clone()).ok_or_else(|| {
            "nothing to group by: write sku, project, cluster, provider, day, month or tag:KEY"
                .to_owned()
        })
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(key) => write!(f, "tag:{key}"),
            dim => {
                let name = NAMED.iter().find(|(_, named)| named == dim);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

/// Checks that `dims` are one or two different ones: what line items can be grouped by.
pub(crate) fn checked(dims: &[Dim]) -> Result<(), String> {
    match dims {
        [] | [_] => Ok(()),
        [one, other] if one != other => Ok(()),
        [one, _] => Err(format!("--by names {one} twice: name it once.")),
        more => Err(format!(
            "--by takes one or two dimensions, not {}: leave some out, or group the items of \
             `invoices items` elsewhere.",
            more.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in [
            "sku", "project", "cluster", "provider", "day", "month", "tag:team", "tag:a:b",
        ] {
            assert_eq!(text.parse::<Dim>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_none() {
        assert!("tag:".parse::<Dim>().unwrap_err().contains("tag:team"));
        assert!("region".parse::<Dim>().unwrap_err().contains("provider"));
        assert!(
            checked(&[Dim::Sku, Dim::Sku])
                .unwrap_err()
                .contains("sku twice")
        );
        assert!(
            checked(&[Dim::Sku, Dim::Day, Dim::Month])
                .unwrap_err()
                .contains("not 3")
        );
        assert!(checked(&[Dim::Sku, Dim::Tag("sku".into())]).is_ok());
    }
}
