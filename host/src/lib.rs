//! Retort hosts WebAssembly plugins behind a chatbot's webhooks.
//!
//! A request's way, module by module: [`server`] accepts the connection,
//! [`ingress`] reads the request, [`auth`] decides whether the caller is the
//! assistant, [`event`] finds the payload in the body, [`pipeline`] runs the
//! assistant's stages over it, [`plugin`] calls one component in a fresh sandbox,
//! [`outcome`] says what became of it, and [`respond`] turns that into an answer.
//!
//! Beside it, [`config`] reads `retort.toml` and [`snapshot`] makes it ready to
//! serve. `ARCHITECTURE.md` at the repository's top tells the whole.

pub mod cli;

pub mod admin;
pub mod reload;
pub mod server;

pub mod ingress;
pub mod respond;

pub mod gate;
pub mod issuer;
pub mod replay;

pub mod metrics;
pub mod pipeline;
pub mod process;
pub mod quarantine;

pub mod plugin;

mod bindings;
mod capability;

pub mod snapshot;

pub mod auth;
pub mod config;
pub mod event;
pub mod fairness;
pub mod grant;
pub mod guard;
pub mod keyvalue;
pub mod limits;
pub mod outcome;
pub mod secret;
pub mod texts;
pub mod throttle;
pub mod tls;
pub mod view;
