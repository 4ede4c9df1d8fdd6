//! What is news about how far a login has come.

use crate::wire::Progress;

/// How far a login has come, as far as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// The furthest of the steps that this version knows.
    furthest: Option<Progress>,
    /// What was told last.
    last: Option<Progress>,
}

impl Course {
    /// Takes in a step; whether it is news. A login does not go back: what a stream that is being replaced says late
    /// is none. The order of steps that this version does not know is the server's: each but the last is news.
    pub fn advance(&mut self, progress: Progress) -> bool {
        let rank = |step: Option<Progress>| step.and_then(|step| step.rank());
        if self.last == Some(progress)
            || (progress.rank().is_some() && progress.rank() <= rank(self.furthest))
        {
            return false;
        }
        if progress.rank().is_some() {
            self.furthest = Some(progress);
        }
        self.last = Some(progress);
        true
    }

    /// What was told last.
    pub fn last(&self) -> Option<Progress> {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(status: &str) -> Progress {
        serde_json::from_value(serde_json::json!(status)).unwrap()
    }

    #[test]
    fn known_steps_do_not_go_back_and_unknown_ones_are_told_as_they_come() {
        let mut course = Course::default();
        let steps = [
            ("scanned", true),
            ("scanned", false),
            ("message_received", true),
            ("awaiting_match", true),
            ("message_received", false),
            ("awaiting_match", false),
            ("awaiting_confirmation", true),
            ("message_received", false),
            ("awaiting_match", true),
        ];
        for (status, is_news) in steps {
            assert_eq!(course.advance(step(status)), is_news, "{status}");
        }
        assert_eq!(course.last(), Some(step("awaiting_match")));
    }
}
