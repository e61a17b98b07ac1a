//! What plugins call in the tests: real servers on the loopback, each on a port of its
//! own, until the test ends.

mod cms;
mod server;
mod translator;

pub(crate) use cms::{Cms, Mood};
pub(crate) use server::Asked;
use server::{Reply, Service};
pub(crate) use translator::Translator;
