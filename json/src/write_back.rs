//! Taking over what was changed in what was visible.

use std::ops::Range;

use crate::{
    check::{Kind, WHITE_SPACE},
    edits::{Edits, Reshaping},
    equal::equal,
    keyed::{Keyed, Member},
    path::Path,
    places::{Places, Way},
    scan::{Elements, Span},
    work::{Budget, Exhausted},
};

/// Why changes were not taken over. Nothing was changed then. The messages name
/// places and never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Something is different at a place that may not be written.
    #[error("what is at {pointer:?} is changed, added or missing, and may not be")]
    Outside {
        /// The first such place. What is inside a value that may not be written is not
        /// told apart.
        pointer: String,
    },
    /// Finding out whether something is different takes more work than three texts of
    /// these sizes may, or one of them has 4 GiB or more.
    #[error("comparing the result takes more than {limit} units of work")]
    TooMuchWork {
        /// The work that was allowed: 44 units for each byte of the payload, of what
        /// was seen of it and of what was made of that, and 1,048,576. A unit is at most
        /// about a nanosecond: half a second for three texts of 4 MiB.
        limit: usize,
    },
}

/// Changes `payload` as `seen` was changed to `made`.
///
/// `seen` is what [`Places::visible`] gave of `payload`, and `made` any JSON text
/// that somebody made of it, who may be hostile. All three have to be JSON; of what
/// is not, anything may come out. All that may be written has to be visible: each
/// pattern of `writes` covered by those of what is visible.
///
/// At a place of `writes`, the text that was made counts, if it differs at all.
/// Members there may be added and removed, and elements at the end of an array. All
/// members with the same key go together, and the last one counts, in all three
/// texts. Everything else has to mean the same as before, however it is written now.
/// What was not changed keeps its bytes in `payload`, the white space around it
/// included.
///
/// Gives nothing if nothing was changed.
///
/// # Errors
/// [`WriteError::Outside`] names the first place that was changed and may not be,
/// [`WriteError::TooMuchWork`] says that it takes too long to compare.
pub fn write_back(
    payload: &str,
    seen: &str,
    made: &str,
    writes: &Places,
) -> Result<Option<String>, WriteError> {
    let mut walk = Walk {
        writes,
        budget: Budget::for_write_back(payload, seen, made),
        edits: Edits::default(),
    };
    let from_start = payload.trim_start_matches(WHITE_SPACE);
    let whole = Span {
        start: payload.len() - from_start.len(),
        text: from_start.trim_end_matches(WHITE_SPACE),
    };
    let texts = Texts {
        payload: whole,
        seen: seen.trim_matches(WHITE_SPACE),
        made: made.trim_matches(WHITE_SPACE),
    };
    match walk.value(writes.root(), texts, Path::Root) {
        Ok(()) => Ok(walk.edits.apply(payload)),
        Err(Stop::Outside { pointer }) => Err(WriteError::Outside { pointer }),
        Err(Stop::Exhausted) => Err(WriteError::TooMuchWork {
            limit: walk.budget.limit(),
        }),
    }
}

/// A value as it is, as it was seen, and what was made of it.
#[derive(Clone, Copy)]
struct Texts<'t, 'm> {
    payload: Span<'t>,
    seen: &'t str,
    made: &'m str,
}

struct Walk<'w, 'm> {
    writes: &'w Places,
    budget: Budget,
    edits: Edits<'m>,
}

/// Why the walk ends before its end.
enum Stop {
    Outside { pointer: String },
    Exhausted,
}

