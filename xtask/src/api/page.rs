//! What one page of rustdoc's says about an item or a module, as lines.

use super::html::{between, text};
use crate::failure::{Failure, Result};

/// The path of the module in `folder` (`a/b`, empty for the root) of the crate `name`.
pub(super) fn module_path(name: &str, folder: &str) -> String {
    let below = folder.split('/').filter(|part| !part.is_empty());
    std::iter::once(name)
        .chain(below)
        .collect::<Vec<_>>()
        .join("::")
}

/// A module, and what it re-exports.
pub(super) fn module(path: &str, page: &str) -> Vec<String> {
    let exports = between(page, "<dt id=\"reexport.", "</dt>");
    let exports = exports.iter().filter_map(|part| part.split_once('>'));
    let lines = exports.map(|(_, export)| format!("{path} = {}", text(export)));
    std::iter::once(path.to_owned()).chain(lines).collect()
}

/// An item's declaration, its own methods and constants, and the traits it has.
pub(super) fn item(name: &str, file: &str, page: &str) -> Result<Vec<String>> {
    let (folder, file_name) = file.rsplit_once('/').unwrap_or(("", file));
    let item = file_name.split('.').nth(1).unwrap_or_default();
    let path = format!("{}::{item}", module_path(name, folder));
    let declaration = between(page, "<pre class=\"rust item-decl\">", "</pre>");
    let declaration = declaration.first().ok_or_else(|| {
        Failure::new(format!(
            "rustdoc's page {file} has no declaration: its form has changed"
        ))
    })?;
    let mut lines = vec![format!("{path} = {}", text(declaration))];

    // What every type gets for nothing comes last on a page, and says nothing about this one.
    let own = page
        .split("id=\"blanket-implementations-list\"")
        .next()
        .unwrap_or_default();
    let mut implementation = String::new();
    for section in between(own, "<section id=\"", "</section>") {
        let class = between(section, " class=\"", "\"")
            .first()
            .copied()
            .unwrap_or_default();
        let header = between(section, "class=\"code-header\">", "</h");
        let Some(header) = header.first().map(|header| text(header)) else {
            continue;
        };
        let mut classes = class.split(' ');
        match (classes.next(), classes.next()) {
            (Some("impl"), _) => {
                // Without a trait it is only the frame of methods, which have lines of their own.
                if header.contains(" for ") && !internal(&header) {
                    lines.push(format!("{path}: {header}"));
                }
                implementation = header;
            }
            (Some("method" | "associatedconstant"), None) => {
                lines.push(format!("{path}:: {header}"));
            }
            (Some("associatedtype"), Some("trait-impl")) => {
                lines.push(format!("{path}: {implementation} {{ {header} }}"));
            }
            _ => {}
        }
    }
    Ok(lines)
}

/// Marks of the compiler's own, which no program can name on a stable toolchain.
fn internal(header: &str) -> bool {
    let marks = ["Freeze", "UnsafeUnpin", "StructuralPartialEq"];
    let name = header
        .split(" for ")
        .next()
        .and_then(|start| start.split_whitespace().last());
    name.is_some_and(|name| marks.contains(&name.trim_start_matches('!')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_lines() {
        let page = r##"<pre class="rust item-decl"><code>pub struct A { <span>/* private */</span> }</code></pre>
            <section id="impl-A" class="impl"><h3 class="code-header">impl <a>A</a></h3></section>
            <section id="method.f" class="method"><h4 class="code-header">pub fn <a>f</a>() -&gt; u8</h4></section>
            <section id="impl-I-for-A" class="impl"><a>§</a><h3 class="code-header">impl I for A</h3></section>
            <section id="t.O" class="associatedtype trait-impl"><h4 class="code-header">type O = u8</h4></section>
            <section id="method.g" class="method trait-impl"><h4 class="code-header">fn g()</h4></section>
            <section id="impl-Send-for-A" class="impl"><h3 class="code-header">impl !Send for A</h3></section>
            <section id="impl-Freeze-for-A" class="impl"><h3 class="code-header">impl !Freeze for A</h3></section>
            <div id="blanket-implementations-list"><section id="x" class="impl"><h3 class="code-header">impl X for A</h3></section>"##;
        assert_eq!(
            item("c", "m/struct.A.html", page).unwrap(),
            [
                "c::m::A = pub struct A { /* private */ }",
                "c::m::A:: pub fn f() -> u8",
                "c::m::A: impl I for A",
                "c::m::A: impl I for A { type O = u8 }",
                "c::m::A: impl !Send for A",
            ]
        );
        assert!(item("c", "struct.A.html", "").is_err());
    }

    #[test]
    fn a_module_shows_its_re_exports() {
        let page = r#"<dt id="reexport.raw"><code>pub use <a>atlas</a> as <a>raw</a>;</code></dt>"#;
        assert_eq!(
            module("c::m", page),
            ["c::m", "c::m = pub use atlas as raw;"]
        );
    }
}
