//! Every limit that can be configured, hit: what a call below it gets, what one above
//! it gets, and what the log says. The defaults and the ranges are tested beside the code.

mod call;
mod server;
mod time;

use std::time::Duration;

/// No test here takes as long as the default of any timeout that it shortens.
const SOON: Duration = Duration::from_secs(4);
