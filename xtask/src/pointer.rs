//! JSON pointers (RFC 6901): the names of places in a specification.

/// The pointer to `token` below `parent`.
pub(crate) fn child(parent: &str, token: &str) -> String {
    format!("{parent}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// The tokens of a pointer, unescaped.
pub(crate) fn tokens(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// The pointer of a reference inside the document (`#/components/…`), or nothing for any other.
pub(crate) fn of_reference(reference: &str) -> Option<&str> {
    reference
        .strip_prefix('#')
        .filter(|pointer| pointer.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_tildes_survive() {
        let pointer = child(&child("/paths", "/a/{b}"), "x~y");
        assert_eq!(pointer, "/paths/~1a~1{b}/x~0y");
        assert_eq!(tokens(&pointer), ["paths", "/a/{b}", "x~y"]);
        assert_eq!(tokens(""), Vec::<String>::new());
    }

    #[test]
    fn only_references_into_the_document_are_pointers() {
        assert_eq!(
            of_reference("#/components/schemas/A"),
            Some("/components/schemas/A")
        );
        assert_eq!(of_reference("other.json#/A"), None);
        assert_eq!(of_reference("#A"), None);
    }
}
