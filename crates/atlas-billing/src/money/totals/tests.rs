//! Sums hold whatever the items and their order.

use std::collections::BTreeMap;

use atlas_billing_raw::Tags;
use proptest::prelude::*;

use super::*;

/// A line item reduced to what is added up.
#[derive(Debug, Clone, Default)]
struct Line {
    gross: i64,
    discount: i64,
    sku: Option<String>,
    project: (Option<String>, Option<String>),
    cluster: Option<String>,
    provider: Option<String>,
    day: Option<NaiveDate>,
    tags: Tags,
}

impl Line {
    fn charge(&self) -> Charge<'_> {
        Charge {
            gross: self.gross.into(),
            discount: self.discount.into(),
            sku: self.sku.as_deref(),
            project_id: self.project.0.as_deref(),
            project_name: self.project.1.as_deref(),
            cluster: self.cluster.as_deref(),
            provider: self.provider.as_deref(),
            day: self.day,
            tags: Some(&self.tags),
            ..Charge::default()
        }
    }
}

fn tags(values: &[&str]) -> Tags {
    let values = values.iter().map(|value| (*value).into());
    BTreeMap::from([("t".into(), values.collect())]).into()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn sum(by: &[Dimension], lines: &[Line]) -> Totals {
    let mut totals = Totals::new(by);
    for line in lines {
        totals.add_charge(&line.charge());
    }
    totals
}

/// Labels and gross sums of the groups.
fn shown(by: &[Dimension], lines: &[Line]) -> Vec<(String, i128)> {
    let groups = sum(by, lines).into_groups();
    let label = |group: &Group| {
        let keys: Vec<String> = group.keys.iter().map(Key::to_string).collect();
        keys.join(" | ")
    };
    groups
        .iter()
        .map(|group| (label(group), group.total.gross.get()))
        .collect()
}

fn expect(found: Vec<(String, i128)>, expected: &[(&str, i128)]) {
    let found: Vec<(&str, i128)> = found
        .iter()
        .map(|(key, sum)| (key.as_str(), *sum))
        .collect();
    assert_eq!(found, expected);
}

fn lines() -> Vec<Line> {
    let line = |gross, project: (&str, &str), cluster: Option<&str>, values: &[&str]| Line {
        gross,
        discount: 1,
        sku: text("S"),
        project: (text(project.0), text(project.1)),
        cluster: cluster.map(str::to_owned),
        provider: text("AWS"),
        day: NaiveDate::from_ymd_opt(2025, 3, 31),
        tags: tags(values),
    };
    vec![
        line(100, ("1", "web"), Some("c0"), &["b", "a"]),
        line(10, ("2", "web"), Some("c0"), &["a", "b", "a"]),
        line(1, ("1", "old name"), None, &["a"]),
        Line {
            gross: -7,
            ..Line::default()
        },
        Line {
            gross: 1000,
            project: (None, text("web")),
            day: NaiveDate::from_ymd_opt(2025, 4, 1),
            ..Line::default()
        },
    ]
}

#[test]
fn each_dimension_groups_by_what_it_says() {
    expect(
        shown(&[Dimension::Sku], &lines()),
        &[("(none)", 993), ("S", 111)],
    );
    expect(
        shown(&[Dimension::Project], &lines()),
        &[
            ("(none)", -7),
            ("web", 1000),
            ("old name", 101),
            ("web", 10),
        ],
    );
    expect(
        shown(&[Dimension::Cluster], &lines()),
        &[
            ("(none)", -7),
            ("web/(none)", 1000),
            ("old name/(none)", 1),
            ("web/c0", 100),
            ("web/c0", 10),
        ],
    );
    expect(
        shown(&[Dimension::Provider], &lines()),
        &[("(none)", 993), ("AWS", 111)],
    );
    expect(
        shown(&[Dimension::Day], &lines()),
        &[("(none)", -7), ("2025-03-31", 111), ("2025-04-01", 1000)],
    );
    expect(
        shown(&[Dimension::Month], &lines()),
        &[("(none)", -7), ("2025-03", 111), ("2025-04", 1000)],
    );
    expect(
        shown(&[Dimension::tag("t")], &lines()),
        &[("(none)", 993), ("a", 1), ("a,b", 110)],
    );
    expect(shown(&[Dimension::tag("u")], &lines()), &[("(none)", 1104)]);
    expect(shown(&[], &lines()), &[("", 1104)]);
    expect(
        shown(&[Dimension::Month, Dimension::Sku], &lines()),
        &[
            ("(none) | (none)", -7),
            ("2025-03 | S", 111),
            ("2025-04 | (none)", 1000),
        ],
    );
    let total = sum(&[Dimension::Sku], &lines()).total();
    assert_eq!(
        (total.gross.get(), total.discount.get(), total.count),
        (1104, 3, 5)
    );
}

#[test]
fn values_that_look_alike_are_groups_of_their_own() {
    let tagged = |values: &[&str]| Line {
        tags: tags(values),
        ..Line::default()
    };
    let lines = [
        tagged(&["a,b"]),
        tagged(&["a", "b"]),
        tagged(&[""]),
        tagged(&[]),
    ];
    assert_eq!(sum(&[Dimension::tag("t")], &lines).groups().len(), 4);
    let sku = |sku: &str, provider: &str| Line {
        sku: text(sku),
        provider: text(provider),
        ..Line::default()
    };
    let lines = [sku("ab", "c"), sku("a", "bc")];
    assert_eq!(
        sum(&[Dimension::Sku, Dimension::Provider], &lines)
            .groups()
            .len(),
        2
    );
}

fn line() -> impl Strategy<Value = Line> {
    let few = || prop::option::of(prop::sample::select(vec!["", "a", "b", "\0", "é"]));
    let cents = || prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -9i64..9];
    let values = prop::collection::vec(prop::sample::select(vec!["x", "y", "x,y", ""]), 0..4);
    (
        cents(),
        cents(),
        [few(), few(), few(), few(), few()],
        -40i32..40,
        values,
    )
        .prop_map(
            |(gross, discount, [sku, id, name, cluster, provider], day, values)| {
                let own = |text: Option<&str>| text.map(str::to_owned);
                Line {
                    gross,
                    discount,
                    sku: own(sku),
                    project: (own(id), own(name)),
                    cluster: own(cluster),
                    provider: own(provider),
                    day: (day != 0)
                        .then(|| NaiveDate::from_num_days_from_ce_opt(739_000 + day))
                        .flatten(),
                    tags: tags(&values),
                }
            },
        )
}

