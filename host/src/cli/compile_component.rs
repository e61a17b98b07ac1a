use crate::plugin::Order;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compile the component on standard input for the Retort that started this
#[derive(Debug, Args)]
pub(super) struct CompileComponent {
    /// The most memory to take, in bytes
    #[arg(long)]
    memory: u64,
    /// The most time on the cores, in seconds
    #[arg(long)]
    cpu_seconds: u64,
    /// How many threads compile
    #[arg(long)]
    threads: usize,
    /// The number of the process that waits for this one
    #[arg(long)]
    parent: i32,
    /// An empty folder for the compiled code
    folder: PathBuf,
}

impl CompileComponent {
    pub(super) fn execute(self) -> ExitCode {
        let order = Order {
            folder: self.folder,
            memory: self.memory,
            cpu_seconds: self.cpu_seconds,
            threads: self.threads,
            parent: self.parent,
        };
        ExitCode::from(order.execute())
    }
}
