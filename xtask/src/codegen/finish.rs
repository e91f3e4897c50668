//! What the generator's output still lacks, put on its syntax tree.

use std::collections::BTreeSet;

use syn::visit_mut::{self, VisitMut};
use syn::{Fields, File, GenericArgument, ImplItem, Item, PathArguments, Type, parse_quote};

use crate::adapt::OWN_CRATE;

/// Types can grow (`non_exhaustive`), have a default, describe themselves where asked to, take 1.0
/// for 1, and read timestamps at little cost.
pub(super) fn types(file: &mut File) {
    file.attrs
        .push(parse_quote!(#![doc = " Types used as operation parameters and responses."]));
    file.attrs.push(parse_quote!(#![allow(clippy::all)]));
    OwnCrate.visit_file_mut(file);
    let with_default = defaultable(&file.items);
    for item in &mut file.items {
        match item {
            Item::Struct(item) => {
                item.attrs.push(json_schema());
                item.attrs.push(parse_quote!(#[non_exhaustive]));
                if with_default.contains(&item.ident.to_string()) && !derives_default(&item.attrs) {
                    item.attrs.push(parse_quote!(#[derive(Default)]));
                }
                item.fields.iter_mut().for_each(read_by_ours);
            }
            Item::Enum(item) => {
                item.attrs.push(json_schema());
                item.attrs.push(parse_quote!(#[non_exhaustive]));
            }
            _ => {}
        }
    }
}

/// The client without what a library must not hold, and without a second name for everything.
pub(super) fn client(file: &mut File) {
    file.attrs
        .push(parse_quote!(#![doc = " The client, and a builder for each operation."]));
    file.attrs.push(parse_quote!(#![allow(clippy::all)]));
    OwnCrate.visit_file_mut(file);
    file.items.insert(
        0,
        parse_quote!(
            use super::types;
        ),
    );
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    for item in &mut file.items {
        // The crate's root re-exports what its users need.
        if let Item::Use(import) = item {
            import.vis = syn::Visibility::Inherited;
        }
        if let Item::Impl(block) = item {
            // It unwraps, and sets timeouts nobody asked for; `new_with_client` does neither.
            block
                .items
                .retain(|item| !matches!(item, ImplItem::Fn(f) if f.sig.ident == "new"));
        }
    }
}

fn json_schema() -> syn::Attribute {
    parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))])
}

/// The generator knows our own crate by its outside name only.
struct OwnCrate;

impl VisitMut for OwnCrate {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if path.leading_colon.is_some()
            && path.segments.first().is_some_and(|s| s.ident == OWN_CRATE)
        {
            path.leading_colon = None;
            path.segments[0] = parse_quote!(crate);
        }
        visit_mut::visit_path_mut(self, path);
    }

    /// Messages name types as the generator prints tokens: `:: std :: string :: String`.
    fn visit_lit_str_mut(&mut self, literal: &mut syn::LitStr) {
        let text = literal.value();
        if let Some(("conversion to ", rest)) = text.split_once('`')
            && let Some((path, rest)) = rest.split_once('`')
        {
            let text = format!("conversion to `{}`{rest}", short(path));
            *literal = syn::LitStr::new(&text, literal.span());
        }
    }
}

/// A type without the modules it stands in: `Vec<InvoiceStatus>`.
fn short(path: &str) -> String {
    let words: Vec<&str> = path.split(' ').collect();
    let is_name = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let is_module = |index: usize| is_name(words[index]) && words.get(index + 1) == Some(&"::");
    let kept = words
        .iter()
        .enumerate()
        .filter(|(index, word)| **word != "::" && !is_module(*index));
    kept.map(|(_, word)| *word).collect()
}

/// Integers and timestamps are read by functions of the crate's own: some writers of JSON know
/// doubles only, and a general date parser is slow.
fn read_by_ours(field: &mut syn::Field) {
    let (optional, inner) = match argument_of(&field.ty, "Option") {
        Some(inner) => (true, inner),
        None => (false, &field.ty),
    };
    let integers = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
    let attribute = if is_one_of(inner, &integers) {
        match optional {
            true => {
                parse_quote!(#[serde(default, deserialize_with = "crate::lenient::optional_integer")])
            }
            false => parse_quote!(#[serde(deserialize_with = "crate::lenient::integer")]),
        }
    } else if argument_of(inner, "DateTime").is_some_and(is_utc) {
        match optional {
            true => {
                parse_quote!(#[serde(default, deserialize_with = "crate::timestamp::optional")])
            }
            false => parse_quote!(#[serde(deserialize_with = "crate::timestamp::required")]),
        }
    } else {
        return;
    };
    field.attrs.push(attribute);
}

/// The names of the types that have a default or can derive one: until nothing is added, those
/// whose every field has one.
fn defaultable(items: &[Item]) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = known.len();
        for item in items {
            let Item::Struct(item) = item else { continue };
            let fields = match &item.fields {
                Fields::Named(fields) => &fields.named,
                Fields::Unnamed(fields) => &fields.unnamed,
                Fields::Unit => continue,
            };
            if fields.iter().all(|field| has_default(&field.ty, &known)) {
                known.insert(item.ident.to_string());
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

fn has_default(ty: &Type, known: &BTreeSet<String>) -> bool {
    let std_types = [
        "Option",
        "Vec",
        "BTreeMap",
        "Map",
        "Value",
        "String",
        "bool",
        "f32",
        "f64",
        "i8",
        "i16",
        "i32",
        "i64",
        "u8",
        "u16",
        "u32",
        "u64",
        "NaiveDate",
        "DateTime",
    ];
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            std_types.iter().any(|name| last.ident == name)
                || known.contains(&last.ident.to_string())
        }),
        _ => false,
    }
}

fn derives_default(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
        .any(|attribute| {
            let mut found = false;
            let read = attribute.parse_nested_meta(|meta| {
                found |= meta
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "Default");
                Ok(())
            });
            read.is_ok() && found
        })
}

fn is_utc(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Utc"))
}

fn is_one_of(ty: &Type, names: &[&str]) -> bool {
    matches!(ty, Type::Path(path) if names.iter().any(|name| path.path.is_ident(name)))
}

/// `T` of a `…::Wrapper<T>`.
fn argument_of<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == wrapper)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_derived_where_every_field_has_one() {
        let file: File = parse_quote! {
            struct A { b: B, when: ::chrono::naive::NaiveDate }
            struct B { text: ::std::option::Option<C> }
            struct C { other: Elsewhere }
            struct D(pub ::std::vec::Vec<C>);
        };
        let expected: BTreeSet<String> = ["A", "B", "D"].map(str::to_owned).into();
        assert_eq!(defaultable(&file.items), expected);
    }

    #[test]
    fn integers_and_timestamps_are_read_by_ours_and_nothing_else_is() {
        let mut file: File = parse_quote! {
            #[derive(Clone)]
            pub struct A {
                pub cents: ::std::option::Option<i64>,
                pub count: i32,
                pub text: String,
                pub ratio: ::std::option::Option<f64>,
                pub day: ::std::option::Option<::chrono::naive::NaiveDate>,
                pub created: ::std::option::Option<::chrono::DateTime<::chrono::offset::Utc>>,
                pub updated: ::chrono::DateTime<::chrono::offset::Utc>,
            }
        };
        types(&mut file);
        let text = prettyplease::unparse(&file);
        assert!(text.contains(
            "#[serde(default, deserialize_with = \"crate::lenient::optional_integer\")]\n    pub cents"
        ));
        assert!(
            text.contains(
                "#[serde(deserialize_with = \"crate::lenient::integer\")]\n    pub count"
            )
        );
        assert!(text.contains(
            "#[serde(default, deserialize_with = \"crate::timestamp::optional\")]\n    pub created"
        ));
        assert!(text.contains(
            "#[serde(deserialize_with = \"crate::timestamp::required\")]\n    pub updated"
        ));
        assert_eq!(text.matches("deserialize_with").count(), 4, "{text}");
        assert!(text.contains("#[non_exhaustive]"));
        assert!(text.contains("derive(Default)"));
    }

    #[test]
    fn messages_name_types_without_their_modules() {
        let table = [
            (":: std :: string :: String", "String"),
            ("bool", "bool"),
            (
                ":: std :: vec :: Vec < :: atlas_billing_raw :: enums :: Kind >",
                "Vec<Kind>",
            ),
        ];
        for (path, expected) in table {
            assert_eq!(short(path), expected);
        }
    }

    #[test]
    fn paths_into_our_own_crate_become_local() {
        let mut file: File = parse_quote! { type A = Option<::atlas_billing_raw::enums::B>; };
        client(&mut file);
        assert!(prettyplease::unparse(&file).contains("Option<crate::enums::B>"));
    }
}
