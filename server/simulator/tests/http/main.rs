//! The simulator from outside, over HTTP, with a webhook receiver of our own.

mod command_line;
mod faults;
mod fixture;
mod graph;
mod pages;
mod phones;
mod webhooks;
