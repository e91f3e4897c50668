//! Which line items are summed or shown: one predicate, for whole items and for the sums of a stream.

use std::collections::BTreeMap;
use std::fmt;

use atlas_billing_raw::SharedText;
use atlas_billing_raw::types::LineItem;
use chrono::NaiveDate;

use super::charge::{Charge, Needs};

/// A condition on line items, checked where they are read: see [`LineItemFilters`] for the search
/// that the service makes.
///
/// Several values of one kind are alternatives; what is set of different kinds must all hold. The
/// keys of tags are kinds of their own. A line item that lacks what is asked for does not pass.
///
/// Displays as words: `project web or api, sku ATLAS_*, tag team=a, from 2025-03-01`.
///
/// ```
/// use atlas_billing::totals::ItemFilter;
///
/// let filter = ItemFilter::new()
///     .with_projects(["web", "64b7f0a1c2d3e4f506172839"])
///     .with_skus(["*_instance_m?0"])
///     .with_since("2025-03-01".parse()?);
/// # fn show(filter: &ItemFilter, invoice: &atlas_billing::Invoice) {
/// for item in invoice.line_items.iter().filter(|item| filter.passes(item)) {
///     println!("{:?}", item.gross());
/// }
/// # }
/// # Ok::<(), atlas_billing::chrono::ParseError>(())
/// ```
///
/// [`LineItemFilters`]: atlas_billing_raw::types::LineItemFilters
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFilter {
    projects: Vec<String>,
    clusters: Vec<String>,
    skus: Vec<String>,
    tags: BTreeMap<String, Vec<String>>,
    since: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

impl ItemFilter {
    /// Every line item passes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only line items of one of these projects, each by its id or its name.
    #[must_use]
    pub fn with_projects<S: Into<String>>(mut self, projects: impl IntoIterator<Item = S>) -> Self {
        self.projects.extend(projects.into_iter().map(Into::into));
        self
    }

    /// Only line items of one of these clusters, each by its name: line items have no cluster ids.
    #[must_use]
    pub fn with_clusters<S: Into<String>>(mut self, clusters: impl IntoIterator<Item = S>) -> Self {
        self.clusters.extend(clusters.into_iter().map(Into::into));
        self
    }

    /// Only line items with one of these SKUs, each a code in which `*` stands for any characters
    /// and `?` for one; the case of ASCII letters is ignored.
    #[must_use]
    pub fn with_skus<S: Into<String>>(mut self, skus: impl IntoIterator<Item = S>) -> Self {
        self.skus.extend(skus.into_iter().map(Into::into));
        self
    }

    /// Only line items whose tag `key` has this value; values of one key are alternatives.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.entry(key.into()).or_default().push(value.into());
        self
    }

    /// Only line items whose usage begins on this day (UTC) or later.
    #[must_use]
    pub fn with_since(mut self, day: NaiveDate) -> Self {
        self.since = Some(day);
        self
    }

    /// Only line items whose usage begins on this day (UTC) or earlier.
    #[must_use]
    pub fn with_until(mut self, day: NaiveDate) -> Self {
        self.until = Some(day);
        self
    }

    /// Whether every line item passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `item` passes.
    pub fn passes(&self, item: &LineItem) -> bool {
        self.passes_charge(&item.into())
    }

    pub(crate) fn passes_charge(&self, charge: &Charge<'_>) -> bool {
        let any_of = |wanted: &[String], values: [Option<&str>; 2]| {
            let is_one = |wanted: &String| values.contains(&Some(wanted));
            wanted.is_empty() || wanted.iter().any(is_one)
        };
        let sku = |pattern: &String| charge.sku.is_some_and(|sku| is_like(pattern, sku));
        let tag = |(key, wanted): (&String, &Vec<String>)| {
            let values = charge.tags.and_then(|tags| tags.get(key.as_str()));
            let is_wanted = |value: &SharedText| wanted.iter().any(|wanted| **wanted == **value);
            values.is_some_and(|values| values.iter().any(is_wanted))
        };
        let day = |limit: Option<NaiveDate>, holds: fn(&NaiveDate, &NaiveDate) -> bool| {
            limit.is_none_or(|limit| charge.day.is_some_and(|day| holds(&day, &limit)))
        };
        any_of(&self.projects, [charge.project_id, charge.project_name])
            && any_of(&self.clusters, [charge.cluster, None])
            && (self.skus.is_empty() || self.skus.iter().any(sku))
            && self.tags.iter().all(tag)
            && day(self.since, NaiveDate::ge)
            && day(self.until, NaiveDate::le)
    }
}

impl Needs {
    /// The same, and what the filter needs.
    pub(crate) fn and(self, filter: &ItemFilter) -> Self {
        Self {
            day: self.day || filter.since.is_some() || filter.until.is_some(),
            tags: self.tags || !filter.tags.is_empty(),
            ..self
        }
    }
}

