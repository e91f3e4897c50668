//! `invoices compare`: what changed from one invoice to another, the largest change first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use atlas_billing::{Dimension, Group, Key, Total};

use super::{find, groups, invoices_show, read};
use crate::args::{CompareArgs, Format, Linked, checked};
use crate::connect::connect;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Heading, Layout, Row, amount};
use crate::records::change::{ChangeRow, columns};
use crate::records::invoice::InvoiceRow;

pub(super) async fn run(context: &Context, args: &CompareArgs) -> Result<(), Failure> {
    context.refuse_raw("a comparison")?;
    checked(&args.by).map_err(Failure::usage)?;
    let by = match args.by.as_slice() {
        [] => vec![Dimension::Sku],
        by => by.to_vec(),
    };
    let connection = connect(context).await?;
    let org = &connection.org;
    let mut sink = context.sink()?;
    let from = find::one(context, org, &args.from).await?;
    let to = find::one(context, org, &args.to).await?;
    if from.id == to.id {
        return Err(Failure::usage(format!(
            "both are the invoice {}: name two.",
            from.id
        )));
    }
    let from = read::summed(context, org, &from, &by, Linked::Omit).await?;
    let to = read::summed(context, org, &to, &by, Linked::Omit).await?;
    context.voice.note(&format!(
        "Periods: {} and {}",
        from.row.period(),
        to.row.period()
    ));
    let rows = changes(from.totals.into_groups(), to.totals.into_groups(), args.top);
    match context.form() {
        Format::Table | Format::Markdown => {
            context.draw_into(&mut sink, &[layout(&rows, &by, &from.row, &to.row)])?;
        }
        form => sink = invoices_show::write(form, context, &columns(&by), &rows, sink)?,
    }
    sink.finish()
}

/// The changes, the largest first, whether up or down; those beyond `top` as one.
fn changes(from: Vec<Group>, to: Vec<Group>, top: Option<usize>) -> Vec<ChangeRow> {
    let mut sides: BTreeMap<Vec<Identity>, ChangeRow> = BTreeMap::new();
    let mut add = |group: Group, side: fn(&mut ChangeRow) -> &mut Total| {
        let row = sides.entry(group.keys.iter().map(identity).collect());
        let row = row.or_insert_with(|| ChangeRow {
            keys: Vec::new(),
            from: Total::default(),
            to: Total::default(),
            groups: 1,
        });
        // The second invoice's names are the newer ones.
        row.keys = group.keys;
        *side(row) = group.total;
    };
    from.into_iter()
        .for_each(|group| add(group, |row| &mut row.from));
    to.into_iter()
        .for_each(|group| add(group, |row| &mut row.to));
    let mut rows: Vec<ChangeRow> = sides.into_values().collect();
    rows.sort_by_key(|row| Reverse(row.change().unsigned_abs()));
    let rest = rows.split_off(top.unwrap_or(rows.len()).min(rows.len()));
    if !rest.is_empty() {
        rows.push(ChangeRow {
            keys: Vec::new(),
            from: groups::sum(rest.iter().map(|row| row.from)),
            to: groups::sum(rest.iter().map(|row| row.to)),
            groups: rest.len(),
        });
    }
    rows
}

/// What makes a group the same one in both invoices: a project keeps its id when it is renamed.
type Identity = Vec<Option<String>>;

fn identity(key: &Key) -> Identity {
    let project = |project: &Option<atlas_billing::Project>| {
        project
            .as_ref()
            .and_then(|project| project.id.clone().or_else(|| project.name.clone()))
    };
    match key {
        Key::Project(of) => vec![project(of)],
        Key::Cluster { project: of, name } => vec![project(of), name.clone()],
        Key::Tag {
            values: Some(values),
            ..
        } => values.iter().cloned().map(Some).collect(),
        key => vec![key.label()],
    }
}

fn layout(rows: &[ChangeRow], by: &[Dimension], from: &InvoiceRow, to: &InvoiceRow) -> Layout {
    let mut headings = groups::key_headings(by);
    headings.extend([
        Heading::right(from.period_plain()),
        Heading::right(to.period_plain()),
        Heading::right("change"),
        Heading::right("in %"),
    ]);
    let title = format!("From {} to {}", from.period(), to.period());
    let mut layout = Layout::titled(title, headings);
    let figures = |row: &ChangeRow| {
        let part = row
            .part()
            .map_or("new".to_owned(), |part| format!("{:+.1}", part * 100.0));
        [
            amount::cents(row.from.gross.get()),
            amount::cents(row.to.gross.get()),
            amount::change(row.change()),
            if row.change() == 0 {
                String::new()
            } else {
                part
            },
        ]
    };
    for row in rows {
        let mut texts = groups::key_texts(&row.keys, by, row.groups);
        texts.extend(figures(row));
        layout.rows.push(Row::new(texts));
    }
    let all = ChangeRow {
        keys: Vec::new(),
        from: groups::sum(rows.iter().map(|row| row.from)),
        to: groups::sum(rows.iter().map(|row| row.to)),
        groups: rows.len(),
    };
    let mut texts = vec!["total".to_owned()];
    texts.resize(by.len(), String::new());
    texts.extend(figures(&all));
    layout.sums.push(Row::new(texts));
    layout
        .notes
        .push("Amounts are the items' prices before discounts, as documented.".to_owned());
    for row in [from, to] {
        layout.notes.extend(read::to_date_note(row));
    }
    layout
}

#[cfg(test)]
mod tests {
    use atlas_billing::{LineItem, Totals};

    use super::*;

    fn groups(items: &[(&str, i64)]) -> Vec<Group> {
        let mut totals = Totals::new(&[Dimension::Sku]);
        for (sku, cents) in items {
            let mut item = LineItem::default();
            item.sku = Some((*sku).to_owned());
            item.total_price_cents = Some(*cents);
            totals.add(&item);
        }
        totals.into_groups()
    }

    #[test]
    fn the_largest_change_comes_first_and_the_rest_is_one() {
        let from = groups(&[("same", 500), ("less", 900), ("gone", 50)]);
        let to = groups(&[("same", 500), ("less", 100), ("new", 120)]);
        let rows = changes(from, to, Some(2));
        let shown: Vec<(String, i128)> = rows
            .iter()
            .map(|row| {
                (
                    groups::key_texts(&row.keys, &[Dimension::Sku], row.groups).concat(),
                    row.change(),
                )
            })
            .collect();
        let expected = [("less", -800), ("new", 120), ("other (2)", -50)];
        assert_eq!(
            shown,
            expected.map(|(name, change)| (name.to_owned(), change))
        );
        assert_eq!(rows[0].part(), Some(-800.0 / 900.0));
        assert_eq!(rows[1].part(), None);
    }

    #[test]
    fn a_renamed_project_is_the_same_one() {
        let project = |name: &str| {
            let mut totals = Totals::new(&[Dimension::Project]);
            let mut item = LineItem::default();
            item.group_id = Some("64b7f0a1c2d3e4f506172839".to_owned());
            item.group_name = Some(name.to_owned());
            item.total_price_cents = Some(10);
            totals.add(&item);
            totals.into_groups()
        };
        let rows = changes(project("old"), project("new"), None);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].keys[0].to_string(), rows[0].change()),
            ("new".to_owned(), 0)
        );
    }
}
