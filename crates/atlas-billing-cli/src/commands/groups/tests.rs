//! Groups add up, the largest come first, and columns name them.

use atlas_billing::LineItem;

use super::*;

fn groups(items: &[(&str, i64)]) -> Vec<Group> {
    let mut totals = Totals::new(&[Dimension::Sku]);
    for (sku, cents) in items {
        let mut item = LineItem::default();
        item.sku = Some((*sku).to_owned());
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
    let layout = by(&["sku"]).layout("t".into(), &rows, whole.total.gross);
    assert_eq!(texts(&layout.rows)[2], "other (2) 0.05 0.02 0.03 5.0 % 2");
    assert_eq!(layout.rows[2].bar, None);
    assert_eq!(texts(&layout.sums), ["total 1.00 0.04 0.96 100.0 % 4"]);
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
