//! The simulator from outside, over HTTP, with a webhook receiver of our own.

#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

mod channels;
mod command_line;
mod faults;
mod fixture;
mod graph;
mod pages;
mod phones;
mod pricing;
mod setup;
mod webhooks;
