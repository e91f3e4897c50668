//! Documentation of what the generator leaves bare, and one comment style for all of it.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta, Type, parse_quote};

use crate::spec::{operations, resolve};

/// The descriptions of an operation's parameters, by builder and method.
pub(super) type Parameters = BTreeMap<(String, String), String>;

/// Collects the descriptions of all parameters of the generator's input.
pub(super) fn parameters(input: &Value) -> Parameters {
    let mut found = Parameters::new();
    for (path, _, operation) in operations(input) {
        let builder = operation["operationId"].as_str().unwrap_or_default();
        for holder in [&input["paths"][path], operation] {
            for parameter in holder["parameters"].as_array().into_iter().flatten() {
                let parameter = resolve(input, parameter);
                let text = |key: &str| parameter[key].as_str();
                if let (Some(name), Some(description)) = (text("name"), text("description")) {
                    let key = (builder.to_upper_camel_case(), name.to_snake_case());
                    found.insert(key, description.to_owned());
                }
            }
        }
    }
    found
}

/// Documents every bare public item, and writes each comment line by line.
pub(super) fn complete(items: &mut [Item], parameters: &Parameters) {
    for item in items.iter_mut() {
        match item {
            // The description of an object in place is on its type alone.
            Item::Struct(item) => {
                let is_bare = |field: &&mut syn::Field| {
                    field.ident.is_some() && matches!(field.vis, syn::Visibility::Public(_))
                };
                for field in item.fields.iter_mut().filter(is_bare) {
                    let name = innermost(&field.ty);
                    document(&mut field.attrs, format!(" See [`{name}`]."));
                }
            }
            Item::Impl(block) => {
                let owner = type_name(&block.self_ty);
                methods(block, |method| associated(&owner, method));
            }
            Item::Mod(module) if module.ident == "builder" => {
                if let Some((_, items)) = &mut module.content {
                    builders(items, parameters);
                }
            }
            Item::Mod(module) if module.ident == "error" => {
                let about = " What a builder's value could not be made into.";
                document(&mut module.attrs, about.to_owned());
            }
            _ => {}
        }
    }
    for item in items {
        Lines.visit_item_mut(item);
    }
}

fn builders(items: &mut [Item], parameters: &Parameters) {
    for item in items {
        match item {
            Item::Struct(item) => {
                let name = item.ident.to_string();
                let about = format!(" Builds a [`{name}`](super::{name}), field by field.");
                document(&mut item.attrs, about);
            }
            Item::Impl(block) => {
                let owner = type_name(&block.self_ty);
                methods(block, |method| {
                    let described = parameters.get(&(owner.clone(), method.to_owned()));
                    match (described, method) {
                        (Some(description), _) => description.clone(),
                        (None, "new") => "Starts a request with nothing set.".to_owned(),
                        (None, "body") => "Sets the body of the request.".to_owned(),
                        (None, "body_map") => "Changes the body of the request.".to_owned(),
                        (None, _) => format!("Sets [`{method}`](super::{owner}::{method})."),
                    }
                });
            }
            _ => {}
        }
    }
}

fn associated(owner: &str, method: &str) -> String {
    match method {
        "builder" => format!("Starts an empty [`{owner}`], to be filled field by field."),
        _ => format!("The operation `{method}`."),
    }
}

fn methods(block: &mut syn::ItemImpl, about: impl Fn(&str) -> String) {
    if block.trait_.is_some() {
        return;
    }
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        if matches!(function.vis, syn::Visibility::Public(_)) {
            document(&mut function.attrs, about(&function.sig.ident.to_string()));
        }
    }
}

fn document(attributes: &mut Vec<Attribute>, about: String) {
    if !attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("doc"))
    {
        attributes.insert(0, parse_quote!(#[doc = #about]));
    }
}

/// The name of the type inside options and lists.
fn innermost(ty: &Type) -> String {
    let Type::Path(path) = ty else {
        return String::new();
    };
    let last = path.path.segments.last();
    match last.map(|last| &last.arguments) {
        Some(syn::PathArguments::AngleBracketed(inner)) => match inner.args.last() {
            Some(syn::GenericArgument::Type(inner)) => innermost(inner),
            _ => type_name(ty),
        },
        _ => type_name(ty),
    }
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string())
            .unwrap_or_default(),
        _ => String::new(),
    }
}

/// Splits a comment of several lines, so that it prints as `///` lines rather than one block.
struct Lines;

impl VisitMut for Lines {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let mut split = Vec::with_capacity(attributes.len());
        for attribute in attributes.drain(..) {
            match doc_text(&attribute) {
                // One line that begins with a space: written by hand in the generator.
                Some(text) if text.contains('\n') || !text.starts_with(' ') => {
                    // Each schema is printed into its type's comment; the slice is at hand.
                    let text = text.split("\n\n<details>").next().unwrap_or_default();
                    // The generator's examples lack all they need to compile.
                    let text = text.replace("\n```ignore", "\n\n```text");
                    split.extend(text.lines().map(|line| {
                        let line = if line.is_empty() {
                            String::new()
                        } else {
                            format!(" {line}")
                        };
                        parse_quote!(#[doc = #line])
                    }));
                }
                _ => split.push(attribute),
            }
        }
        *attributes = split;
    }
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
