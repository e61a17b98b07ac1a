//! Where the URLs of an item lead, and whether they may.
//!
//! Every string of an item is looked through, at any depth, keys aside. The members
//! `source`, `image_url`, `url`, `href` and `src` are media places: their string, or each
//! string in an array there, is read as one URL (`reference`). It has to lead to an
//! allowed origin by http or https, or nowhere else: a relative URL is all right, unless
//! there are URLs within it. All other strings are texts (`scan`).

use super::cursor::characters;
use super::origin::{Origin, Site};
use super::place::{DEEPEST, Role, Stop, pointer, strings};
use super::reference::{Target, whole};
use super::scan;
use super::violation::Violation;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::convert::Infallible;

/// Judges URLs by an operator's origins, and by what the assistant said itself.
pub(super) struct Judge<'a> {
    origins: &'a [Origin],
    said: &'a [&'a str],
    /// Only made when something is not allowed by the origins.
    known: OnceCell<Known<'a>>,
}

impl<'a> Judge<'a> {
    /// `said` are the items that the assistant made.
    pub(super) fn new(origins: &'a [Origin], said: &'a [&'a str]) -> Self {
        let known = OnceCell::new();
        Self {
            origins,
            said,
            known,
        }
    }

    /// Judges the item at a position of `output.generic`.
    pub(super) fn check(&self, index: usize, item: &str) -> Result<(), Violation> {
        let judged = strings(item, |quoted, role, path| {
            let text = characters(quoted);
            let foreign = look(role, &text, &mut |target| {
                if self.allows(role, &target) {
                    return Ok(());
                }
                Err(target)
            });
            match foreign {
                // A text that was said as it is, is looked up once, whatever is in it.
                Err(target) if !self.known().has_text(role, &text) => {
                    Err(violation(pointer(index, path), target))
                }
                _ => Ok(()),
            }
        });
        judged.map_err(|stop| match stop {
            Stop::Refused(violation) => violation,
            Stop::TooDeep => Violation::TooDeep {
                at: pointer(index, &[]),
                limit: DEEPEST,
            },
        })
    }

    fn allows(&self, role: Role, target: &Target) -> bool {
        let allowed = |site: &Site| self.origins.iter().any(|origin| origin.allows(site));
        let by_origin = match target {
            Target::Site(site) => allowed(site),
            Target::EitherSite(sites) => sites.iter().any(allowed),
            Target::Scheme(_) | Target::Unclear | Target::Unreadable => false,
        };
        by_origin || self.known().has(role, target)
    }

    fn known(&self) -> &Known<'a> {
        self.known.get_or_init(|| Known::of(self.said))
    }
}

/// Tells `found` of the URLs in a string.
fn look<E>(
    role: Role,
    text: &str,
    found: &mut impl FnMut(Target) -> Result<(), E>,
) -> Result<(), E> {
    match role {
        Role::Media => match whole(text) {
            Some(target) => found(target),
            None => scan::text(text, found),
        },
        Role::Text => scan::text(text, found),
    }
}

fn violation(at: String, target: Target) -> Violation {
    let origin = |site: &Site| site.to_string();
    match target {
        Target::Site(site) | Target::EitherSite([site, _]) => {
            let origin = origin(&site);
            Violation::Origin { at, origin }
        }
        Target::Scheme(scheme) => Violation::Scheme { at, scheme },
        Target::Unclear | Target::Unreadable => Violation::Unclear { at },
    }
}

/// What the assistant said itself.
#[derive(Debug, Default)]
struct Known<'a> {
    sites: HashSet<Site>,
    /// Of texts, such as that of an app of the operator's; none that are content.
    schemes: HashSet<String>,
    media: HashSet<Cow<'a, str>>,
    texts: HashSet<Cow<'a, str>>,
}

impl<'a> Known<'a> {
    fn of(said: &[&'a str]) -> Self {
        let mut known = Self::default();
        for item in said {
            // What stands too deeply to be seen is not known.
            let _ = strings(item, |quoted, role, _| {
                let text = characters(quoted);
                let Ok(()) = look(role, &text, &mut |target| {
                    known.add(role, target);
                    Ok::<(), Infallible>(())
                });
                match role {
                    Role::Media => known.media.insert(text),
                    Role::Text => known.texts.insert(text),
                };
                Ok::<(), Infallible>(())
            });
        }
        known
    }

    fn add(&mut self, role: Role, target: Target) {
        match target {
            Target::Scheme(name) if role == Role::Text => {
                self.schemes.insert(name);
            }
            Target::Site(site) => {
                self.sites.insert(site);
            }
            Target::EitherSite(sites) => self.sites.extend(sites),
            Target::Scheme(_) | Target::Unclear | Target::Unreadable => {}
        }
    }

    fn has_text(&self, role: Role, text: &str) -> bool {
        match role {
            Role::Media => self.media.contains(text),
            Role::Text => self.texts.contains(text),
        }
    }

    fn has(&self, role: Role, target: &Target) -> bool {
        match target {
            Target::Site(site) => self.sites.contains(site),
            Target::EitherSite(sites) => sites.iter().any(|site| self.sites.contains(site)),
            Target::Scheme(name) => {
                role == Role::Text && !target.is_content() && self.schemes.contains(name)
            }
            Target::Unclear | Target::Unreadable => false,
        }
    }
}
