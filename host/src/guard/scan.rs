//! URLs within a text: plain, Markdown or HTML.
//!
//! What is found, in any case of letters:
//! - `http:` and `https:` with a host behind any number of slashes (either way round, as
//!   browsers take them, and with Markdown's backslash before the colon);
//! - `NAME://` with any other scheme;
//! - `javascript:` and `vbscript:` with something that may be a program directly
//!   behind them, and `data:` with a media type, such as `data:text/html`;
//! - `//host` and `\\host` behind a quote, one of `( = < , : ; [ {`, a control character,
//!   a character beyond ASCII, or white space that stands in the quoted value of an
//!   attribute or follows `(`, `=` or `]:`; at the beginning and behind other white space
//!   and signs only if the host has a dot or is an address, because prose and programs have
//!   slashes as well;
//! - `www.` at the beginning of a word, since most chat widgets make a link of it;
//! - the whole value of a quoted attribute (`="…"`), and of a text with tabs or line
//!   ends, as `reference` reads it, with what programs do without inside it; the same
//!   behind the seconds of a refresh (`content="0; url=…"`);
//! - each of these once more after HTML's character references are replaced (`entity`).
//!
//! The host has to be beyond doubt. After it, until white space, `<`, `>`, `/`, `?` or
//! `#`, there must be nothing that some program may take for more of it: no `@`, no dot
//! with a letter or digit behind it. Punctuation is all right, quotes are nothing else.
//! So `https://good.example.` passes and `https://good.example".evil.example` does not,
//! because a browser takes the latter for a name below `evil.example`. Writing without
//! spaces (Chinese, say) needs a slash after a bare host.
//!
//! What is not found: names without `www.` or a scheme (`evil.example`), mail addresses,
//! `mailto:`, `tel:` and other schemes without `//`, `//intranet` without a dot behind
//! other white space than above, `//host` behind an ASCII letter or digit, URLs that a
//! program puts together or decodes more than once, and single slashes, dots and colons in
//! disguise that are neither HTML's nor Markdown's, such as CSS's `\2f`.

use super::cursor::find;
use super::entity;
use super::reference::{Target, in_scheme, whole};

/// Tells `found` of each URL in a text, until it returns an error.
pub(super) fn text<E>(
    text: &str,
    found: &mut impl FnMut(Target) -> Result<(), E>,
) -> Result<(), E> {
    match entity::decoded(text) {
        None => scan(text, Attributes::Read, found)?,
        Some(decoded) => {
            scan(&decoded, Attributes::Read, found)?;
            // Who reads attributes, replaces references.
            scan(text, Attributes::Unread, found)?;
        }
    }
    // Some members hold URLs that nobody knows of, and a line end may hide them.
    let breaks = ['\t', '\n', '\r'];
    if text.contains(breaks) {
        let scheme = text.trim().split(':').next().unwrap_or_default();
        let hidden = |target: &Target| !target.is_content() || scheme.contains(breaks);
        if let Some(target) = leading_away(text).filter(hidden) {
            found(target)?;
        }
    }
    Ok(())
}

/// Reads a string that may be a URL, but also a title or another text.
fn leading_away(text: &str) -> Option<Target> {
    whole(text).filter(|target| match target {
        Target::Site(_) | Target::EitherSite(_) | Target::Unclear => true,
        Target::Scheme(_) => target.is_content(),
        Target::Unreadable => false,
    })
}

/// Whether what stands in quotes behind `=` is read as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attributes {
    Read,
    Unread,
}

fn scan<E>(
    text: &str,
    attributes: Attributes,
    found: &mut impl FnMut(Target) -> Result<(), E>,
) -> Result<(), E> {
    let mark = |byte| matches!(byte, b':' | b'/' | b'\\' | b'w' | b'W' | b'"' | b'\'');
    let mut scan = Scan {
        text,
        taken: 0,
        quoted: 0,
    };
    let mut at = 0;
    while let Some(passed) = text.as_bytes().get(at..).and_then(|rest| find(rest, mark)) {
        let Some((before, after)) = text.split_at_checked(at + passed) else {
            break;
        };
        let (length, target) = match after.as_bytes().first() {
            Some(b':') => scan.colon(before, after),
            Some(b'/' | b'\\') => scan.slashes(before, after),
            Some(b'w' | b'W') => (1, scan.www(before, after)),
            _ if attributes == Attributes::Read => (1, scan.attribute(before, after)),
            _ => (1, None),
        };
        if let Some(target) = target {
            found(target)?;
        }
        at = before.len() + length;
    }
    Ok(())
}

/// A scan's state. Its methods take the text before and from a mark, and return how
/// much of it is done with and where it leads.
struct Scan<'t> {
    text: &'t str,
    /// Up to here the text was read for a host. Nothing is read twice, so that the work
    /// is linear in the text.
    taken: usize,
    /// Up to here the text is the quoted value of an attribute.
    quoted: usize,
}

