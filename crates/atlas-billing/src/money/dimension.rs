//! What line items can be summed by.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// What line items are summed by.
///
/// Read and written as `sku`, `project`, `cluster`, `provider`, `day`, `month` and `tag:KEY`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// What was provided, by the service's code for it.
    Sku,
    /// The project, by its id; by its name where an item has no id.
    Project,
    /// The cluster, by its name within its project: another project may have one of that name.
    Cluster,
    /// The cloud provider that the usage is attributed to.
    Provider,
    /// The UTC date on which the charge starts.
    Day,
    /// The UTC month in which the charge starts.
    Month,
    /// The values of the resource's tag with this key, as of the time of the call. Several values
    /// are one group of their own: no cent is counted twice.
    Tag(String),
}

impl Dimension {
    /// The values of the tag with this key.
    pub fn tag(key: impl Into<String>) -> Self {
        Self::Tag(key.into())
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sku => "sku",
            Self::Project => "project",
            Self::Cluster => "cluster",
            Self::Provider => "provider",
            Self::Day => "day",
            Self::Month => "month",
            Self::Tag(key) => return write!(f, "tag:{key}"),
        })
    }
}

impl FromStr for Dimension {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "sku" => Self::Sku,
            "project" => Self::Project,
            "cluster" => Self::Cluster,
            "provider" => Self::Provider,
            "day" => Self::Day,
            "month" => Self::Month,
            _ => match text.strip_prefix("tag:") {
                Some(key) if !key.is_empty() => Self::tag(key),
                _ => {
                    return Err(Error::input(format!(
                        "{text:?} is nothing to sum line items by: use sku, project, cluster, \
                         provider, day, month or tag:KEY"
                    )));
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for text in [
            "sku", "project", "cluster", "provider", "day", "month", "tag:a:b",
        ] {
            let dimension: Dimension = text.parse().unwrap();
            assert_eq!(dimension.to_string(), text);
        }
        for text in ["", "SKU", "tag:", "tag", "region"] {
            let error = text.parse::<Dimension>().unwrap_err();
            assert!(error.to_string().contains("tag:KEY"), "{error}");
        }
    }
}