impl<'m> Walk<'_, 'm> {
    /// Compares a value that is there before and after. It goes only as deep as the
    /// longest pattern.
    fn value(&mut self, way: Way, texts: Texts<'_, 'm>, path: Path<'_>) -> Result<(), Stop> {
        let Texts {
            payload,
            seen,
            made,
        } = texts;
        if seen == made {
            return Ok(());
        }
        if way.is_within() {
            self.edits.replace(payload, made);
            return Ok(());
        }
        if !way.is_outside() && Kind::of(payload.text) == Kind::of(seen) {
            match (Kind::of(seen), Kind::of(made)) {
                (Kind::Object, Kind::Object) => return self.object(way, texts, path),
                (Kind::Array, Kind::Array) => return self.array(way, texts, path),
                _ => {}
            }
        }
        if equal(seen, made, &mut self.budget)? {
            Ok(())
        } else {
            Err(Stop::outside(path))
        }
    }

    fn object(&mut self, object: Way, texts: Texts<'_, 'm>, path: Path<'_>) -> Result<(), Stop> {
        let payload = Keyed::of(texts.payload.text, &mut self.budget)?;
        let partly_seen = if texts.is_wholly_seen() {
            None
        } else {
            Some(Keyed::of(texts.seen, &mut self.budget)?)
        };
        let seen = partly_seen.as_ref().unwrap_or(&payload);
        let made = Keyed::of(texts.made, &mut self.budget)?;
        let base = texts.payload.start;
        let (mut removes, mut stay) = (false, 0);
        for (position, before) in seen.counting() {
            let path = Path::Member(&path, &before.key);
            let way = self.writes.member(object, &before.key);
            match made.find(before.characters, position, &mut self.budget)? {
                Some(after) => {
                    stay += 1;
                    let place = visible_value(&payload, before, position, &mut self.budget)?;
                    let place = place.ok_or_else(|| Stop::outside(path))?;
                    let texts = Texts {
                        payload: shifted(place, base),
                        seen: before.value.text,
                        made: after.text,
                    };
                    self.value(way, texts, path)?;
                }
                None if way.is_within() => removes = true,
                None => return Err(Stop::outside(path)),
            }
        }
        let mut added = Vec::new();
        // Mostly there are none, and then nobody has to search for them.
        if stay < made.counting().count() {
            for (position, after) in made.counting() {
                let budget = &mut self.budget;
                if seen.find(after.characters, position, budget)?.is_some() {
                    continue;
                }
                let way = self.writes.member(object, &after.key);
                // Nor may it take the place of something that was not visible.
                let takes_a_place = partly_seen.is_some()
                    && payload.find(after.characters, position, budget)?.is_some();
                if !way.is_within() || takes_a_place {
                    return Err(Stop::outside(Path::Member(&path, &after.key)));
                }
                added.push((Some(after.key.quoted.text), after.value.text));
            }
        }
        if removes || !added.is_empty() {
            let budget = &mut self.budget;
            let child = |(position, member): (usize, Member<'_, '_>)| {
                let place = member.key.quoted.start + base..member.value.end() + base;
                let goes = seen.find(member.characters, position, budget)?.is_some()
                    && made.find(member.characters, position, budget)?.is_none();
                Ok::<_, Stop>((place, goes))
            };
            let children = payload.members().enumerate().map(child);
            let reshaping = Reshaping {
                children: children.collect::<Result<_, _>>()?,
                added,
            };
            self.edits.reshape(base + OPENING, reshaping);
        }
        Ok(())
    }

    fn array(&mut self, array: Way, texts: Texts<'_, 'm>, path: Path<'_>) -> Result<(), Stop> {
        let base = texts.payload.start;
        let is_wholly_seen = texts.is_wholly_seen();
        self.budget.spend_on_passing(texts.payload.text)?;
        if !is_wholly_seen {
            self.budget.spend_on_passing(texts.seen)?;
        }
        self.budget.spend_on_passing(texts.made)?;
        let ways = self.writes.elements(array);
        let mut payload = Elements::of(texts.payload.text);
        let (mut seen, mut made) = (Elements::of(texts.seen), Elements::of(texts.made));
        // Elements go and come only at the end.
        let (mut kept, mut gone) = (None, None::<Range<usize>>);
        let mut added = Vec::new();
        let mut index = 0;
        loop {
            let way = self.writes.element(ways, index);
            let path = Path::Element(&path, index);
            self.budget.spend_on(TEXTS)?;
            let place = payload.next();
            let before = if is_wholly_seen { place } else { seen.next() };
            let place = place.map(|place| shifted(place, base));
            match (place, before, made.next()) {
                (Some(place), Some(before), Some(after)) => {
                    let texts = Texts {
                        payload: place,
                        seen: before.text,
                        made: after.text,
                    };
                    self.value(way, texts, path)?;
                    kept = Some(place.range());
                }
                (Some(place), Some(_), None) if way.is_within() => {
                    let start = gone.map_or(place.start, |gone| gone.start);
                    gone = Some(start..place.end());
                }
                (None, None, Some(after)) if way.is_within() => added.push((None, after.text)),
                (None, None, None) => break,
                _ => return Err(Stop::outside(path)),
            }
            index += 1;
        }
        if gone.is_some() || !added.is_empty() {
            let kept = kept.map(|place| (place, false));
            let gone = gone.map(|place| (place, true));
            let children = kept.into_iter().chain(gone).collect();
            let reshaping = Reshaping { children, added };
            self.edits.reshape(base + OPENING, reshaping);
        }
        Ok(())
    }
}

/// How many texts have an element of each array.
const TEXTS: usize = 3;

/// How long the opening bracket of a container is.
const OPENING: usize = 1;

/// The value of the payload's member of which `seen` is what is visible. It is the last
/// with that key, unless that one is not visible because it is no container: a container
/// on the way to a place always is.
fn visible_value<'j>(
    payload: &Keyed<'j>,
    seen: Member<'_, '_>,
    position: usize,
    budget: &mut Budget,
) -> Result<Option<Span<'j>>, Exhausted> {
    let kind = Kind::of(seen.value.text);
    let is_it = |value: &Span<'_>| Kind::of(value.text) == kind;
    let last = payload.find(seen.characters, position, budget)?;
    match last.filter(is_it) {
        Some(last) => Ok(Some(last)),
        None => Ok(payload.with_key(seen.characters, budget)?.find(is_it)),
    }
}

/// A piece of a piece of the payload as a piece of the payload.
fn shifted(piece: Span<'_>, base: usize) -> Span<'_> {
    Span {
        start: piece.start + base,
        text: piece.text,
    }
}

impl Texts<'_, '_> {
    /// Whether nothing of it is hidden, nor written in another way: then nobody has to
    /// look into what was seen.
    fn is_wholly_seen(&self) -> bool {
        self.seen == self.payload.text
    }
}

impl Stop {
    fn outside(path: Path<'_>) -> Self {
        let pointer = path.shown();
        Self::Outside { pointer }
    }
}

impl From<Exhausted> for Stop {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}
