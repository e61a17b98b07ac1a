//! Standard output, which others read through a pipe.

use std::io::{self, ErrorKind, Write};

/// Standard output. Where its reader has gone, as `retort check | head -1` has it, what is
/// written goes nowhere: the command does its work to the end, and its status is its own.
pub(super) fn stdout() -> Quiet<io::Stdout> {
    Quiet(io::stdout())
}

/// A writer whose reader may go.
pub(super) struct Quiet<W>(W);

impl<W: Write> Write for Quiet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_gone(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_gone(self.0.flush(), ())
    }
}

fn unless_gone<T>(result: io::Result<T>, instead: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(instead),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn only_a_reader_that_has_gone_is_ignored() {
        let mut gone = Quiet(Failing(ErrorKind::BrokenPipe));
        writeln!(gone, "words").unwrap();
        gone.flush().unwrap();
        let mut full = Quiet(Failing(ErrorKind::StorageFull));
        assert!(writeln!(full, "words").is_err());
    }
}
