//! What a compiling process takes from itself before it reads the component.
//!
//! A hole in the compiler would let a component do what this process may. So it may do
//! little: read and write one folder, and compute within bounds. It needs no privileges
//! for that. The folder is where its result comes from, and the parent runs that result.
//! So this bounds what a component can take and read while it is compiled; it does not
//! make the compiler's mistakes harmless.

use super::child::Order;
use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::path::Path;
use std::{fs, io};

/// How much the process gives way to those that serve requests, where both want to run:
/// a nice value of 10 is about a tenth of their share.
const NICE: i32 = 10;

/// The most open files: the standard streams, and a few of the cache's.
const FILES: u64 = 32;

/// The largest file, in bytes: compiled code that is larger is no use to anybody.
const LARGEST_FILE: u64 = 1 << 30;

/// The newest Landlock that the rules are written for. An older kernel enforces those
/// that it knows.
const NEWEST: ABI = ABI::V10;

/// Takes from this process what its order does not need.
pub(super) fn confine(order: &Order) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have ended before that.
    if rustix::process::getppid() != Pid::from_raw(order.parent) {
        return Err(io::Error::other("the parent has ended"));
    }
    // Where memory runs short, this process goes first. It is no matter if that fails.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let _ = rustix::process::setpriority_process(None, NICE);
    limit(Resource::Core, 0)?;
    limit(Resource::Cpu, order.cpu_seconds)?;
    limit(Resource::Data, order.memory)?;
    limit(Resource::Fsize, LARGEST_FILE)?;
    limit(Resource::Nofile, FILES)?;
    see_only(&order.folder).map(drop)
}

/// Lowers a limit of the process, if it is not lower already.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let old = rustix::process::getrlimit(resource);
    let new = |old: Option<u64>| Some(old.map_or(most, |old| old.min(most)));
    let limit = Rlimit {
        current: new(old.current),
        maximum: new(old.maximum),
    };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

/// From now on this thread, and each that it starts, reaches files only in one folder,
/// and no network, process or socket. Says how much of that the kernel enforces.
fn see_only(folder: &Path) -> io::Result<RulesetStatus> {
    let rights = AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir;
    let folder = PathFd::new(folder).map_err(io::Error::other)?;
    let restrict = || -> Result<_, RulesetError> {
        Ruleset::default()
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?
            .add_rule(PathBeneath::new(folder, rights))?
            .restrict_self()
    };
    let status = restrict().map_err(io::Error::other)?;
    Ok(status.ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_confined_thread_reaches_files_of_one_folder_only() {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = other.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        let own = own.path().to_owned();
        // The rules hold for a thread and what it starts, so not for the other tests.
        let confined = std::thread::spawn(move || {
            if see_only(&own).unwrap() == RulesetStatus::NotEnforced {
                return false;
            }
            let denied = |result: io::Result<()>| {
                assert_eq!(result.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            };
            denied(fs::read(&secret).map(drop));
            denied(fs::write(&secret, "mine"));
            denied(fs::read_dir(secret.parent().unwrap()).map(drop));
            denied(File::open("/proc/self/environ").map(drop));
            denied(std::process::Command::new("/bin/true").status().map(drop));
            denied(std::os::unix::fs::symlink(&secret, own.join("link")));
            denied(std::net::TcpStream::connect("127.0.0.1:9").map(drop));
            fs::create_dir(own.join("folder")).unwrap();
            let file = own.join("folder/file");
            fs::write(&file, "own").unwrap();
            fs::rename(&file, own.join("folder/renamed")).unwrap();
            assert_eq!(fs::read(own.join("folder/renamed")).unwrap(), b"own");
            true
        });
        if !confined.join().unwrap() {
            eprintln!("SKIPPED: this kernel has no Landlock");
        }
    }
}
