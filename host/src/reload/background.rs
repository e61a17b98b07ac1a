//! Work that takes long and must not hold up whoever is served meanwhile.

use tokio::sync::oneshot;

/// How much less important than serving it is: of 0 to 19.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Does work on a thread of its own that the system prefers all others to. The receiver
/// fails where the work has panicked.
pub(super) fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> oneshot::Receiver<T> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("retort-build".to_owned());
    let spawned = thread.spawn(move || {
        step_back();
        // Nobody waits any more when the process ends.
        let _ = sender.send(work());
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "there is no thread to make the configuration ready");
    }
    receiver
}

/// Linux counts niceness by threads, and those that compile inherit it from this one.
#[cfg(target_os = "linux")]
fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "compiling is as important as serving");
    }
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}
