//! What every command knows: the flags, the voice, today, and what tables are drawn on.

use std::io::Write;

use atlas_billing::edge::{Clock, SystemClock};
use chrono::NaiveDate;

use crate::args::{Format, Global};
use crate::failure::Failure;
use crate::output::{Layout, Paper, Sink, markdown, table};
use crate::terminal;
use crate::voice::Voice;

/// What every command knows.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) voice: Voice,
    /// The day in UTC, which is Atlas's calendar.
    pub(crate) today: NaiveDate,
    pub(crate) paper: Paper,
}

impl Context {
    pub(crate) fn new(global: Global, voice: Voice) -> Self {
        let today = global
            .today
            .unwrap_or_else(|| SystemClock::new().now().date_naive());
        let paper = terminal::paper(global.color, global.output_file.is_some());
        Self {
            voice,
            today,
            paper,
            global,
        }
    }

    pub(crate) fn form(&self) -> Format {
        self.global.form()
    }

    /// Where the data of this command goes.
    pub(crate) fn sink(&self) -> Result<Sink, Failure> {
        Sink::open(self.global.output_file.as_deref())
    }

    /// Draws tables one below the other, as the form says.
    pub(crate) fn draw_into(&self, sink: &mut Sink, layouts: &[Layout]) -> Result<(), Failure> {
        for (at, layout) in layouts.iter().enumerate() {
            if at > 0 {
                writeln!(sink)?;
            }
            match self.form() {
                Format::Markdown => markdown::draw(layout, sink)?,
                _ => table::draw(layout, self.paper, sink)?,
            }
        }
        Ok(())
    }

    /// Refuses forms that a command has nothing for.
    pub(crate) fn refuse_raw(&self, what: &str) -> Result<(), Failure> {
        match self.form().is_raw() {
            true => Err(Failure::usage(format!(
                "{what} has no form {}: it is no answer of the service's. Use table, csv, jsonl, \
                 json or markdown.",
                self.form().name()
            ))),
            false => Ok(()),
        }
    }
}
