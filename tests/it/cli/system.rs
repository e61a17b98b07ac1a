//! What the system makes of a command: pipes, odd files, policies, ports.

use super::check::with_limits;
use super::{Folder, status, stderr};
use crate::support::{Host, retort};
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn the_configuration_is_a_file_of_bounded_size() {
    let folder = Folder::with_config("");
    let pipe = folder.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for file in [pipe.to_str().unwrap(), "/dev/zero"] {
        for command in ["check", "serve"] {
            let output = folder.run(&[command, "--config", file]);
            status(&output, 2);
            let error = stderr(&output);
            assert!(error.contains("it is not a regular file"), "{error}");
        }
    }
    let large = fs::File::create(folder.path("retort.toml")).unwrap();
    large.set_len((16 << 20) + 1).unwrap();
    let output = folder.run(&["check"]);
    status(&output, 2);
    assert!(
        stderr(&output).contains("larger than 16777216 bytes"),
        "{}",
        stderr(&output)
    );
    // A link is what orchestrators have.
    folder.put("real.toml", "[tenants.t]\n");
    std::os::unix::fs::symlink(folder.path("real.toml"), folder.path("link.toml")).unwrap();
    status(
        &folder.run(&["check", "--allow-empty", "--config", "link.toml"]),
        0,
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::with_config("");
    let mut child = retort()
        .current_dir(folder.path("."))
        .args(["check", "--allow-empty"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    status(&output, 0);
    assert_eq!(stderr(&output), "");
}

/// Where memory may not be made executable, as systemd's MemoryDenyWriteExecute= and
/// PR_SET_MDWE have it, nobody should look for damage in the file.
#[test]
fn memory_that_may_not_be_executable_is_named() {
    let folder = Folder::with_config(&with_limits("", ""));
    let program = "import ctypes, os, sys\n\
                   if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n\
                   os.execv(sys.argv[1], sys.argv[1:])\n";
    let retort = retort();
    let mut python = Command::new("python3");
    python
        .args(["-c", program])
        .arg(retort.get_program())
        .arg("check");
    let output = match python.current_dir(folder.path(".")).output() {
        Ok(output) if output.status.code() != Some(77) => output,
        other => {
            eprintln!("SKIPPED: PR_SET_MDWE cannot be set here: {other:?}");
            return;
        }
    };
    status(&output, 1);
    let error = stderr(&output);
    assert!(
        error.contains("this process may not make memory executable"),
        "{error}"
    );
    assert!(error.contains("MemoryDenyWriteExecute="), "{error}");
    assert!(!error.contains("cut off"), "{error}");
}

#[test]
fn a_port_that_cannot_be_had_is_told_with_its_cause() {
    let host = Host::with_assistant("");
    let folder = Folder::with_config("");
    let serve = |listen: &str| {
        let output = folder.run(&["serve", "--allow-empty", "--listen", listen]);
        status(&output, 2);
        stderr(&output)
    };
    let used = serve(&host.address.to_string());
    assert!(
        used.contains("hint: another program listens there"),
        "{used}"
    );
    assert!(used.ends_with("--listen takes another\n"), "{used}");
    // An address of no machine.
    let other = serve("192.0.2.1:8080");
    assert!(other.contains("does not have that address"), "{other}");
    assert!(!other.contains("another program"), "{other}");
    // And the admin listener's.
    folder.put(
        "retort.toml",
        format!("admin.listen = \"{}\"\n", host.address),
    );
    let used = serve("127.0.0.1:0");
    assert!(
        used.contains("`listen` in [admin] can take another"),
        "{used}"
    );
}

#[test]
fn a_word_that_is_no_level_is_refused_and_not_taken_for_silence() {
    let folder = Folder::with_config("");
    let output = folder.run(&["serve", "--log", "warning"]);
    status(&output, 2);
    let error = stderr(&output);
    for words in [
        "there is no level `warning`",
        "did you mean `warn`?",
        "off, error, warn, info",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let mut command = retort();
    command
        .current_dir(folder.path("."))
        .env("RETORT_LOG", "verbose");
    let output = command.args(["check", "--allow-empty"]).output().unwrap();
    status(&output, 2);
    assert!(
        stderr(&output).contains("there is no level `verbose`"),
        "{}",
        stderr(&output)
    );
    for filter in ["WARN", "warn,retort::guest=info", "hyper=debug"] {
        status(&folder.run(&["check", "--allow-empty", "--log", filter]), 0);
    }
}
