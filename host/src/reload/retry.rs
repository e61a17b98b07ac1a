//! When a configuration that was refused is read again although no file has changed.

use super::BuildError;
use std::time::Duration;

/// How long after a refusal the first time is, ...
const FIRST: Duration = Duration::from_secs(1);

/// ... and how long the pause becomes at most, which doubles from time to time.
const LONGEST: Duration = Duration::from_secs(60);

/// Why the configuration is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// SIGHUP
    Signal,
    /// One of its files is another than before.
    File,
    /// It was refused for a reason that may have passed.
    Retry,
}

impl Cause {
    /// In words, for the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Signal => "a signal",
            Self::File => "a file has changed",
            Self::Retry => "it may be good by now",
        }
    }
}

/// The last refusal, if what came last was one.
#[derive(Debug, Default)]
pub(super) struct Refused {
    words: String,
    pause: Option<Duration>,
}

impl Refused {
    /// Waits until it is time to try again; forever where that is of no use. Who never
    /// wants the files looked at wants no surprises either.
    pub(super) async fn passes(&self, watch: Duration) {
        match self.pause.filter(|_| !watch.is_zero()) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => std::future::pending().await,
        }
    }

    /// Notes another refusal. Whether it is news: the same one again, which nobody asked
    /// for, is not.
    pub(super) fn again(&mut self, cause: Cause, error: &BuildError) -> bool {
        let words = error.to_string();
        let is_news = cause != Cause::Retry || words != self.words;
        let pause = match self.pause {
            Some(pause) if !is_news => (pause * 2).min(LONGEST),
            _ => FIRST,
        };
        self.pause = error.may_pass().then_some(pause);
        self.words = words;
        is_news
    }

    /// There is nothing to try again.
    pub(super) fn over(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigError;

    fn unreadable(reason: &str) -> BuildError {
        BuildError::Config(ConfigError::Unreadable {
            file: "retort.toml".to_owned(),
            reason: reason.to_owned(),
        })
    }

    #[test]
    fn the_same_refusal_is_news_once_and_the_pause_is_bounded() {
        let mut refused = Refused::default();
        assert!(refused.again(Cause::File, &unreadable("one")));
        assert_eq!(refused.pause, Some(FIRST));
        for _ in 0..100 {
            assert!(!refused.again(Cause::Retry, &unreadable("one")));
        }
        assert_eq!(refused.pause, Some(LONGEST));
        // Who asks gets an answer, and another reason is told.
        assert!(refused.again(Cause::Signal, &unreadable("one")));
        assert!(refused.again(Cause::Retry, &unreadable("two")));
        assert_eq!(refused.pause, Some(FIRST));
    }

    #[test]
    fn only_what_can_pass_is_tried_again() {
        let mut refused = Refused::default();
        refused.again(Cause::File, &unreadable("one"));
        refused.again(Cause::File, &BuildError::WouldLoseTls);
        assert_eq!(refused.pause, None);
        refused.again(Cause::File, &BuildError::Lost);
        assert_eq!(refused.pause, Some(FIRST));
        refused.over();
        assert_eq!(refused.pause, None);
    }

    #[tokio::test]
    async fn nothing_is_tried_where_the_files_are_not_looked_at() {
        let mut refused = Refused::default();
        refused.again(Cause::Signal, &BuildError::Lost);
        let soon = FIRST + Duration::from_millis(200);
        let never = tokio::time::timeout(soon, refused.passes(Duration::ZERO));
        assert!(never.await.is_err());
        let passes = tokio::time::timeout(FIRST * 20, refused.passes(FIRST));
        assert!(passes.await.is_ok());
    }
}
