//! From a function over one text to a component.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::{fmt, ops::Deref};

use crate::{
    Invocation, Result, StageSettings,
    bindings::{self, guest},
};

/// Makes a component of a function
/// `fn(&Invocation<Settings>, &Text) -> Result<impl IntoText>`, which is called for each
/// text of an answer, in their order.
///
/// The plugin's crate needs `crate-type = ["cdylib"]` for that, and to be built for
/// `wasm32-wasip2`. On every other target nothing is exported, so that the crate's
/// tests are ordinary ones.
#[macro_export]
macro_rules! export_texts {
    ($transform:path) => {
        const _: () = {
            struct Plugin;

            impl $crate::guest::texts::exports::retort::transform::transform_texts::Guest
                for Plugin
            {
                fn transform(
                    invocation: $crate::guest::Invocation,
                    texts: $crate::guest::Vec<$crate::guest::Text>,
                ) -> ::core::result::Result<
                    $crate::guest::Vec<::core::option::Option<$crate::guest::String>>,
                    $crate::guest::Failure,
                > {
                    $crate::guest::transform_texts($transform, invocation, texts)
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::guest::export_texts_component!(Plugin with_types_in $crate::guest::texts);
        };
    };
}

/// One text of an answer: a `str` that knows its place.
#[derive(Clone, Debug)]
pub struct Text(bindings::Text);

impl Text {
    /// Its place in the payload: a JSON pointer (RFC 6901), for instance
    /// `/output/generic/0/text`.
    pub fn pointer(&self) -> &str {
        &self.0.pointer
    }

    /// The `response_type` of the item that it belongs to, for instance `text`; nothing
    /// where it belongs to none, the item has none, or the stage may not read it.
    pub fn response_type(&self) -> Option<&str> {
        self.0.response_type.as_deref()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.value
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

/// What becomes of a text. Characters equal to those that came in leave it unchanged,
/// whatever brings them: the payload then keeps its bytes there.
pub trait IntoText {
    /// The new text; nothing if it is unchanged.
    fn into_text(self, text: &Text) -> Option<String>;
}

impl IntoText for String {
    fn into_text(self, text: &Text) -> Option<String> {
        (self != **text).then_some(self)
    }
}

impl IntoText for Cow<'_, str> {
    fn into_text(self, text: &Text) -> Option<String> {
        (self != **text).then(|| self.into_owned())
    }
}

/// A text without a new one is unchanged.
impl<T: IntoText> IntoText for Option<T> {
    fn into_text(self, text: &Text) -> Option<String> {
        self?.into_text(text)
    }
}

/// Every text is unchanged: for a plugin that only looks for a reason to fail.
impl IntoText for () {
    fn into_text(self, _: &Text) -> Option<String> {
        None
    }
}

/// A plugin's function over one text. It is implemented by every
/// `fn(&Invocation<S>, &Text) -> Result<impl IntoText>`, also where what it returns
/// borrows from the text.
pub trait TransformText<'t, S> {
    /// Calls the function.
    ///
    /// # Errors
    /// The function's own.
    fn transform_text(&self, invocation: &Invocation<S>, text: &'t Text) -> Result<Option<String>>;
}

impl<'t, S, F, T> TransformText<'t, S> for F
where
    F: Fn(&Invocation<S>, &'t Text) -> Result<T>,
    T: IntoText,
{
    fn transform_text(&self, invocation: &Invocation<S>, text: &'t Text) -> Result<Option<String>> {
        Ok(self(invocation, text)?.into_text(text))
    }
}

/// Runs a plugin's function on what the host passes.
pub fn transform_texts<S: StageSettings>(
    function: impl for<'t> TransformText<'t, S>,
    invocation: guest::Invocation,
    texts: Vec<guest::Text>,
) -> Result<Vec<Option<String>>, guest::Failure> {
    let invocation = Invocation::from_host(invocation)?;
    Ok(transform_each(&function, &invocation, texts)?)
}

/// Runs a plugin's function over one text after the other.
pub(crate) fn transform_each<S>(
    function: &impl for<'t> TransformText<'t, S>,
    invocation: &Invocation<S>,
    texts: Vec<bindings::Text>,
) -> Result<Vec<Option<String>>> {
    let run = |text| function.transform_text(invocation, &Text(text));
    texts.into_iter().map(run).collect()
}
