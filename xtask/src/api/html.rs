//! Reads the little of HTML that rustdoc's pages need: links, marked parts, and text.

/// The targets of a page's links to items of the same crate, in the order they stand.
pub(super) fn links(page: &str) -> Vec<String> {
    let targets = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let items = targets.filter(|target| {
        let name = target.rsplit('/').next().unwrap_or_default();
        let kinds = [
            "struct.",
            "enum.",
            "trait.",
            "fn.",
            "type.",
            "constant.",
            "macro.",
            "union.",
            "static.",
            "attr.",
            "derive.",
        ];
        !target.contains("..")
            && !target.contains("://")
            && name.ends_with(".html")
            && kinds.iter().any(|kind| name.starts_with(kind))
    });
    items.map(str::to_owned).collect()
}

/// What stands between `open` and the first `close` after it, for every `open`.
pub(super) fn between<'a>(page: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    let parts = page.split(open).skip(1);
    parts
        .filter_map(|rest| rest.split_once(close))
        .map(|(part, _)| part)
        .collect()
}

/// The text of a piece of HTML on one line: tags and folded summaries gone, entities read.
pub(super) fn text(piece: &str) -> String {
    let mut shown = String::with_capacity(piece.len());
    let mut rest = piece;
    while let Some((before, tag)) = rest.split_once('<') {
        shown.push_str(before);
        // A folded part has a label of its own, which is no part of the declaration.
        if let Some(summary) = tag.strip_prefix("summary") {
            rest = summary
                .split_once("</summary>")
                .map_or("", |(_, after)| after);
            continue;
        }
        let (name, after) = tag.split_once('>').unwrap_or((tag, ""));
        if matches!(
            name.trim_start_matches('/').split(' ').next(),
            Some("div" | "br")
        ) {
            shown.push(' ');
        }
        rest = after;
    }
    shown.push_str(rest);
    let shown = entities(&shown);
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn entities(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
    ];
    let read = pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    // Last, so that what it makes is not read again.
    read.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_items_of_this_crate_are_links() {
        let page = r##"<a href="a/struct.A.html">x</a><a href="../struct.B.html"><a href="#c">
            <a href="https://d/struct.D.html"><a href="index.html"><a href="type.E.html">"##;
        assert_eq!(links(page), ["a/struct.A.html", "type.E.html"]);
    }

    #[test]
    fn text_is_what_a_reader_sees() {
        let piece = "<div class=\"x\">#[must_use]</div>pub fn <a href=\"#\">f</a>(\n    &amp;self,\n) \
            -&gt; Vec&lt;&amp;'a str&gt;<details><summary><span>Show 3 fields</span></summary> {}";
        assert_eq!(
            text(piece),
            "#[must_use] pub fn f( &self, ) -> Vec<&'a str> {}"
        );
        assert_eq!(text("&amp;lt;"), "&lt;");
        assert_eq!(text("a < b"), "a");
    }

    #[test]
    fn parts_are_found_in_order() {
        assert_eq!(between("[1] [2] [3", "[", "]"), ["1", "2"]);
    }
}
