//! The clock of this machine against WhatsApp's, and whether WhatsApp's API is reached at all.

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

use crate::{
    clock::UnixMillis,
    doctor::{
        codes,
        finding::Finding,
        subject::{Subject, Untold},
    },
    limits,
};

pub(in crate::doctor) const NAME: &str = "clock";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let (told, [sent, received]) = subject.greeting().await;
    let finding = match told {
        Ok(response) => match response.date.as_deref().and_then(moment) {
            Some(theirs) => judge(*sent, *received, theirs),
            None => Finding::skipped(NAME, "the Graph API did not tell the time of day"),
        },
        Err(Untold::Unset(lacking)) => Finding::skipped(NAME, lacking.as_str()),
        Err(Untold::Unreached(why)) => {
            Finding::of(NAME, &codes::GRAPH_UNREACHABLE, format!("the Graph API is not reached: {why}"))
        }
    };
    vec![finding]
}

/// The moment of a `Date` header.
fn moment(date: &str) -> Option<UnixMillis> {
    let timestamp: Timestamp = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(UnixMillis(timestamp.as_millisecond()))
}

/// Compares their time of day with ours around the call.
fn judge(sent: UnixMillis, received: UnixMillis, theirs: UnixMillis) -> Finding {
    let (ahead, behind) = (sent.since(theirs), theirs.since(received));
    let (off, way) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    let message = format!("the clock is {} s {way} WhatsApp's", off.as_secs());
    if off > limits::CLOCK_WRONG {
        Finding::of(NAME, &codes::CLOCK_WRONG, format!("{message}: messages count for 300 s"))
    } else if off > limits::CLOCK_DRIFT {
        Finding::of(NAME, &codes::CLOCK_DRIFTS, message)
    } else {
        Finding::ok(NAME, "the Graph API is reached, and its clock agrees with this machine's")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const THEIRS: UnixMillis = UnixMillis(784_111_777_000);

    #[test]
    fn a_date_is_read() {
        assert_eq!(moment("Sun, 06 Nov 1994 08:49:37 GMT"), Some(THEIRS));
        assert_eq!(moment("yesterday"), None);
    }

    #[test]
    fn the_clock_is_judged_by_the_end_of_the_call_that_is_kinder() {
        let seconds = Duration::from_secs;
        for (sent, received, code) in [
            (THEIRS, THEIRS + seconds(1), "ok"),
            (THEIRS - seconds(8), THEIRS + seconds(8), "ok"),
            (THEIRS + seconds(10), THEIRS + seconds(11), "ok"),
            (THEIRS + seconds(11), THEIRS + seconds(12), "clock_drifts"),
            (THEIRS - seconds(13), THEIRS - seconds(11), "clock_drifts"),
            (THEIRS + seconds(121), THEIRS + seconds(122), "clock_wrong"),
            (THEIRS - seconds(122), THEIRS - seconds(121), "clock_wrong"),
        ] {
            assert_eq!(judge(sent, received, THEIRS).code, code, "{sent:?}");
        }
    }
}