impl<'t> Scan<'t> {
    /// At a colon, which may end a scheme.
    fn colon(&mut self, before: &'t str, after: &'t str) -> (usize, Option<Target>) {
        let head = before.trim_end_matches('\\');
        let opener = head.trim_end_matches(in_scheme);
        let name = head.get(opener.len()..).unwrap_or_default();
        let opener = opener.chars().next_back();
        let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        // A sentence's dots may stand before a scheme that is known.
        let last = name.rsplit(['+', '-', '.']).next().unwrap_or_default();
        let is = |scheme| last.eq_ignore_ascii_case(scheme);
        let rest = after.get(1..).unwrap_or_default();
        if is("https") || is("http") {
            let inside = rest.trim_start_matches(['/', '\\']);
            let slashes = rest.len() - inside.len();
            let begins = inside.starts_with(|c: char| in_host(c) || c == '[');
            if slashes == 0 && !begins && !matches!(opener, Some('=' | '(' | '<')) {
                return (1, None);
            }
            let start = self.text.len() - inside.len();
            let read = |host: &str| Some(Target::of(is("https"), host));
            return (1 + slashes, self.host(start, opener, read));
        }
        if is("javascript") || is("vbscript") {
            let live = may_be_a_program(rest, opener);
            return (1, live.then(|| Target::scheme(last)));
        }
        if is("data") {
            return (1, has_media_type(rest).then(|| Target::scheme(last)));
        }
        if name.is_empty() || !rest.trim_start_matches('\\').starts_with('/') {
            return (1, None);
        }
        let inside = rest.trim_start_matches(['/', '\\']);
        let slashes = rest.len() - inside.len();
        let nothing = |c: char| c.is_whitespace() || "\"'`)]}>,.*".contains(c);
        let live = slashes >= 2 && !inside.is_empty() && !inside.starts_with(nothing);
        (1 + slashes, live.then(|| Target::scheme(name)))
    }

    /// At slashes, which may begin a URL without a scheme.
    fn slashes(&mut self, before: &'t str, after: &'t str) -> (usize, Option<Target>) {
        let inside = after.trim_start_matches(['/', '\\']);
        let slashes = after.len() - inside.len();
        let opener = before.chars().next_back();
        if slashes < 2 || opener.is_some_and(|c| c.is_ascii_alphanumeric()) {
            return (slashes, None);
        }
        let certain = match opener {
            Some(c) if c.is_whitespace() => {
                let outer = before.trim_end();
                before.len() < self.quoted || outer.ends_with(['(', '=']) || outer.ends_with("]:")
            }
            Some(c) => !c.is_ascii() || c.is_control() || "\"'`(=<,:;[{".contains(c),
            None => false,
        };
        let start = self.text.len() - inside.len();
        let Some(run) = self.run(start, opener) else {
            return (slashes, Some(Target::Unclear));
        };
        let telling = |c: char| !c.is_ascii() || c.is_ascii_digit() || ".[%".contains(c);
        let away = |target: &Target| match target {
            Target::EitherSite([site, _]) => !site.is_dotless(),
            _ => run.contains(telling),
        };
        let target = host(run, |host| Some(Target::of_either(host)));
        (slashes, target.filter(|target| certain || away(target)))
    }

    /// At a quote, which may begin an attribute's value.
    fn attribute(&mut self, before: &str, after: &str) -> Option<Target> {
        if !before.trim_end().ends_with('=') {
            return None;
        }
        let mut chars = after.chars();
        let quote = chars.next()?;
        let value = chars.as_str().split(quote).next()?;
        self.quoted = self
            .quoted
            .max(before.len() + quote.len_utf8() + value.len());
        // Nobody follows a refresh to what is content itself.
        let away = |url| leading_away(url).filter(|target| !target.is_content());
        leading_away(value).or_else(|| away(refresh(value)?))
    }

    /// At a `w`, which may begin a name that widgets make a link of.
    fn www(&mut self, before: &'t str, after: &'t str) -> Option<Target> {
        let name = after.get(..4)?;
        let opener = before.chars().next_back();
        let within = |c: char| c.is_ascii_alphanumeric() || "./\\-@%:".contains(c);
        if !name.eq_ignore_ascii_case("www.") || opener.is_some_and(within) {
            return None;
        }
        let read = |host: &str| (host.len() > 3).then(|| Target::of_either(host));
        self.host(before.len(), opener, read)
    }

    /// Reads the host that begins at `start`, with its port, if there is one. `opener` is
    /// what stands before the whole URL.
    fn host(
        &mut self,
        start: usize,
        opener: Option<char>,
        read: impl Fn(&str) -> Option<Target>,
    ) -> Option<Target> {
        match self.run(start, opener) {
            Some(run) => host(run, read),
            None => Some(Target::Unclear),
        }
    }

