//! Reads typed values out of a parsed TOML document and notes what is wrong,
//! going on with the rest, so that one run reports every problem.

mod json;

use super::Context;
use super::problem::{Collector, nearest};
use crate::tls::{self, TlsError};
use rustls::RootCertStore;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table whose keys are taken one by one; those left at the end are unknown.
pub(super) struct Table<'a> {
    /// As messages name it, for instance `[assistants.lobby]`.
    path: String,
    span: Range<usize>,
    entries: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
    problems: &'a Collector<'a>,
}

/// A value with its place.
#[derive(Clone)]
pub(super) struct Item<'a> {
    /// As messages name it, for instance `timeout` in `[assistants.lobby]`.
    path: String,
    value: &'a Spanned<DeValue<'a>>,
    problems: &'a Collector<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn root(table: &'a Spanned<DeTable<'a>>, problems: &'a Collector<'a>) -> Self {
        Self {
            path: "the file".to_owned(),
            span: 0..0,
            entries: table.get_ref(),
            asked: RefCell::default(),
            problems,
        }
    }

    /// The value of a key that may be absent.
    pub(super) fn optional(&self, key: &'static str) -> Option<Item<'a>> {
        self.asked.borrow_mut().push(key);
        let value = self.entries.get(key)?;
        Some(Item {
            path: format!("`{key}` in {}", self.path),
            value,
            problems: self.problems,
        })
    }

    /// The value of a key that has to be there; its absence is a problem.
    pub(super) fn required(&self, key: &'static str, hint: &str) -> Option<Item<'a>> {
        let item = self.optional(key);
        if item.is_none() {
            let message = format!("`{key}` is missing in {}", self.path);
            self.problems.add_with_hint(&self.span, message, hint);
        }
        item
    }

    /// All values, with keys of the user's choice.
    pub(super) fn items(&self) -> impl Iterator<Item = (&'a str, Item<'a>)> {
        self.entries.iter().map(|(key, value)| {
            let path = format!("`{}` in {}", key.get_ref().escape_debug(), self.path);
            let problems = self.problems;
            (
                key.get_ref().as_ref(),
                Item {
                    path,
                    value,
                    problems,
                },
            )
        })
    }

    /// A table of tables with names of the user's choice; an absent one is empty.
    /// `write` names one of them as its header in the file would.
    pub(super) fn named_tables(
        &self,
        key: &'static str,
    ) -> impl Iterator<Item = (&'a str, Table<'a>)> + use<'a> {
        let problems = self.problems;
        self.optional(key)
            .and_then(|item| item.table(format!("[{key}]")))
            .into_iter()
            .flat_map(|table| table.entries.iter())
            .filter_map(move |(name, value)| {
                let item = Item {
                    path: format!("`{}` in [{key}]", name.get_ref().escape_debug()),
                    value,
                    problems,
                };
                check_name(name, problems);
                let table = item.table(format!("[{key}.{}]", name.get_ref().escape_debug()))?;
                Some((name.get_ref().as_ref(), table))
            })
    }

    /// Reports the keys that nobody asked for. Call it last.
    pub(super) fn refuse_unknown_keys(self) {
        let asked = self.asked.into_inner();
        for key in self.entries.keys() {
            let name = key.get_ref().as_ref();
            if asked.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{}` in {}", name.escape_debug(), self.path);
            let hint = match nearest(name, asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if asked.is_empty() => "nothing can be set here".to_owned(),
                None => format!("possible here: {}", asked.join(", ")),
            };
            self.problems.add_with_hint(&key.span(), message, hint);
        }
    }
}

/// Names appear in URLs and log lines, so they are kept plain.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(plain)
}

const NAME: &str =
    "a name has 1 to 64 letters, digits, `-`, `_` or `.`, and starts with a letter or digit";

fn check_name(name: &Spanned<Cow<'_, str>>, problems: &Collector<'_>) {
    let text = name.get_ref();
    if !is_name(text) {
        problems.add_with_hint(
            &name.span(),
            format!("`{}` cannot be a name", text.escape_debug()),
            NAME,
        );
    }
}

impl<'a> Item<'a> {
    pub(super) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// Notes a problem with this value; returns nothing, for `?` and `return`.
    pub(super) fn refuse<T>(&self, reason: impl AsRef<str>, hint: impl Into<String>) -> Option<T> {
        let message = format!("{}: {}", self.path, reason.as_ref());
        self.problems.add_with_hint(&self.span(), message, hint);
        None
    }

    /// The same, where it may be right without a change of the configuration's file.
    pub(super) fn refuse_for_now<T>(
        &self,
        reason: impl AsRef<str>,
        hint: impl Into<String>,
    ) -> Option<T> {
        let message = format!("{}: {}", self.path, reason.as_ref());
        self.problems
            .add_passing(&self.span(), message, hint.into());
        None
    }

    /// Notes what is wrong with the TLS files that this value names.
    pub(super) fn refuse_tls<T>(&self, error: &TlsError) -> Option<T> {
        if error.may_pass() {
            self.refuse_for_now(error.to_string(), error.hint())
        } else {
            self.refuse(error.to_string(), error.hint())
        }
    }

    fn wrong_type<T>(&self, wanted: &str) -> Option<T> {
        let message = format!(
            "{} must be {wanted}, not {}",
            self.path,
            article(self.value.get_ref().type_str())
        );
        self.problems.add(&self.span(), message);
        None
    }

    pub(super) fn table(self, path: String) -> Option<Table<'a>> {
        match self.value.get_ref() {
            DeValue::Table(entries) => Some(Table {
                path,
                span: self.span(),
                entries,
                asked: RefCell::default(),
                problems: self.problems,
            }),
            _ => self.wrong_type("a table"),
        }
    }

    /// The elements of an array, or nothing and a problem.
    pub(super) fn array(&self) -> Option<Vec<Item<'a>>> {
        let DeValue::Array(elements) = self.value.get_ref() else {
            return self.wrong_type("an array");
        };
        let element = |(index, value)| Item {
            path: format!("element {} of {}", index + 1, self.path),
            value,
            problems: self.problems,
        };
        Some(elements.iter().enumerate().map(element).collect())
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    pub(super) fn string(&self) -> Option<&'a str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.wrong_type("a string"),
        }
    }

    /// A name of the user's choice, of the form that names of tables have.
    pub(super) fn name(&self) -> Option<&'a str> {
        let text = self.string()?;
        if is_name(text) {
            return Some(text);
        }
        self.refuse("this cannot be a name", NAME)
    }

    /// A string that another type reads, or its refusal in that type's words.
    pub(super) fn parsed<T, E: Display>(
        &self,
        parse: impl Fn(&str) -> Result<T, E>,
        hint: &str,
    ) -> Option<T> {
        match parse(self.string()?) {
            Ok(value) => Some(value),
            Err(error) => self.refuse(error.to_string(), hint),
        }
    }

    /// The certificates in the file that a string names.
    pub(super) fn roots(&self, context: &Context<'_>) -> Option<RootCertStore> {
        match tls::roots(&context.file(self.string()?)) {
            Ok(roots) => Some(roots),
            Err(error) => self.refuse_tls(&error),
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong_type("true or false"),
        }
    }

    pub(super) fn integer(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let DeValue::Integer(digits) = self.value.get_ref() else {
            return self.wrong_type("a whole number");
        };
        let number = i128::from_str_radix(digits.as_str(), digits.radix()).ok();
        match number.and_then(|number| u64::try_from(number).ok()) {
            Some(number) if range.contains(&number) => Some(number),
            _ => self.refuse(
                "the number is out of range",
                format!("it can be {} to {}", range.start(), range.end()),
            ),
        }
    }

    /// A time such as `"250ms"`, `"10s"` or `"1m 30s"`.
    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let text = self.string()?;
        let written = |duration: &Duration| humantime::format_duration(*duration).to_string();
        match humantime::parse_duration(text) {
            Err(_) => self.refuse(
                "this is not a time",
                "write it with its unit, such as \"250ms\" or \"10s\"",
            ),
            Ok(duration) if range.contains(&duration) => Some(duration),
            Ok(_) => self.refuse(
                "the time is out of range",
                format!(
                    "it can be {} to {}",
                    written(range.start()),
                    written(range.end())
                ),
            ),
        }
    }

    /// A size in bytes, such as `65536`, `"64KiB"` or `"4MB"`.
    pub(super) fn bytes(&self, range: RangeInclusive<u64>) -> Option<usize> {
        let bytes = match self.value.get_ref() {
            DeValue::Integer(_) => self.integer(range.clone())?,
            DeValue::String(text) => match bytesize::ByteSize::from_str(text) {
                Ok(size) => size.as_u64(),
                Err(_) => {
                    return self.refuse(
                        "this is not a size",
                        "write bytes as a number, or with a unit, such as \"64KiB\" or \"4MB\"",
                    );
                }
            },
            _ => return self.wrong_type("a size"),
        };
        if !range.contains(&bytes) {
            return self.refuse(
                "the size is out of range",
                format!("it can be {} to {} bytes", range.start(), range.end()),
            );
        }
        usize::try_from(bytes).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string()?;
        match choices.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Some(*value),
            None => {
                let words: Vec<_> = choices
                    .iter()
                    .map(|(word, _)| format!("\"{word}\""))
                    .collect();
                self.refuse(
                    "this word is not known here",
                    format!("it can be {}", words.join(" or ")),
                )
            }
        }
    }
}

fn article(type_name: &str) -> String {
    match type_name {
        "integer" | "array" | "inline table" => format!("an {type_name}"),
        _ => format!("a {type_name}"),
    }
}
