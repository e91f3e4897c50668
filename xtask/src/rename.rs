//! Schemas that upstream renamed: the edits of our files that follow.

use std::collections::BTreeMap;

use crate::selection::Selection;

/// `slice.toml` and `overlay.json` with the new names, and what was edited, one line each. Types
/// keep their names: a schema that had none of ours gets its old one.
pub(crate) fn apply(
    renames: &BTreeMap<String, String>,
    selection: &Selection,
    toml: &str,
    overlay: &str,
) -> (String, String, Vec<String>) {
    let (mut toml, mut overlay, mut edits) = (toml.to_owned(), overlay.to_owned(), Vec::new());
    for (old, new) in renames {
        let mut count = replace(&mut toml, old, new);
        let upstream = |name: &str| format!("upstream = {name:?}");
        if selection
            .schemas
            .iter()
            .any(|schema| schema.upstream == *old)
        {
            toml = toml.replace(&upstream(old), &upstream(new));
            count += 1;
        }
        if count > 0 {
            edits.push(format!("openapi/slice.toml: {count} times {old} -> {new}"));
        }
        if !toml.contains(&upstream(new)) {
            toml.push_str(&format!(
                "\n[[schema]]\nname = {old:?}\n{}\n",
                upstream(new)
            ));
            edits.push(format!(
                "openapi/slice.toml: a [[schema]] with name = {old:?}, upstream = {new:?}, so that \
                 the type keeps its name"
            ));
        }
        let count = replace(&mut overlay, old, new);
        if count > 0 {
            edits.push(format!(
                "openapi/overlay.json: {count} times {old} -> {new}"
            ));
        }
    }
    (toml, overlay, edits)
}

/// Replaces the name of a schema in JSONPaths; counts.
fn replace(text: &mut String, old: &str, new: &str) -> usize {
    const BEFORE: &str = "$.components.schemas";
    let quoted = (format!("{BEFORE}['{old}']"), format!("{BEFORE}['{new}']"));
    let mut count = text.matches(&quoted.0).count();
    *text = text.replace(&quoted.0, &quoted.1);
    let plain = format!("{BEFORE}.{old}");
    let mut edited = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(&plain) {
        let (before, after) = rest.split_at(at + plain.len());
        let ends = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        match ends {
            true => edited.push_str(&format!("{}{BEFORE}.{new}", &before[..at])),
            false => edited.push_str(before),
        }
        count += usize::from(ends);
        rest = after;
    }
    edited.push_str(rest);
    *text = edited;
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pocket;

    #[test]
    fn names_are_replaced_in_paths_and_nowhere_else() {
        let overlay = "\"$.components.schemas.Page\" \"$.components.schemas.Page.properties.x\" \
            \"$.components.schemas['Page']\" \"$.components.schemas.PageTwo\" \"A Page of words\"";
        let toml = "upstream = \"Page\"\nat = [\"$.components.schemas.Line.properties.code\"]\n";
        let renames = [("Page", "OrdersV2"), ("Line", "Item")]
            .map(|(old, new)| (old.to_owned(), new.to_owned()));
        let (toml, overlay, edits) = apply(&renames.into(), &pocket::selection(), toml, overlay);
        assert_eq!(
            overlay,
            "\"$.components.schemas.OrdersV2\" \"$.components.schemas.OrdersV2.properties.x\" \
             \"$.components.schemas['OrdersV2']\" \"$.components.schemas.PageTwo\" \"A Page of words\""
        );
        assert_eq!(
            toml,
            "upstream = \"OrdersV2\"\nat = [\"$.components.schemas.Item.properties.code\"]\n\n\
             [[schema]]\nname = \"Line\"\nupstream = \"Item\"\n"
        );
        assert_eq!(edits.len(), 4, "{edits:?}");
        assert!(edits.contains(&"openapi/overlay.json: 3 times Page -> OrdersV2".to_owned()));
    }
}
