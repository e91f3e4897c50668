//! Groups add up, the largest come first, and columns name them.

use atlas_billing::LineItem;
use atlas_billing::totals::{Group, Totals};

use super::*;

fn groups(items: &[(&str, i64)]) -> Vec<Group> {
    let mut totals = Totals::new(&[Dimension::Sku]);
    for (sku, cents) in items {
        let mut item = LineItem::default();
        item.sku = Some((*sku).into());
        item.total_price_cents = Some(Cents::from(*cents));
        item.discount_cents = Some(Cents::from(1));
        totals.add(&item);
    }
    totals.into_groups()
}

fn by(by: &[&str]) -> Groups {
    Groups {
        by: by.iter().map(|by| by.parse().unwrap()).collect(),
        ..Groups::default()
    }
}

fn texts(rows: &[crate::output::Row]) -> Vec<String> {
    rows.iter().map(|row| row.texts.join(" ")).collect()
}

#[test]
fn the_rest_is_one_row_and_everything_adds_up() {
    let all = groups(&[("a", 10), ("b", 70), ("c", -5), ("d", 25)]);
    let all: Vec<GroupRow> = all.into_iter().map(GroupRow::from).collect();
    let whole = GroupRow::sum(&all, "total".to_owned());
    for top in [None, Some(1), Some(2), Some(4), Some(9)] {
        let rows = largest(all.clone(), top, |row| row.total.gross.get());
        assert_eq!(GroupRow::sum(&rows, "total".to_owned()), whole);
        assert_eq!(rows[0].shown(0), "b");
    }
    let rows = largest(all, Some(2), |row| row.total.gross.get());
    let groups = by(&["sku"]);
    let mut columns = groups.shown_columns();
    columns.extend(figures(move |_| whole.total.gross));
    let layout = groups.layout("t".into(), &rows, &columns);
    assert_eq!(texts(&layout.rows)[2], "other (2) 0.05 0.02 0.03 5.0 % 2");
    assert_eq!(layout.rows[2].bar, None);
    assert_eq!(texts(&layout.sums), ["total 1.00 0.04 0.96 100.0 % 4"]);
}

#[test]
fn days_are_in_the_order_of_the_calendar() {
    // SKU, day of March, cents. All of A is 60, of B 80, of what has no SKU -5.
    let lines = [
        ("A", 2, 30),
        ("A", 1, 10),
        ("A", 3, 20),
        ("B", 3, 5),
        ("B", 1, 75),
        ("", 2, -5),
    ];
    let rows = |dimensions: &[&str], top| {
        let groups = Groups {
            top,
            ..by(dimensions)
        };
        let mut totals = Totals::new(&groups.by);
        for (sku, day, cents) in lines {
            let mut item = LineItem::default();
            item.sku = Some(sku).filter(|sku| !sku.is_empty()).map(Into::into);
            item.start_date = format!("2025-03-{day:02}T00:00:00Z").parse().ok();
            item.total_price_cents = Some(Cents::from(cents));
            totals.add(&item);
        }
        let rows = totals.into_groups().into_iter().map(GroupRow::from);
        let rows = groups.arranged(rows.collect());
        let shown = rows.iter().map(|row| {
            let keys: Vec<String> = (0..dimensions.len()).map(|at| row.shown(at)).collect();
            let keys = keys.join(" ").replace("2025-03-", "");
            format!("{} {}", keys.trim(), row.total.gross.get())
        });
        shown.collect::<Vec<String>>()
    };
    assert_eq!(rows(&["day"], None), ["01 85", "02 25", "03 25"]);
    assert_eq!(rows(&["day"], Some(1)), ["01 85", "other (2) 50"]);
    assert_eq!(rows(&["month"], None), ["2025-03 135"]);
    assert_eq!(
        rows(&["sku", "day"], None),
        [
            "B 01 75",
            "B 03 5",
            "A 01 10",
            "A 02 30",
            "A 03 20",
            "(none) 02 -5"
        ]
    );
    // The three largest, and the sum of the rest.
    assert_eq!(
        rows(&["sku", "day"], Some(3)),
        ["B 01 75", "A 02 30", "A 03 20", "other (3) 10"]
    );
    assert_eq!(
        rows(&["day", "sku"], None),
        [
            "01 B 75",
            "01 A 10",
            "02 A 30",
            "02 (none) -5",
            "03 A 20",
            "03 B 5"
        ]
    );
    assert_eq!(
        rows(&["month", "day"], None),
        ["2025-03 01 85", "2025-03 02 25", "2025-03 03 25"]
    );
    assert_eq!(rows(&["sku"], None), ["B 80", "A 60", "(none) -5"]);
}

#[test]
fn ids_stand_beside_names_and_no_column_twice() {
    let names = |by: &[&str]| -> Vec<String> {
        let mut columns = self::by(by).key_columns();
        let none = GroupRow::default();
        assert_eq!(columns.remove(0).read(&none).plain(), "other");
        assert!(
            columns
                .iter()
                .all(|column| column.read(&none).plain() == "")
        );
        columns
            .iter()
            .map(|column| column.name.to_string())
            .collect()
    };
    assert_eq!(names(&["sku", "day"]), ["sku", "day"]);
    assert_eq!(
        names(&["project", "cluster"]),
        ["project_id", "project_name", "cluster_name"]
    );
    assert_eq!(names(&["tag:Cost Center"]), ["tag_cost_center"]);
}
