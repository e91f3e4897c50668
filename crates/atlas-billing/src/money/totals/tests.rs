//! Sums hold whatever the items and their order.

use proptest::prelude::*;

use super::*;

/// A line item reduced to what is summed.
#[derive(Debug, Clone, Default)]
struct Line {
    gross: i64,
    discount: i64,
    sku: Option<String>,
    project: (Option<String>, Option<String>),
    cluster: Option<String>,
    provider: Option<String>,
    day: Option<NaiveDate>,
    tags: Vec<(String, Vec<String>)>,
}

impl Charge for Line {
    fn gross(&self) -> i64 {
        self.gross
    }
    fn discount(&self) -> i64 {
        self.discount
    }
    fn sku(&self) -> Option<&str> {
        self.sku.as_deref()
    }
    fn project_id(&self) -> Option<&str> {
        self.project.0.as_deref()
    }
    fn project_name(&self) -> Option<&str> {
        self.project.1.as_deref()
    }
    fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }
    fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }
    fn day(&self) -> Option<NaiveDate> {
        self.day
    }
    fn tag(&self, key: &str) -> Vec<Cow<'_, str>> {
        let of_key = self.tags.iter().filter(|(name, _)| name == key);
        of_key
            .flat_map(|(_, values)| values.iter().map(|value| Cow::Borrowed(value.as_str())))
            .collect()
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn sum(by: &[Dimension], lines: &[Line]) -> Totals {
    let mut totals = Totals::new(by);
    for line in lines {
        totals.add_charge(line);
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
    let line = |gross, project: (&str, &str), cluster: Option<&str>, tags: &[&str]| Line {
        gross,
        discount: 1,
        sku: text("S"),
        project: (text(project.0), text(project.1)),
        cluster: cluster.map(str::to_owned),
        provider: text("AWS"),
        day: NaiveDate::from_ymd_opt(2025, 3, 31),
        tags: vec![("t".into(), tags.iter().map(|tag| (*tag).into()).collect())],
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
        tags: vec![(
            "t".into(),
            values.iter().map(|value| (*value).into()).collect(),
        )],
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
    let tags = prop::collection::vec(prop::sample::select(vec!["x", "y", "x,y", ""]), 0..4);
    (
        cents(),
        cents(),
        [few(), few(), few(), few(), few()],
        -40i32..40,
        tags,
    )
        .prop_map(
            |(gross, discount, [sku, id, name, cluster, provider], day, tags)| {
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
                    tags: vec![("t".into(), tags.into_iter().map(str::to_owned).collect())],
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
        Dimension::tag("t"),
    ])
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
