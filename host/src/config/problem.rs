//! What is wrong with a configuration, where, and what to do about it.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// One thing that is wrong. The configuration's own text is never repeated beyond
/// names and keys, because a secret may have been written into it by mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether it can pass without a change of the file: a secret that is not there yet,
    /// or may not be read yet.
    pub may_pass: bool,
}

/// Everything that is wrong with one file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file, as the user named it.
    pub file: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl Problems {
    /// Whether the file may be right later although nobody changes it: each of its
    /// problems would have to pass.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.problems.iter().all(|problem| problem.may_pass)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Problem {
            line,
            column,
            message,
            hint,
            may_pass: _,
        } in &self.problems
        {
            writeln!(f, "{}:{line}:{column}: {message}", self.file)?;
            if let Some(hint) = hint {
                writeln!(f, "    hint: {hint}")?;
            }
        }
        match self.problems.len() {
            1 => write!(f, "1 problem in {}", self.file),
            count => write!(f, "{count} problems in {}", self.file),
        }
    }
}

impl std::error::Error for Problems {}

/// Collects problems while a file is read, so that all are reported at once.
pub(super) struct Collector<'a> {
    text: &'a str,
    found: RefCell<Vec<Problem>>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            found: RefCell::default(),
        }
    }

    pub(super) fn add(&self, span: &Range<usize>, message: impl Into<String>) {
        self.push(span, message.into(), None, false);
    }

    pub(super) fn add_with_hint(
        &self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(span, message.into(), Some(hint.into()), false);
    }

    /// For what is wrong now, and may be right without a change of the file.
    pub(super) fn add_passing(&self, span: &Range<usize>, message: String, hint: String) {
        self.push(span, message, Some(hint), true);
    }

    fn push(&self, span: &Range<usize>, message: String, hint: Option<String>, may_pass: bool) {
        let (line, column) = self.position(span.start);
        self.found.borrow_mut().push(Problem {
            line,
            column,
            message,
            hint,
            may_pass,
        });
    }

    /// Line and column of a byte offset, both counted from 1.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// The value if nothing was wrong, otherwise all that was, in order.
    pub(super) fn finish<T>(self, file: &str, value: Option<T>) -> Result<T, Problems> {
        let mut problems = self.found.into_inner();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => {
                problems.sort_by_key(|problem| (problem.line, problem.column));
                Err(Problems {
                    file: file.to_owned(),
                    problems,
                })
            }
        }
    }
}

/// The known name that an unknown one is nearest to, if one is near.
pub(super) fn nearest<'a>(
    unknown: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
