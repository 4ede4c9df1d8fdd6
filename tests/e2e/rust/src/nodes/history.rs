//! What clients were told in a round, and whether that is what they are promised.

use std::time::Duration;

use loggin::ErrorCode;

/// How one wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a session, of whoever has this number.
    Verified(String),
    /// With an error.
    Refused(ErrorCode),
}

/// One client's wait for a login. Times are from the beginning of the round.
#[derive(Clone, Debug)]
pub struct Wait {
    /// When it was asked for.
    pub began: Duration,
    /// The last end that it had.
    pub end: Option<(Duration, Outcome)>,
    /// How many ends there were.
    pub ends: usize,
}

/// A login, as clients and its person saw it.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Who sends its message; nobody where there is none.
    pub phone: Option<String>,
    /// When they sent it.
    pub sent: Option<Duration>,
    /// When a server said that it has the message.
    pub acknowledged: Option<Duration>,
    /// Each by a client of its own.
    pub waits: Vec<Wait>,
    /// What somebody else was told who came when all was over.
    pub redeemed_late: Option<String>,
    /// Messages that the person got.
    pub messages: usize,
}

/// A round.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every login of it.
    pub logins: Vec<Login>,
    /// When whatever was done to servers and database was undone.
    pub undone: Duration,
    /// When every server said that it was ready again.
    pub ready: Duration,
    /// What servers said of themselves that was not so.
    pub lies: Vec<&'static str>,
}

/// A promise that was broken, and the login that it was broken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A message was taken, and nobody was told of a session.
    Lost(usize),
    /// A wait did not end, or ended twice.
    NotEndedOnce(usize),
    /// Two redeemers were given a session, or one was after all was over.
    RedeemedTwice(usize),
    /// A session without a message, or before it was sent.
    WithoutMessage(usize),
    /// A session of somebody else.
    AnotherPerson(usize),
    /// A wait ended with an error that nothing led to.
    Refused(usize, ErrorCode),
    /// The person got the same message more than once.
    ToldTwice(usize),
    /// A wait ended so long after it could have.
    Late(usize, Duration),
    /// A server was not ready so long after it could have been.
    NotReady(Duration),
    /// A server said that it was ready while its database was away, or the other way round.
    Lied(&'static str),
}

impl History {
    /// The longest that a wait went on after it could have ended.
    pub fn longest(&self) -> Duration {
        let logins = self.logins.iter();
        logins
            .flat_map(|login| login.waits.iter().filter_map(|wait| self.late(login, wait)))
            .max()
            .unwrap_or_default()
    }

    /// How long a wait went on after its login was verified, whatever was done was undone, and it had begun.
    fn late(&self, login: &Login, wait: &Wait) -> Option<Duration> {
        let possible = login.acknowledged?.max(self.undone).max(wait.began);
        Some(wait.end.as_ref()?.0.saturating_sub(possible))
    }

    /// Every promise that was broken; `bound` is how long a wait may go on after it could have ended.
    pub fn violations(&self, bound: Duration) -> Vec<Violation> {
        let mut found: Vec<_> = self.lies.iter().map(|lie| Violation::Lied(lie)).collect();
        let ready = self.ready.saturating_sub(self.undone);
        found.extend((ready > bound).then_some(Violation::NotReady(ready)));
        for (number, login) in self.logins.iter().enumerate() {
            let sessions: Vec<(Duration, &str)> = login.waits.iter().filter_map(session).collect();
            let is_unended = login.phone.is_some() && login.waits.iter().any(|wait| wait.ends != 1);
            let (late, is_verified) = (login.redeemed_late.as_deref(), Some("verified"));
            match &login.phone {
                None => {
                    let is_pending = sessions.is_empty() && late == Some("pending");
                    found.extend((!is_pending).then_some(Violation::WithoutMessage(number)));
                }
                Some(phone) => {
                    found.extend(sessions.is_empty().then_some(Violation::Lost(number)));
                    let is_twice = sessions.len() > 1 || late == is_verified;
                    found.extend(is_twice.then_some(Violation::RedeemedTwice(number)));
                    let is_another = sessions.iter().any(|(_, session)| session != phone);
                    found.extend(is_another.then_some(Violation::AnotherPerson(number)));
                    let is_early = sessions.iter().any(|(at, _)| login.sent.is_none_or(|sent| *at < sent));
                    found.extend(is_early.then_some(Violation::WithoutMessage(number)));
                }
            }
            found.extend(is_unended.then_some(Violation::NotEndedOnce(number)));
            found.extend((login.messages > 1).then_some(Violation::ToldTwice(number)));
            found.extend(login.waits.iter().filter_map(|wait| refused(number, wait)));
            let waits = login.waits.iter().filter_map(|wait| self.late(login, wait));
            found.extend(waits.filter(|late| *late > bound).map(|late| Violation::Late(number, late)));
        }
        found
    }
}

