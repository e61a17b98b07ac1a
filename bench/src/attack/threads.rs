//! The threads of the load generators: each generator is one thread with a runtime of
//! its own, so that a crowd of attackers does not delay the good tenant's clock.

use crate::Result;
use std::thread::JoinHandle;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// A generator at work.
pub(crate) struct Runner<T>(JoinHandle<Result<T>>);

impl<T> Runner<T> {
    /// Waits for its end.
    pub(crate) fn finish(self) -> Result<T> {
        self.0
            .join()
            .map_err(|_| "a load generator panicked".to_owned())?
    }
}

/// Starts a generator. A thread that is nicer than 0 takes less of the machine where
/// the server wants it too.
pub(crate) fn start<T, Work>(
    name: &str,
    nice: i32,
    work: impl FnOnce() -> Work + Send + 'static,
) -> Result<Runner<T>>
where
    T: Send + 'static,
    Work: Future<Output = T>,
{
    let failed = |error: std::io::Error| format!("cannot start a load generator: {error}");
    let thread = std::thread::Builder::new().name(name.to_owned());
    let body = move || {
        if nice != 0 {
            // On Linux this is the niceness of this thread alone.
            rustix::process::setpriority_process(None, nice)
                .map_err(|error| failed(error.into()))?;
        }
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        Ok(LocalSet::new().block_on(&runtime, async { work().await }))
    };
    thread.spawn(body).map(Runner).map_err(failed)
}
