//! What the generator's output still lacks, put on its syntax tree.

use std::collections::BTreeSet;

use quote::quote;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Fields, File, GenericArgument, ImplItem, Item, PathArguments, Type, parse_quote};

use crate::adapt::OWN_CRATE;

/// Types can grow (`non_exhaustive`), have a default, describe themselves where asked to, take 1.0
/// for 1, and read timestamps at little cost.
///
/// `client` is what uses them: builders are kept for what it sends.
pub(super) fn types(file: &mut File, client: &File) {
    file.attrs
        .push(parse_quote!(#![doc = " Types used as operation parameters and responses."]));
    file.attrs.push(parse_quote!(#![allow(clippy::all)]));
    OwnCrate.visit_file_mut(file);
    let sent = sent(&file.items, client);
    keep_builders(&mut file.items, &sent);
    let pages: Vec<Item> = file.items.iter().filter_map(page).collect();
    file.items.extend(pages);
    let with_default = defaultable(&file.items);
    for item in &mut file.items {
        match item {
            Item::Struct(item) => {
                item.attrs.push(json_schema());
                item.attrs.push(parse_quote!(#[non_exhaustive]));
                if with_default.contains(&item.ident.to_string()) && !derives_default(&item.attrs) {
                    item.attrs.push(parse_quote!(#[derive(Default)]));
                }
                // The value in a newtype is the whole document: null is not one.
                if let Fields::Named(fields) = &mut item.fields {
                    fields.named.iter_mut().for_each(read_by_ours);
                }
            }
            Item::Enum(item) => {
                item.attrs.push(json_schema());
                item.attrs.push(parse_quote!(#[non_exhaustive]));
            }
            _ => {}
        }
    }
}

/// Gives the structs of these `names` texts and tags that are shared between values.
pub(super) fn share_texts<'a>(file: &mut File, names: impl Iterator<Item = &'a str>) {
    let names: BTreeSet<&str> = names.collect();
    for item in &mut file.items {
        if let Item::Struct(item) = item
            && names.contains(item.ident.to_string().as_str())
        {
            for field in &mut item.fields {
                let text = argument_of(&field.ty, "Option");
                let values = last_argument_of(&field.ty, "BTreeMap");
                if text.is_some_and(|text| ends_in(text, "String")) {
                    field.ty = parse_quote!(::std::option::Option<crate::SharedText>);
                } else if values
                    .and_then(|list| argument_of(list, "Vec"))
                    .is_some_and(|value| ends_in(value, "String"))
                {
                    field.ty = parse_quote!(crate::Tags);
                }
            }
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
        if let Item::Mod(module) = item
            && let Some((_, items)) = &mut module.content
        {
            items.sort_by_key(|item| match item {
                Item::Struct(item) => item.ident.to_string().ends_with("Bytes"),
                Item::Impl(block) => self_name(block).ends_with("Bytes"),
                _ => false,
            });
        }
        // The crate's root re-exports what its users need.
        if let Item::Use(import) = item {
            import.vis = syn::Visibility::Inherited;
        }
        if let Item::Impl(block) = item {
            // It unwraps, and sets timeouts nobody asked for; `new_with_client` does neither.
            block
                .items
                .retain(|item| !matches!(item, ImplItem::Fn(f) if f.sig.ident == "new"));
            block.items.sort_by_key(|item| match item {
                ImplItem::Fn(method) => method.sig.ident.to_string().ends_with("_bytes"),
                _ => false,
            });
        }
    }
}

/// A type with a list of `results` is a page of a list.
fn page(item: &Item) -> Option<Item> {
    let Item::Struct(page) = item else {
        return None;
    };
    let named = |wanted: &str| {
        let is_it = |field: &&syn::Field| field.ident.as_ref().is_some_and(|name| name == wanted);
        let field = page.fields.iter().find(is_it)?;
        argument_of(&field.ty, "Vec")
    };
    let (name, item) = (&page.ident, named("results")?);
    // Without links the page does not say whether another follows.
    let has_next: syn::Expr = match named("links") {
        Some(_) => parse_quote! {
            (!self.links.is_empty()).then(|| {
                let mut rels = self.links.iter().filter_map(|link| link.rel.as_deref());
                rels.any(|rel| rel == "next")
            })
        },
        None => parse_quote!(None),
    };
    let has_count = |field: &syn::Field| field.ident.as_ref().is_some_and(|it| it == "total_count");
    let total_count: syn::Expr = match page.fields.iter().any(has_count) {
        true => parse_quote!(self.total_count.map(i64::from)),
        false => parse_quote!(None),
    };
    Some(parse_quote! {
        impl crate::Page for #name {
            type Item = #item;

            fn has_next(&self) -> Option<bool> {
                #has_next
            }

            fn total_count(&self) -> Option<i64> {
                #total_count
            }

            fn into_items(self) -> ::std::vec::Vec<#item> {
                self.results
            }
        }
    })
}

/// The types of request bodies, and the types in them.
fn sent(items: &[Item], client: &File) -> BTreeSet<String> {
    let mut names = Names::default();
    names.visit_file(client);
    let mut sent = names.built;
    loop {
        let mut names = Names::default();
        for item in items {
            if let Item::Struct(item) = item
                && sent.contains(&item.ident.to_string())
            {
                names.visit_item_struct(item);
            }
        }
        let before = sent.len();
        sent.extend(names.last);
        if sent.len() == before {
            return sent;
        }
    }
}

/// The names in a syntax tree.
#[derive(Default)]
struct Names {
    /// The last segments of all paths.
    last: BTreeSet<String>,
    /// Those that stand in a module `builder` of `types`.
    built: BTreeSet<String>,
}

impl<'a> Visit<'a> for Names {
    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if let [types, builder, name] = segments.as_slice()
            && types == "types"
            && builder == "builder"
        {
            self.built.insert(name.clone());
        }
        self.last.extend(segments.last().cloned());
        visit::visit_path(self, path);
    }
}

/// The last segment of the type that a block is for.
fn self_name(block: &syn::ItemImpl) -> String {
    match &*block.self_ty {
        Type::Path(path) => path.path.segments.last().map(|s| s.ident.to_string()),
        _ => None,
    }
    .unwrap_or_default()
}

/// Nobody builds a response: its builder is three quarters of its code.
fn keep_builders(items: &mut Vec<Item>, sent: &BTreeSet<String>) {
    let is_sent = |block: &syn::ItemImpl| sent.contains(&self_name(block));
    items.retain_mut(|item| match item {
        Item::Impl(block) if block.trait_.is_none() && !is_sent(block) => {
            block
                .items
                .retain(|item| !matches!(item, ImplItem::Fn(f) if f.sig.ident == "builder"));
            !block.items.is_empty()
        }
        Item::Mod(module) if module.ident == "builder" => {
            let Some((_, items)) = &mut module.content else {
                return false;
            };
            items.retain(|item| match item {
                Item::Struct(item) => sent.contains(&item.ident.to_string()),
                Item::Impl(block) => is_sent(block),
                _ => true,
            });
            !items.is_empty()
        }
        _ => true,
    });
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
    } else if argument_of(inner, "DateTime").is_some_and(|zone| ends_in(zone, "Utc")) {
        match optional {
            true => {
                parse_quote!(#[serde(default, deserialize_with = "crate::timestamp::optional")])
            }
            false => parse_quote!(#[serde(deserialize_with = "crate::timestamp::required")]),
        }
    } else if optional && ends_in(inner, "SharedText") {
        parse_quote!(#[serde(default, deserialize_with = "crate::shared::optional_text")])
    } else if optional {
        return;
    } else if ends_in(inner, "Tags") {
        parse_quote!(#[serde(deserialize_with = "crate::deserialize_tags")])
    } else if argument_of(inner, "Vec").is_some() {
        parse_quote!(#[serde(deserialize_with = "crate::lenient::list")])
    } else if last_argument_of(inner, "BTreeMap").is_some_and(|v| argument_of(v, "Vec").is_some()) {
        parse_quote!(#[serde(deserialize_with = "crate::lenient::map_of_lists")])
    } else if last_argument_of(inner, "BTreeMap")
        .or(argument_of(inner, "Map"))
        .is_some()
    {
        parse_quote!(#[serde(deserialize_with = "crate::lenient::or_default")])
    } else {
        return;
    };
    field.attrs.push(attribute);
}

/// The names of the types that have a default or can derive one: until nothing is added, those
/// whose every field has one.
fn defaultable(items: &[Item]) -> BTreeSet<String> {
    let structs = |item: &Item| match item {
        Item::Struct(item) => Some((item.ident.to_string(), item.fields.clone())),
        _ => None,
    };
    let structs: Vec<(String, Fields)> = items.iter().filter_map(structs).collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = known.len();
        for (name, fields) in &structs {
            // Open enums have none; other types of this file do once they are known.
            let has_default = |ty: &Type| match ty {
                Type::Path(path) => path.path.segments.iter().all(|segment| {
                    let is_ours = structs.iter().any(|(name, _)| segment.ident == name);
                    segment.ident != "enums"
                        && (!is_ours || known.contains(&segment.ident.to_string()))
                }),
                _ => false,
            };
            if fields.iter().all(|field| has_default(&field.ty)) {
                known.insert(name.clone());
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

fn derives_default(attributes: &[syn::Attribute]) -> bool {
    let derives = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"));
    derives
        .map(|derive| quote!(#derive).to_string())
        .any(|text| text.contains("Default"))
}

/// Whether `name` is the last segment of the type's path.
fn ends_in(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name))
}

fn is_one_of(ty: &Type, names: &[&str]) -> bool {
    matches!(ty, Type::Path(path) if names.iter().any(|name| path.path.is_ident(name)))
}

/// `T` of a `…::Wrapper<T, …>`.
fn argument_of<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    arguments(ty, wrapper)?.next()
}

/// `T` of a `…::Wrapper<…, T>`.
fn last_argument_of<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    arguments(ty, wrapper)?.last()
}

fn arguments<'a>(ty: &'a Type, wrapper: &str) -> Option<impl Iterator<Item = &'a Type>> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    });
    (last.ident == wrapper).then_some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_derived_where_every_field_has_one() {
        let file: File = parse_quote! {
            struct A { b: B, when: ::chrono::naive::NaiveDate }
            struct B { text: ::std::option::Option<C> }
            struct C { other: crate::enums::Kind }
            struct D(pub ::std::vec::Vec<C>);
            struct E { other: C }
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
        types(&mut file, &parse_quote!());
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
    fn texts_and_tags_are_shared_in_the_named_types_alone() {
        let mut file: File = parse_quote! {
            pub struct Item {
                pub sku: ::std::option::Option<::std::string::String>,
                pub tags: ::std::collections::BTreeMap<::std::string::String, ::std::vec::Vec<::std::string::String>>,
                pub counts: ::std::collections::BTreeMap<::std::string::String, i64>,
            }
            pub struct Other { pub sku: ::std::option::Option<::std::string::String> }
        };
        share_texts(&mut file, ["Item"].into_iter());
        types(&mut file, &parse_quote!());
        let text = prettyplease::unparse(&file);
        for part in [
            "crate::shared::optional_text\")]\n    pub sku: ::std::option::Option<crate::SharedText>",
            "crate::deserialize_tags\")]\n    pub tags: crate::Tags",
            "pub counts: ::std::collections::BTreeMap<::std::string::String, i64>",
            "pub sku: ::std::option::Option<::std::string::String>",
        ] {
            assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
        }
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
