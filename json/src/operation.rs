//! One operation of a JSON patch.

use std::fmt;

use crate::{check::Kind, key, level::Level, pointer::Pointer};

/// What an operation of a JSON patch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Puts a value somewhere.
    Add,
    /// Takes a value away.
    Remove,
    /// Puts a value where another one is.
    Replace,
    /// Takes a value away and puts it elsewhere.
    Move,
    /// Puts a value elsewhere as well.
    Copy,
    /// Compares a value.
    Test,
}

/// An operation, checked: it has all that its verb needs.
#[derive(Debug)]
pub(crate) struct Operation<'a> {
    pub(crate) path: Pointer,
    pub(crate) action: Action<'a>,
}

#[derive(Debug)]
pub(crate) enum Action<'a> {
    Add(&'a str),
    Remove,
    Replace(&'a str),
    Move(Pointer),
    Copy(Pointer),
    Test(&'a str),
}

impl<'a> Operation<'a> {
    /// Reads an operation from its text. The error says what is wrong with it.
    pub(crate) fn parse(json: &'a str) -> Result<Self, &'static str> {
        let Some(Level::Object(members)) = Level::of(json) else {
            return Err("an operation is an object");
        };
        let mut fields = Fields::default();
        for (key, value) in members {
            // Other members are ignored, as RFC 6902 wants it.
            let field = match key::decode(key).as_ref() {
                b"op" => &mut fields.op,
                b"path" => &mut fields.path,
                b"from" => &mut fields.from,
                b"value" => &mut fields.value,
                _ => continue,
            };
            if field.replace(value).is_some() {
                return Err("`op`, `path`, `from` and `value` may each stand only once");
            }
        }
        fields.operation()
    }
}

/// The members of an operation that mean something, as they stand in the text.
#[derive(Default)]
struct Fields<'a> {
    op: Option<&'a str>,
    path: Option<&'a str>,
    from: Option<&'a str>,
    value: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn operation(self) -> Result<Operation<'a>, &'static str> {
        let path = pointer(self.path.ok_or("an operation has no `path`")?)?;
        let value = self
            .value
            .ok_or("an operation that needs a `value` has none");
        let from = || {
            pointer(
                self.from
                    .ok_or("an operation that needs a `from` has none")?,
            )
        };
        let op = self.op.ok_or("an operation has no `op`")?;
        let action = match key::decode(op).as_ref() {
            b"add" => Action::Add(value?),
            b"remove" => Action::Remove,
            b"replace" => Action::Replace(value?),
            b"move" => Action::Move(from()?),
            b"copy" => Action::Copy(from()?),
            b"test" => Action::Test(value?),
            _ => return Err("`op` is add, remove, replace, move, copy or test"),
        };
        Ok(Operation { path, action })
    }
}

fn pointer(json: &str) -> Result<Pointer, &'static str> {
    const REASON: &str = "`path` and `from` are JSON pointers of at most 128 tokens";
    if Kind::of(json) != Kind::String {
        return Err(REASON);
    }
    let characters = key::decode(json);
    let text = std::str::from_utf8(&characters).map_err(|_| REASON)?;
    Pointer::parse(text).map_err(|_| REASON)
}

impl Action<'_> {
    pub(crate) fn verb(&self) -> Verb {
        match self {
            Self::Add(_) => Verb::Add,
            Self::Remove => Verb::Remove,
            Self::Replace(_) => Verb::Replace,
            Self::Move(_) => Verb::Move,
            Self::Copy(_) => Verb::Copy,
            Self::Test(_) => Verb::Test,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
            Self::Move => "move",
            Self::Copy => "copy",
            Self::Test => "test",
        })
    }
}
