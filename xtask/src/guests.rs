//! The one place that knows how components are built to `wasm32-wasip2`.

use crate::run::{Result, cargo_with, check, locked, output, root, succeeds};
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// Every guest starts with 1 MiB of memory, which spares it `memory.grow` in an
/// ordinary call: each growth costs a system call under the process's memory-map
/// lock, for which all cores contend.
/// The stack comes first and has 64 KiB of it, so that stack, data and most of the heap lie
/// within the first 256 KiB, which the host writes over after a call and keeps: each page
/// behind them costs a page fault in every call. The linker's own stack has 1 MiB.
const LINK: &str = "-C link-arg=--initial-memory=1048576 -C link-arg=-zstack-size=65536";

/// The packages of Debian and its relatives that hold a compiler and the sources
/// of the standard library that belong together, and the C library below it.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];

/// Where the target's standard library comes from.
#[derive(Clone, Copy)]
pub(crate) enum Toolchain {
    /// Rustup's own, ready-made.
    Rustup,
    /// Built from the distribution's sources, by the distribution's compiler.
    Distribution,
}

impl Toolchain {
    /// Makes sure that components can be built here, in the first of the three
    /// ways that works, and says which in one line.
    pub(crate) fn set_up() -> Result<Self> {
        let chosen = std::env::var("RETORT_GUEST_STD").unwrap_or_default();
        match chosen.as_str() {
            "distribution" => return Self::from_distribution(),
            "" | "auto" | "rustup" => {}
            other => {
                return Err(format!(
                    "RETORT_GUEST_STD is `{other}`; it can be `auto`, `rustup` or `distribution`"
                ));
            }
        }
        if target_is_installed() {
            println!("xtask: building components with rustup's {TARGET}");
            return Ok(Self::Rustup);
        }
        println!("xtask: installing the target: rustup target add {TARGET}");
        let mut add = Command::new("rustup");
        add.args(["target", "add", TARGET]);
        match check(add) {
            Ok(()) => Ok(Self::Rustup),
            Err(reason) if chosen == "rustup" => Err(reason),
            Err(reason) => {
                println!("xtask: {reason}; turning to the distribution's Rust sources");
                Self::from_distribution()
            }
        }
    }

    fn from_distribution() -> Result<Self> {
        if distribution_is_installed() {
            println!("xtask: building components and their standard library from the distribution");
            return Ok(Self::Distribution);
        }
        let packages = PACKAGES.join(" ");
        println!("xtask: installing the distribution's Rust sources: {packages}");
        let install =
            format!("apt-get update && apt-get install -y --no-install-recommends {packages}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &install]);
        check(shell).map_err(|reason| {
            format!("{reason}\nInstall the packages as root, then try again:\n  {install}")
        })?;
        Ok(Self::Distribution)
    }

    /// Builds the guest in a folder, or all of a workspace in its own, with one of
    /// cargo's verbs; the components are then below `guest_target()`.
    fn build(self, folder: &Path, verb: &[&str]) -> Result {
        let mut command = match self {
            Self::Rustup => {
                let mut command = Command::new(env!("CARGO"));
                command.args(verb);
                command.env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", LINK);
                command
            }
            Self::Distribution => {
                let mut command = Command::new("/usr/bin/cargo");
                let flags = format!("-C link-self-contained=no -L /usr/lib/wasm32-wasi {LINK}");
                command
                    .env("PATH", path_with_linkers()?)
                    .env("RUSTC", "/usr/bin/rustc")
                    // Building the standard library is an unstable feature of cargo.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", flags)
                    // What this cargo was told about its own toolchain is not for that one.
                    .env_remove("CARGO")
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .args(verb)
                    .arg("-Zbuild-std=std,panic_abort");
                command
            }
        };
        command
            .args(["--release", "--target", TARGET])
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", guest_target())
            .args(locked());
        check(command)
    }
}

/// Builds the bundled plugins and puts them where the example looks for them.
///
/// Each is built by itself, because packages that are built together get the same
/// features of their dependencies: those that do without the standard library would
/// have it again. And only the component is built, not the library beside it, because
/// for both at once cargo leaves out the optimisation over all crates.
pub(crate) fn build_plugins() -> Result {
    let workspace = root().join("plugins");
    let toolchain = Toolchain::set_up()?;
    for name in component_names(&workspace)? {
        toolchain.build(&workspace.join(name), &["rustc", "--crate-type", "cdylib"])?;
    }
    collect(&workspace, "components")
}

/// Builds the guests that only the tests use.
pub(crate) fn build_test_guests() -> Result {
    let workspace = root().join("tests/guests");
    Toolchain::set_up()?.build(&workspace, &["build"])?;
    collect(&workspace, "test-components")
}

/// Builds what other hosts of components run in the comparison.
pub(crate) fn build_peers() -> Result {
    let workspace = root().join("bench/guests");
    Toolchain::set_up()?.build(&workspace, &["build"])?;
    collect(&workspace, "peer-components")
}

/// Copies the components of a workspace to a folder below `target`.
fn collect(workspace: &Path, folder: &str) -> Result {
    let destination = root().join("target").join(folder);
    std::fs::create_dir_all(&destination)
        .map_err(|error| format!("cannot make {}: {error}", destination.display()))?;
    for name in component_names(workspace)? {
        let built = guest_target()
            .join(TARGET)
            .join("release")
            .join(format!("{}.wasm", name.replace('-', "_")));
        copy(&built, &destination.join(format!("{name}.wasm")))?;
    }
    Ok(())
}

/// The folders of a workspace that hold a guest: each is named as its package. A
/// library that the guests share is no component.
fn component_names(workspace: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(workspace)
        .map_err(|error| format!("cannot list {}: {error}", workspace.display()))?;
    Ok(entries
        .filter_map(std::result::Result::ok)
        .filter(|entry| {
            let package = std::fs::read_to_string(entry.path().join("Cargo.toml"));
            package.is_ok_and(|package| package.contains("\"cdylib\""))
        })
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}

fn copy(from: &Path, to: &Path) -> Result {
    std::fs::copy(from, to).map(drop).map_err(|error| {
        format!(
            "cannot copy {} to {}: {error}",
            from.display(),
            to.display()
        )
    })
}

/// Runs cargo over the plugins as ordinary crates, without any sandbox: their tests,
/// and what looks at their source. The guests of the tests are left out: they exist
/// only as components.
pub(crate) fn on_plugins_natively(arguments: &[&str]) -> Result {
    cargo_with(&root().join("plugins"), arguments, &native_target())
}

fn native_target() -> [(&'static str, &'static str); 1] {
    [(
        "CARGO_TARGET_DIR",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../target/plugins-native"),
    )]
}

fn guest_target() -> PathBuf {
    root().join("target/guests")
}

fn target_is_installed() -> bool {
    output("rustc", &["--print", "target-libdir", "--target", TARGET])
        .is_ok_and(|folder| Path::new(&folder).is_dir())
}

fn distribution_is_installed() -> bool {
    PACKAGES
        .iter()
        .all(|package| succeeds("dpkg", &["-s", package]))
}

/// The linker of components comes with rustup's toolchain, outside of PATH.
fn path_with_linkers() -> Result<String> {
    let version = output("rustc", &["-vV"])?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("`rustc -vV` does not name its host")?;
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    let bin = format!("{sysroot}/lib/rustlib/{host}/bin");
    let path = std::env::var("PATH").unwrap_or_default();
    Ok(format!("{bin}:{bin}/gcc-ld:{path}"))
}