fn dimension() -> impl Strategy<Value = Dimension> {
    prop::sample::select(vec![
        Dimension::Sku,
        Dimension::Project,
        Dimension::Cluster,
        Dimension::Provider,
        Dimension::Day,
        Dimension::Month,
        Dimension::Organization,
        Dimension::tag("t"),
    ])
}

#[test]
fn an_organization_is_that_which_is_given_with_an_item() {
    let item = |cents: i64| -> LineItem {
        serde_json::from_value(serde_json::json!({"sku": "A", "totalPriceCents": cents})).unwrap()
    };
    let by = [Dimension::Sku, Dimension::Organization];
    let (mut totals, mut daily) = (Totals::new(&by), crate::money::DailyGroups::new(&by));
    for (cents, organization) in [(100, Some("one")), (20, Some("two")), (3, Some("one"))] {
        totals.add_of(&item(cents), organization);
        daily.add_of(&item(cents), organization);
    }
    totals.add(&item(5));
    daily.add(&item(5));
    let groups = totals.groups().into_iter().map(|group| {
        let organization = group.keys.last().and_then(Key::label);
        (organization, group.total.gross)
    });
    let groups: Vec<_> = groups.collect();
    let of = |organization: &str, cents: i64| (Some(organization.to_owned()), cents.into());
    assert_eq!(groups, [(None, 5.into()), of("one", 103), of("two", 20)]);
    assert_eq!(daily.totals(), totals.clone().into_groups());
    let alone = totals.rolled_up(&[Dimension::Organization]).unwrap();
    assert_eq!(alone.groups().len(), 3);
}

#[test]
fn dimensions_are_read_in_the_words_people_use() {
    for (text, shown) in [
        ("sku", "sku"),
        ("SKUs", "sku"),
        ("projects", "project"),
        ("Cluster", "cluster"),
        ("providers", "provider"),
        ("days", "day"),
        ("month", "month"),
        ("Organizations", "organization"),
        ("tag:a:B", "tag:a:B"),
        ("Tags:a", "tag:a"),
    ] {
        assert_eq!(text.parse::<Dimension>().unwrap().to_string(), shown);
    }
    for text in ["", "s", "tag:", "tag", "tag:KEY ", "region", "sku:x"] {
        match text.parse::<Dimension>() {
            Ok(dimension) => assert_eq!((text, dimension), ("tag:KEY ", Dimension::tag("KEY "))),
            Err(error) => assert!(
                error.to_string().contains("organization, tag:KEY"),
                "{error}"
            ),
        }
    }
}

