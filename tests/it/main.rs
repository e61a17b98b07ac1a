//! Retort as its users meet it: the real program on a port of its own, components
//! built from source, HTTP over the loopback.

mod admin;
mod auth;
mod bad_input;
mod blame;
mod cli;
mod clients;
mod compiler;
mod fairness;
mod guests;
mod http_out;
mod isolation;
mod keyvalue;
// It reads what Linux says of a process.
#[cfg(target_os = "linux")]
mod leaks;
mod limits;
mod network;
mod output_guard;
mod payloads;
mod quarantine;
mod reload;
mod restart;
mod server;
mod starting;
mod statuses;
mod strangers;
mod support;
mod tidy;
mod tls;
mod uses;
mod views;
