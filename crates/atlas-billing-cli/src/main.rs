//! The command `atlas-billing`: what MongoDB Atlas charges, as tables and files.

// Until the commands that use them have landed.
#![allow(dead_code, unused_imports)]

mod args;
mod exit;
mod failure;
mod output;
mod progress;
mod signals;
mod terminal;
mod voice;
mod watch;

fn main() {}