#[test]
fn keys_display_as_people_know_them() {
    let project = |id, name| Some(Project { id, name });
    let cluster = |project, name| Key::Cluster { project, name };
    for (key, shown) in [
        (Key::Sku(text("S")), "S"),
        (Key::Sku(None), "(none)"),
        (Key::Project(project(text("1"), text("web"))), "web"),
        (Key::Project(project(text("1"), None)), "1"),
        (
            cluster(project(text("1"), text("web")), text("c0")),
            "web/c0",
        ),
        (cluster(project(text("1"), None), None), "1/(none)"),
        (cluster(None, None), "(none)"),
        (cluster(project(None, None), None), "(none)"),
        (cluster(None, text("c0")), "c0"),
    ] {
        assert_eq!(key.to_string(), shown);
    }
    assert_eq!(format!("{:>7}|", Key::Sku(None)), " (none)|");
}

#[test]
fn totals_are_equal_by_their_dimensions_their_total_and_their_groups() {
    let sku = |sku: &str, gross| Line {
        gross,
        sku: text(sku),
        ..Line::default()
    };
    let by = [Dimension::Sku];
    let totals = |lines: &[Line]| sum(&by, lines);
    let one = totals(&[sku("A", 5)]);
    assert_eq!(one.dimensions(), by);
    assert_eq!(one, totals(&[sku("A", 5)]));
    assert_ne!(one, totals(&[sku("B", 5)]));
    assert_ne!(one, totals(&[sku("A", 6)]));
    assert_ne!(Totals::new(&by), Totals::new(&[Dimension::Day]));
}

#[test]
fn totals_serialize_with_their_keys() {
    let by = [Dimension::Project, Dimension::Day, Dimension::tag("t")];
    let json = serde_json::to_string(&sum(&by, &lines()[..1])).unwrap();
    assert_eq!(
        json,
        r#"{"by":["project","day","tag:t"],"total":{"gross":100,"positive":100,"discount":1,"count":1},"groups":[{"keys":[{"project":{"id":"1","name":"web"}},{"day":"2025-03-31"},{"tag":{"key":"t","values":["a","b"]}}],"total":{"gross":100,"positive":100,"discount":1,"count":1}}]}"#
    );
    let twice: Total = [sum(&by, &lines()).total(); 2].into_iter().sum();
    assert_eq!((twice.gross, twice.count), (Cents::from(2208), 10));
    assert_eq!(
        (twice.positive, twice.net()),
        (Cents::from(2222), Cents::from(2202))
    );
}

proptest! {
    #[test]
    fn groups_add_up_to_the_total(
        lines in prop::collection::vec(line(), 0..30),
        by in prop::collection::vec(dimension(), 0..3),
    ) {
        let totals = sum(&by, &lines);
        let groups = totals.groups();
        let add = |part: fn(&Total) -> i128| groups.iter().map(|group| part(&group.total)).sum::<i128>();
        prop_assert_eq!(add(|total| total.gross.get()), totals.total().gross.get());
        prop_assert_eq!(add(|total| total.discount.get()), totals.total().discount.get());
        prop_assert_eq!(add(|total| total.count.into()), totals.total().count.into());
        prop_assert_eq!(totals.total().count, lines.len() as u64);
        let gross: i128 = lines.iter().map(|line| i128::from(line.gross)).sum();
        prop_assert_eq!(totals.total().gross.get(), gross);
        for pair in groups.windows(2) {
            prop_assert!(pair[0].keys <= pair[1].keys);
        }
    }

    #[test]
    fn order_does_not_matter(
        (lines, shuffled) in prop::collection::vec(line(), 0..20)
            .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        by in prop::collection::vec(dimension(), 0..3),
    ) {
        prop_assert_eq!(sum(&by, &lines), sum(&by, &shuffled));
        prop_assert_eq!(sum(&by, &lines).into_groups(), sum(&by, &shuffled).into_groups());
    }
}
