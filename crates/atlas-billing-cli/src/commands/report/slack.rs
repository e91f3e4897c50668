//! A report as a message for Slack: JSON for an incoming webhook or `chat.postMessage`, within the
//! limits of Block Kit (<https://docs.slack.dev/reference/block-kit/blocks>).

use serde_json::{Value, json};

use super::page::Page;
use crate::failure::Failure;
use crate::output::table::{self, Paper};
use crate::output::{Layout, Row};
use crate::text::clean;

/// Blocks of a message.
const MOST_BLOCKS: usize = 50;
/// Characters of a text in a section.
const MOST_TEXT: usize = 3000;
/// Characters of a header.
const MOST_HEADER: usize = 150;
/// Characters of a field of a section, or of an element of a context; ten of them at most.
const MOST_FIELD: usize = 2000;
const MOST_FIELDS: usize = 10;
/// So wide is a table: wider ones wrap on most screens.
const WIDTH: usize = 96;

pub(super) fn slack(page: &Page) -> Result<String, Failure> {
    let mut blocks = vec![header(&page.title), context(&[&page.about])];
    let fields = page.headlines.iter().take(MOST_FIELDS).map(|it| {
        let text = format!(
            "*{}*\n{}\n{}",
            marked(&it.label),
            marked(&it.value),
            marked(&it.note)
        );
        mrkdwn(&shortened(&text, MOST_FIELD))
    });
    blocks.push(json!({"type": "section", "fields": fields.collect::<Vec<_>>()}));
    for section in &page.sections {
        blocks.push(header(&section.title));
        blocks.push(context(&[&section.about.replace('`', "")]));
        for table in &section.tables {
            blocks.extend(table_blocks(table)?);
        }
    }
    // How to read the figures is said in any case, in one block.
    let most = MOST_BLOCKS - 2;
    if blocks.len() > most {
        blocks.truncate(most - 1);
        blocks.push(context(&[
            "Shortened: a message has room for no more. The HTML form has all of it.",
        ]));
    }
    blocks.push(json!({"type": "divider"}));
    let method: Vec<&str> = page.method.iter().map(String::as_str).collect();
    blocks.push(context(&method));
    let message = json!({"text": marked(&page.title), "blocks": blocks});
    Ok(format!("{message:#}\n"))
}

fn header(text: &str) -> Value {
    // Plain text is not escaped: it has no markup but emoji, which are off.
    let text = shortened(&clean(text), MOST_HEADER);
    json!({"type": "header", "text": {"type": "plain_text", "text": text, "emoji": false}})
}

fn context(texts: &[&str]) -> Value {
    let elements = texts.iter().take(MOST_FIELDS);
    let elements = elements.map(|text| mrkdwn(&shortened(&marked(text), MOST_FIELD)));
    json!({"type": "context", "elements": elements.collect::<Vec<_>>()})
}

/// Text in which nothing becomes a link or a mention by itself.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// A table as code, its title and notes as text, in as many sections as they take.
fn table_blocks(layout: &Layout) -> Result<Vec<Value>, Failure> {
    // No cell needs more than a line: fitting very long ones into it takes long.
    let plain = |row: &Row| Row::new(row.texts.iter().map(|text| shortened(text, WIDTH)));
    let table = Layout {
        title: None,
        notes: Vec::new(),
        rows: layout.rows.iter().map(plain).collect(),
        ..layout.clone()
    };
    let mut drawn = Vec::new();
    let paper = Paper {
        width: Some(WIDTH),
        color: false,
    };
    table::draw(&table, paper, &mut drawn)?;
    let drawn = String::from_utf8_lossy(&drawn);
    let title = layout.title.as_deref().map(marked);
    let title = title.map(|title| format!("*{}*", shortened(&title, MOST_TEXT - 2)));
    // Fences of three backticks and a line end on both sides.
    let lines = drawn.lines().map(|line| escaped(line.trim_end()));
    let code = chunks(lines, MOST_TEXT - 8).into_iter();
    let code = code.map(|chunk| format!("```\n{chunk}\n```"));
    let notes = layout.notes.iter().map(|note| marked(note));
    // One section where that is enough.
    let texts = title.into_iter().chain(code).chain(notes);
    let sections = chunks(texts, MOST_TEXT).into_iter();
    Ok(sections
        .map(|text| json!({"type": "section", "text": mrkdwn(&text)}))
        .collect())
}

/// Lines put together to texts of at most `most` characters.
fn chunks(lines: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    for line in lines {
        let line = shortened(&line, most);
        let room = |chunk: &String| chunk.chars().count() + 1 + line.chars().count() <= most;
        match chunks.last_mut().filter(|chunk| room(chunk)) {
            Some(chunk) => {
                chunk.push('\n');
                chunk.push_str(&line);
            }
            None => chunks.push(line),
        }
    }
    // Slack refuses an empty text.
    chunks.retain(|chunk| !chunk.trim().is_empty());
    chunks
}

/// Text without control characters, links, mentions and code: `&`, `<` and `>` are what Slack asks to
/// have escaped, and a backtick would end the code around it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '`' => safe.push('ˋ'),
            c => safe.push(c),
        }
    }
    safe
}

/// The same where no code is around it: marks for bold, italics and strikethrough are kept apart from
/// the words that they would change.
fn marked(text: &str) -> String {
    let mut safe = String::new();
    for c in escaped(text).chars() {
        safe.push(c);
        if "*_~".contains(c) {
            safe.push('\u{2060}');
        }
    }
    safe
}

/// At most `most` characters; an escape is not cut in two.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most - 1).collect();
    if let Some(at) = cut.rfind('&').filter(|at| !cut[*at..].contains(';')) {
        cut.truncate(at);
    }
    cut.push('…');
    cut
}
