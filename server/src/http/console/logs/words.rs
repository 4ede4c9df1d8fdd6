//! What the words of the log mean: for each way in which a login or a code ends, what happened, and what an operator can do.

use crate::store::{Confirm, Ending, HistoryKind, Outcome};

/// A kind as a list of choices has it.
pub(in crate::http::console) fn kind(kind: HistoryKind) -> &'static str {
    match kind {
        HistoryKind::Login => "Login",
        HistoryKind::Code => "One-time code",
        HistoryKind::TestCode => "Code of a test number",
        HistoryKind::Gateway => "Code of another server",
    }
}

/// An outcome as a list of choices has it.
pub(in crate::http::console) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Redeemed => "Redeemed",
        Outcome::Verified => "Verified",
        Outcome::Delivered => "Delivered",
        Outcome::Expired => "Expired",
        Outcome::Denied => "Denied",
        Outcome::Revoked => "Revoked",
        Outcome::Blocked => "Blocked",
        Outcome::Failed => "Failed",
        Outcome::Refused => "Refused",
    }
}

/// How an outcome is drawn: what was wanted, what nobody is to blame for, what an operator should look at.
pub(in crate::http::console) fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Redeemed | Outcome::Verified | Outcome::Delivered => "good",
        Outcome::Expired => "plain",
        Outcome::Denied | Outcome::Revoked | Outcome::Blocked | Outcome::Failed | Outcome::Refused => "bad",
    }
}

/// A reason in plain words.
pub(in crate::http::console) fn reason(word: &str) -> String {
    match word {
        "not_me" => "“Not me” was tapped".to_owned(),
        "not_requested" => "not asked for".to_owned(),
        "max_attempts" => "too many wrong digits".to_owned(),
        "operator" => "the account cannot send".to_owned(),
        "temporary" => "WhatsApp was busy".to_owned(),
        "unknown" => "WhatsApp did not say".to_owned(),
        other => other.replace('_', " "),
    }
}

/// What happened.
pub(super) fn what(ending: Ending) -> &'static str {
    match ending {
        Ending::Redeemed => "The app was handed the result.",
        Ending::Typed => "The code was typed.",
        Ending::Delivered => "The phone has the code; the server that made it knows whether it was typed.",
        Ending::NoMessage => "Nobody sent the message in time.",
        Ending::NoNumber => {
            "The message came without a phone number, and the sender did not share it in time."
        }
        Ending::NotConfirmed => "The message came, and nobody confirmed it in time.",
        Ending::NotRedeemed => "There was a result, and the app did not take it in time.",
        Ending::NotMe => {
            "The sender said that it was not them, or chose other digits than those that were shown."
        }
        Ending::TooManyDigits => "Too many wrong digits were typed where the login began.",
        Ending::PhoneHidden => "The sender’s number stayed hidden, which the app does not accept.",
        Ending::TakenBack => "After the app had the result, the sender said that it was not them.",
        Ending::NotTyped => "Nobody typed the code in time, or another one was asked for.",
        Ending::NotDelivered => "WhatsApp took the code, and did not say in time that the phone has it.",
        Ending::TooManyGuesses => "Too many wrong codes were typed.",
        Ending::NotRequested => "The recipient said that they had not asked for the code.",
        Ending::Undeliverable => "WhatsApp does not deliver to this person.",
        Ending::OtherAccount => "WhatsApp delivers to another account than that of the number.",
        Ending::Temporary => "WhatsApp did not deliver at the time.",
        Ending::Operator => "WhatsApp delivers nothing of this account until something is fixed.",
        Ending::Unknown => "Nobody knows whether WhatsApp took the code.",
        Ending::CountryNotAllowed => "No code was sent: the app’s codes do not go to this country.",
        Ending::DayOfApp => "No code was sent: the app’s codes of the day were used up.",
        Ending::DayOfCountry => "No code was sent: the app’s codes of the day for this country were used up.",
        Ending::CountryPaused => "No code was sent: too few of the codes to this country were typed.",
        Ending::RangePaused => "No code was sent: too few of the codes to numbers like this one were typed.",
        Ending::ClientSpread => "No code was sent: one address asked for too many numbers or countries.",
    }
}

/// What an operator can do about it; none where there is nothing to be done.
pub(super) fn advice(ending: Ending) -> Option<&'static str> {
    Some(match ending {
        Ending::Redeemed | Ending::Typed | Ending::Delivered => return None,
        Ending::NoMessage => {
            "Some people turn back. Where it is most of them, see whether the button opens WhatsApp on their device."
        }
        Ending::NoNumber => "The app’s policy for hidden numbers may let people in without one.",
        Ending::NotConfirmed => {
            "See whether the page still shows the field or the digits when people come back from WhatsApp."
        }
        Ending::NotRedeemed => "The app’s server was away, or its page was closed. Its own log tells which.",
        Ending::NotMe | Ending::TakenBack => {
            "Somebody may have sent this person a link of theirs. If it happens often, ask for confirmation by matching digits."
        }
        Ending::TooManyDigits | Ending::TooManyGuesses => {
            "Somebody may be guessing: look for more of this number and country."
        }
        Ending::PhoneHidden => "The app’s policy can ask for the number, or do without.",
        Ending::NotTyped => {
            "Where it is most of them, see whether the messages arrive, and whether the form is still there when people come back."
        }
        Ending::NotDelivered => "The phone may be off. Where it is most of them, see the page about health.",
        Ending::NotRequested => {
            "Look for a form in which strangers type numbers, and limit the countries that codes go to."
        }
        Ending::Undeliverable => "The person may not use WhatsApp: offer them another way.",
        Ending::OtherAccount => {
            "The number has changed hands or form: ask the person for their number again."
        }
        Ending::Temporary | Ending::Unknown => "Nothing, unless it goes on: then see the page about health.",
        Ending::Operator => "See the page about health: token, payment or the number’s standing.",
        Ending::CountryNotAllowed => {
            "Where people of this country are to get codes, add it: loggin-server guard set APP_KEY --add-country."
        }
        Ending::DayOfApp | Ending::DayOfCountry => {
            "Where so many people ask, raise the bound: loggin-server guard set APP_KEY --per-day."
        }
        Ending::CountryPaused => {
            "The pause ends by itself. Where it is no attack, end it: loggin-server guard resume APP_KEY COUNTRY."
        }
        Ending::RangePaused | Ending::ClientSpread => "Nothing, where it is an attack: it is held off.",
    })
}

/// How a login was confirmed, or was to be.
pub(super) fn confirmation(confirm: Confirm) -> &'static str {
    match confirm {
        Confirm::None => "none: the message was enough",
        Confirm::Reply => "a reply with a “Not me” button",
        Confirm::Code => "digits typed where the login began",
        Confirm::Match => "digits chosen in WhatsApp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_is_explained_and_each_that_was_not_wanted_has_advice() {
        for ending in Ending::ALL {
            assert!(what(ending).ends_with('.'));
            assert_eq!(advice(ending).is_none(), ending.reason().is_none(), "{ending:?}");
            assert_eq!(tone(ending.outcome()) == "good", ending.reason().is_none(), "{ending:?}");
        }
    }

    #[test]
    fn reasons_are_told_in_words() {
        assert_eq!(reason("no_message"), "no message");
        assert_eq!(reason("operator"), "the account cannot send");
    }
}
