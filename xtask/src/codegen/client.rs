//! Runs the generator.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use progenitor::{CrateVers, GenerationSettings, Generator, HooksMode, InterfaceStyle};
use quote::quote;
use serde_json::{Value, json};
use syn::Item;

use super::{docs, finish};
use crate::adapt::OWN_CRATE;
use crate::failure::{Failure, Problems, Result, refusal};
use crate::selection::Selection;
use crate::spec::{operations, sorted};

/// The texts of `client.rs` and `types.rs`.
pub(super) fn generate(input: &Value, selection: &Selection) -> Result<(String, String)> {
    let mut file = run(input).map_err(|failure| culprits(input).unwrap_or(failure))?;
    let mut types = take_types(&mut file)?;

    let shared = selection.schemas.iter().filter(|schema| schema.shared);
    finish::share_texts(&mut types, shared.map(|schema| schema.name.as_str()));
    finish::types(&mut types, &file);
    finish::client(&mut file);
    let parameters = docs::parameters(input);
    docs::complete(&mut types.items, &parameters);
    docs::complete(&mut file.items, &parameters);

    Ok((prettyplease::unparse(&file), prettyplease::unparse(&types)))
}

/// The generator does not say which operation it rejects: each is tried by itself.
fn culprits(input: &Value) -> Option<Failure> {
    let mut problems = Problems::default();
    // A bytes form fails for what its operation fails for.
    let typed = operations(input).filter(|(path, ..)| !path.starts_with("//"));
    for (path, method, operation) in typed {
        let mut alone = input.clone();
        alone["paths"] = json!({ path: { method: operation } });
        if let Some(shared) = input["paths"][path].get("parameters") {
            alone["paths"][path]["parameters"] = shared.clone();
        }
        let title = format!("{} {path}", method.to_uppercase());
        problems.check(run(&alone).map_err(|failure| failure.within(title)));
    }
    problems.refuse().err()
}

fn run(input: &Value) -> Result<syn::File> {
    let refused = |error: String| refusal!("the generator rejects its input: {error}");
    let document =
        serde_json::from_value(sorted(input)).map_err(|error| refused(error.to_string()))?;
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::SharedTransport))
        .with_crate(OWN_CRATE, CrateVers::Any, None)
        // Entries in the order of their keys, whatever order they came in.
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq");

    // The generator panics on what it does not support, two success bodies for instance.
    let tokens = quietly(|| Generator::new(&settings).generate_tokens(&document))
        .map_err(|panic| refused(panic_text(panic.as_ref())))?
        .map_err(|error| refused(error.to_string()))?;
    syn::parse2(tokens).map_err(|error| refusal!("the generator's output: {error}"))
}

thread_local! {
    /// Whether a panic on this thread is caught and told in one line of ours.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, handing back its panic instead of printing it.
fn quietly<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                usual(panic);
            }
        }));
    });
    CAUGHT.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(false);
    result
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}

/// Moves the items of `mod types` into a file of their own.
fn take_types(file: &mut syn::File) -> Result<syn::File> {
    let position = file.items.iter().position(|item| match item {
        Item::Mod(module) => module.ident == "types",
        _ => false,
    });
    let items = match position.map(|index| file.items.remove(index)) {
        Some(Item::Mod(syn::ItemMod {
            content: Some((_, items)),
            ..
        })) => items,
        _ => return Err(Failure::new("the generator made no `mod types`")),
    };
    Ok(syn::File {
        shebang: None,
        attrs: Vec::new(),
        items,
    })
}