    /// Takes what may be a host from `start` on; nothing if that was taken before.
    fn run(&mut self, start: usize, opener: Option<char>) -> Option<&'t str> {
        if start < self.taken {
            return None;
        }
        let rest = self.text.get(start..)?;
        let end = |c| matches!(c, '/' | '?' | '#') || ends_url(c, opener);
        let run = rest.split(end).next().unwrap_or_default();
        self.taken = start + run.len();
        Some(run)
    }
}

/// Reads the host and port at the beginning of what was taken, if there is one.
fn host(run: &str, read: impl Fn(&str) -> Option<Target>) -> Option<Target> {
    let (host, rest) = run.split_at_checked(host_length(run))?;
    let digits = rest.strip_prefix(':').unwrap_or_default();
    let digits = digits.len()
        - digits
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let port = if digits > 0 { 1 + digits } else { 0 };
    if run.contains('@') || goes_on(rest.get(port..).unwrap_or_default()) {
        return Some(Target::Unclear);
    }
    if port > 0 {
        return read(run.get(..host.len() + port)?);
    }
    // The end of a sentence, or of Markdown's emphasis.
    let host = host.trim_end_matches(|c| is_dot(c) || matches!(c, '_' | '-'));
    (!host.is_empty()).then(|| read(host)).flatten()
}

/// The URL of a refresh, behind the seconds until then, as HTML has it.
fn refresh(value: &str) -> Option<&str> {
    let number = |c: char| c.is_ascii_digit() || c == '.';
    let space = |c: char| c.is_whitespace() || c.is_control();
    let rest = value.trim_start_matches(space);
    let after = rest.trim_start_matches(number);
    if after.len() == rest.len() || !after.starts_with(|c| space(c) || matches!(c, ';' | ',')) {
        return None;
    }
    let rest = after.trim_start_matches(space);
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest);
    let rest = rest.trim_start_matches(space);
    let named = rest.split_at_checked(3).and_then(|(name, rest)| {
        let value = rest.trim_start_matches(space).strip_prefix('=')?;
        let value = value.trim_start_matches(space);
        name.eq_ignore_ascii_case("url").then_some(value)
    });
    let url = named.unwrap_or(rest);
    match url.strip_prefix(['"', '\'']) {
        Some(inner) => inner.split(['"', '\'']).next(),
        None => Some(url),
    }
}

/// Whether a URL ends before this character, wherever its path may be. Only a pair of
/// angle brackets can hold white space, in Markdown.
fn ends_url(c: char, opener: Option<char>) -> bool {
    match opener {
        Some('<') => matches!(c, '<' | '>' | '\n' | '\r'),
        _ => c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'),
    }
}

/// How much of what stands before a path is the host, without doubt.
fn host_length(run: &str) -> usize {
    if let Some(inner) = run.strip_prefix('[') {
        let rest =
            inner.trim_start_matches(|c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
        let length = inner.len() - rest.len();
        return if length > 0 && rest.starts_with(']') {
            length + 2
        } else {
            0
        };
    }
    let is_letter = |c: char| !c.is_ascii() && c.is_alphanumeric();
    let mut after_letter = false;
    let mut chars = run.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        // Some scripts have marks within words that are no letters themselves.
        let joins = after_letter && chars.peek().is_some_and(|(_, next)| is_letter(*next));
        if !in_host(c) && (c.is_ascii() || !joins) {
            return at;
        }
        after_letter = is_letter(c);
    }
    run.len()
}

fn in_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '%') || is_dot(c)
}

/// The dots that browsers take for one (Unicode's UTS #46).
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '。' | '．' | '｡' | '․' | '﹒')
}

/// Whether what follows a host may be more of it to some program.
fn goes_on(rest: &str) -> bool {
    let mut previous = ' ';
    rest.chars().any(|c| {
        let word = c.is_alphanumeric() || c == '%';
        let more = match previous {
            '.' => word,
            // It ends sentences as well, in scripts that have no spaces.
            dot if is_dot(dot) => word && c.is_ascii(),
            other => is_invisible(other) && word,
        };
        previous = c;
        more || c == '%'
    })
}

/// Characters that browsers leave out of a host, and other programs may not.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether something that a browser may run follows `javascript:`, rather than prose:
/// white space, or the end of Markdown's or HTML's markup.
fn may_be_a_program(rest: &str, opener: Option<char>) -> bool {
    match rest.chars().next() {
        None => false,
        Some(c) if c.is_whitespace() => opener == Some('<'),
        Some('<') => !rest.starts_with("</"),
        Some(c) => Some(c) != opener && !"*)]}>,".contains(c),
    }
}

fn has_media_type(rest: &str) -> bool {
    const TYPES: [&str; 9] = [
        "text",
        "image",
        "application",
        "audio",
        "video",
        "font",
        "model",
        "message",
        "multipart",
    ];
    // No type is as long as this.
    let beginning = rest.get(..rest.floor_char_boundary(16));
    let mut parts = beginning.unwrap_or_default().split('/');
    let Some((name, _)) = parts.next().zip(parts.next()) else {
        return false;
    };
    TYPES.iter().any(|known| known.eq_ignore_ascii_case(name))
}