impl fmt::Display for ItemFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (kind, values) in [
            ("project", &self.projects),
            ("cluster", &self.clusters),
            ("sku", &self.skus),
        ] {
            if !values.is_empty() {
                parts.push(format!("{kind} {}", values.join(" or ")));
            }
        }
        for (key, values) in &self.tags {
            parts.push(format!("tag {key}={}", values.join(" or ")));
        }
        for (word, day) in [("from", self.since), ("until", self.until)] {
            parts.extend(day.map(|day| format!("{word} {day}")));
        }
        f.pad(&parts.join(", "))
    }
}

/// Whether all of `text` is as `pattern` says: `*` is any characters, `?` one. In the worst case in
/// the product of both lengths.
fn is_like(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What follows the last `*`, and where its match begins.
    let mut star = None;
    loop {
        let here = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = here.clone();
                star = Some((pattern.clone(), here));
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(c)) if wanted.eq_ignore_ascii_case(&c) => {}
            _ => {
                let Some((after, begin)) = &mut star else {
                    return false;
                };
                // The star takes one more character.
                if begin.next().is_none() {
                    return false;
                }
                (pattern, text) = (after.clone(), begin.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::totals::Dimension;

    fn item(text: &str) -> LineItem {
        serde_json::from_str(text).unwrap()
    }

    fn web() -> LineItem {
        item(
            r#"{"groupId":"1","groupName":"web","clusterName":"c0","sku":"ATLAS_AWS_INSTANCE_M10",
                "startDate":"2025-03-08T23:30:00Z","tags":{"team":["a","b"],"env":["prod"]}}"#,
        )
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn values_are_alternatives_and_kinds_must_all_hold() {
        let all = ItemFilter::new;
        for (filter, passes) in [
            (all(), true),
            (all().with_projects(["1"]), true),
            (all().with_projects(["web"]), true),
            (all().with_projects(["api", "web"]), true),
            (all().with_projects(["WEB"]), false),
            (all().with_clusters(["c0"]), true),
            (all().with_clusters(["web"]), false),
            (all().with_projects(["web"]).with_clusters(["c1"]), false),
            (all().with_skus(["*_instance_m?0"]), true),
            (all().with_skus(["ATLAS", "*M10"]), true),
            (all().with_skus(["ATLAS"]), false),
            (all().with_tag("team", "b"), true),
            (all().with_tag("team", "c"), false),
            (all().with_tag("team", "c").with_tag("team", "a"), true),
            (all().with_tag("team", "a").with_tag("env", "prod"), true),
            (all().with_tag("team", "a").with_tag("env", "dev"), false),
            (all().with_tag("Team", "a"), false),
            (all().with_since(day("2025-03-08")), true),
            (all().with_until(day("2025-03-08")), true),
            (all().with_since(day("2025-03-09")), false),
            (all().with_until(day("2025-03-07")), false),
        ] {
            assert_eq!(filter.passes(&web()), passes, "{filter}");
            // What lacks everything passes where nothing is asked for.
            assert_eq!(filter.passes(&item("{}")), filter.is_empty(), "{filter}");
        }
    }

    #[test]
    fn what_a_filter_and_the_dimensions_need_is_read() {
        let text = r#"{"startDate":"2025-03-08T23:30:00Z","tags":{"team":["a"]}}"#;
        let all = ItemFilter::new;
        for filter in [
            all().with_since(day("2025-03-08")),
            all().with_until(day("2025-03-08")),
            all().with_tag("team", "a"),
        ] {
            let needs = Needs::of(&[Dimension::Sku]).and(&filter);
            let read = needs.read(text.as_bytes(), |charge| filter.passes_charge(charge));
            assert!(read.unwrap().0, "{filter}");
        }
        let needs = Needs::of(&[Dimension::Day, Dimension::tag("team")]).and(&all());
        let has_both = |charge: &Charge<'_>| charge.day.is_some() && charge.tags.is_some();
        assert!(needs.read(text.as_bytes(), has_both).unwrap().0);
    }

    #[test]
    fn a_filter_says_what_passes() {
        let filter = ItemFilter::new()
            .with_projects(["web", "api"])
            .with_clusters(["c0"])
            .with_skus(["ATLAS_*"])
            .with_tag("team", "a")
            .with_tag("team", "b")
            .with_tag("env", "prod")
            .with_since(day("2025-03-01"))
            .with_until(day("2025-03-08"));
        assert_eq!(
            filter.to_string(),
            "project web or api, cluster c0, sku ATLAS_*, tag env=prod, tag team=a or b, from 2025-03-01, \
             until 2025-03-08"
        );
        assert_eq!(ItemFilter::new().to_string(), "");
    }

    /// The definition, one case a line.
    fn as_defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], text) => (0..=text.len()).any(|at| as_defined(rest, &text[at..])),
            (['?', rest @ ..], [_, others @ ..]) => as_defined(rest, others),
            ([wanted, rest @ ..], [c, others @ ..]) => wanted == c && as_defined(rest, others),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_they_are_defined(pattern in "[aé?*]{0,8}", text in "[aéb]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(is_like(&pattern, &text), as_defined(&chars(&pattern), &chars(&text)));
        }
    }
}
