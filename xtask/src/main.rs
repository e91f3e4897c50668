//! Regenerates what is generated.
fn main() {}