/// When a wait ended with a session, and whose.
fn session(wait: &Wait) -> Option<(Duration, &str)> {
    match &wait.end {
        Some((at, Outcome::Verified(phone))) => Some((*at, phone.as_str())),
        _ => None,
    }
}

/// That somebody else was first is the one error that these waits may end with.
fn refused(number: usize, wait: &Wait) -> Option<Violation> {
    match wait.end {
        Some((_, Outcome::Refused(code))) if code != ErrorCode::AlreadyUsed => {
            Some(Violation::Refused(number, code))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(2);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn wait(second: u64, outcome: Outcome) -> Wait {
        Wait { began: at(0), end: Some((at(second), outcome)), ends: 1 }
    }

    fn verified(phone: &str) -> Outcome {
        Outcome::Verified(phone.to_owned())
    }

    /// Two redeemers, of whom one wins, and a login whose message nobody sent.
    fn good() -> History {
        let used = Outcome::Refused(ErrorCode::AlreadyUsed);
        let redeemed = Login {
            phone: Some("1".to_owned()),
            sent: Some(at(3)),
            acknowledged: Some(at(4)),
            waits: vec![wait(6, verified("1")), wait(6, used)],
            redeemed_late: Some("already_used".to_owned()),
            messages: 1,
        };
        let open = Wait { began: at(0), end: None, ends: 0 };
        let unsent =
            Login { waits: vec![open], redeemed_late: Some("pending".to_owned()), ..Login::default() };
        History { logins: vec![redeemed, unsent], undone: at(5), ready: at(6), lies: Vec::new() }
    }

    #[test]
    fn a_history_as_it_should_be_breaks_nothing() {
        assert_eq!(good().violations(BOUND), []);
        assert_eq!(good().longest(), at(1));
    }

    #[test]
    fn each_broken_promise_is_found() {
        let broken = |change: fn(&mut History)| {
            let mut history = good();
            change(&mut history);
            history.violations(BOUND)
        };
        assert_eq!(broken(|history| drop(history.logins[0].waits.remove(0))), [Violation::Lost(0)]);
        assert_eq!(broken(|history| history.logins[0].waits[0].ends = 2), [Violation::NotEndedOnce(0)]);
        let twice = [Violation::RedeemedTwice(0)];
        assert_eq!(broken(|history| history.logins[0].waits[1] = wait(6, verified("1"))), twice);
        assert_eq!(broken(|history| history.logins[0].redeemed_late = Some("verified".to_owned())), twice);
        let another = [Violation::AnotherPerson(0)];
        assert_eq!(broken(|history| history.logins[0].waits[0] = wait(6, verified("2"))), another);
        let without = [Violation::WithoutMessage(1)];
        assert_eq!(broken(|history| history.logins[1].redeemed_late = Some("verified".to_owned())), without);
        assert_eq!(broken(|history| history.logins[1].waits[0] = wait(1, verified("2"))), without);
        assert_eq!(broken(|history| history.logins[0].sent = Some(at(7))), [Violation::WithoutMessage(0)]);
        let expired = Outcome::Refused(ErrorCode::Expired);
        let refused = [Violation::Refused(0, ErrorCode::Expired)];
        assert_eq!(history_with(wait(6, expired)).violations(BOUND), refused);
        assert_eq!(broken(|history| history.logins[0].messages = 2), [Violation::ToldTwice(0)]);
        assert_eq!(broken(|history| history.ready = at(8)), [Violation::NotReady(at(3))]);
        assert_eq!(broken(|history| history.lies.push("ready")), [Violation::Lied("ready")]);
        let late = history_with(wait(9, Outcome::Refused(ErrorCode::AlreadyUsed)));
        assert_eq!(late.violations(BOUND), [Violation::Late(0, at(4))]);
    }

    fn history_with(second: Wait) -> History {
        let mut history = good();
        history.logins[0].waits[1] = second;
        history
    }

    #[test]
    fn a_wait_has_its_time_from_when_it_can_end() {
        let mut history = good();
        history.logins[0].waits[0].end = Some((at(9), verified("1")));
        assert_eq!(history.violations(BOUND), [Violation::Late(0, at(4))]);
        for later in [
            |history: &mut History| history.undone = at(8),
            |history: &mut History| history.logins[0].acknowledged = Some(at(8)),
            |history: &mut History| history.logins[0].waits[0].began = at(8),
        ] {
            let mut history = history.clone();
            later(&mut history);
            assert_eq!(history.violations(BOUND), []);
        }
    }
}
