//! What standard output and standard error are: how wide, and whether to color.

use std::io::{self, IsTerminal};

use crate::args::Color;
use crate::output::Paper;

/// What the environment and the two streams are.
#[derive(Debug, Clone, Copy, Default)]
struct Facts<'a> {
    is_terminal: bool,
    /// As wide as the terminal says it is.
    width: Option<usize>,
    columns: Option<&'a str>,
    no_color: bool,
    dumb: bool,
}

/// What a table for standard output, or for a file, is drawn on.
pub(crate) fn paper(color: Color, to_file: bool) -> Paper {
    let stdout = io::stdout();
    let columns = std::env::var("COLUMNS").ok();
    let facts = Facts {
        is_terminal: stdout.is_terminal() && !to_file,
        width: terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0.into()),
        columns: columns.as_deref().filter(|_| !to_file),
        no_color: is_set("NO_COLOR"),
        dumb: std::env::var("TERM").is_ok_and(|term| term == "dumb"),
    };
    Paper {
        width: width(facts),
        color: colored(color, facts),
    }
}

/// Whether standard error is a terminal that one line can be rewritten on.
pub(crate) fn stderr_rewrites() -> bool {
    io::stderr().is_terminal() && !std::env::var("TERM").is_ok_and(|term| term == "dumb")
}

/// How wide standard error's terminal is.
pub(crate) fn stderr_width() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| width.0.into())
}

/// Set and not empty: what <https://no-color.org> asks for.
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// COLUMNS where it is said, else the terminal's own width; a pipe or file has no edge.
fn width(facts: Facts<'_>) -> Option<usize> {
    let said = facts.columns.and_then(|text| text.trim().parse().ok());
    said.or(facts.width.filter(|_| facts.is_terminal))
        .filter(|width| *width > 0)
}

fn colored(color: Color, facts: Facts<'_>) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => facts.is_terminal && !facts.no_color && !facts.dumb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_win_over_the_terminal() {
        let terminal = Facts {
            is_terminal: true,
            width: Some(120),
            ..Facts::default()
        };
        assert_eq!(width(terminal), Some(120));
        assert_eq!(
            width(Facts {
                columns: Some("60"),
                ..terminal
            }),
            Some(60)
        );
        assert_eq!(
            width(Facts {
                columns: Some("wide"),
                ..terminal
            }),
            Some(120)
        );
        assert_eq!(
            width(Facts {
                columns: Some("0"),
                ..Facts::default()
            }),
            None
        );
        assert_eq!(
            width(Facts {
                is_terminal: false,
                ..terminal
            }),
            None
        );
    }

    #[test]
    fn color_where_it_is_seen_and_wanted() {
        let terminal = Facts {
            is_terminal: true,
            ..Facts::default()
        };
        assert!(colored(Color::Auto, terminal));
        assert!(!colored(
            Color::Auto,
            Facts {
                no_color: true,
                ..terminal
            }
        ));
        assert!(!colored(
            Color::Auto,
            Facts {
                dumb: true,
                ..terminal
            }
        ));
        assert!(!colored(Color::Auto, Facts::default()));
        assert!(colored(
            Color::Always,
            Facts {
                no_color: true,
                ..Facts::default()
            }
        ));
        assert!(!colored(Color::Never, terminal));
    }
}
