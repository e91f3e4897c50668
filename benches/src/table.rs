//! Markdown tables with columns that line up.

/// Rows under a header, the first column to the left, the others to the right.
pub(crate) fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells
            .chain([header[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let cells = widths.iter().enumerate().map(|(column, width)| {
            let cell = cells.get(column).copied().unwrap_or_default();
            if column == 0 {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut text = line(header.to_vec());
    let rule = widths.iter().enumerate().map(|(column, width)| {
        let dashes = "-".repeat(width.saturating_sub(1).max(1));
        if column == 0 {
            format!("{dashes}-")
        } else {
            format!("{dashes}:")
        }
    });
    text.push_str(&format!("| {} |\n", rule.collect::<Vec<_>>().join(" | ")));
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["a".to_owned(), "10.0".to_owned()],
            vec!["bcd".to_owned()],
        ];
        let text = markdown(&["k", "v"], &rows);
        assert_eq!(
            text,
            "| k   |    v |\n| --- | ---: |\n| a   | 10.0 |\n| bcd |      |\n"
        );
    }
}
