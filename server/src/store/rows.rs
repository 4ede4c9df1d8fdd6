//! The numbers that stand for enumerations in the tables of every store.

use super::{
    Confirm, DeliveryState, DeviceState, DisabledFor, Ending, Facet, GuardMode, HistoryKind, MessageKind,
    MessageState, PhoneHidden, Role, SigningAlgorithm, State, StoreError,
};
use crate::whatsapp::DeliveryStatus;

/// An enumeration that the tables keep as a number, which must never change its meaning.
pub(crate) trait Numbered: Copy + PartialEq + Sized + 'static {
    const NUMBERS: &'static [(i64, Self)];
    const WHAT: &'static str;

    fn number(self) -> i64 {
        let found = Self::NUMBERS.iter().find(|(_, value)| *value == self);
        // Each list below has every variant: a test walks them.
        found.map_or(-1, |(number, _)| *number)
    }

    fn of_number(number: i64) -> Result<Self, StoreError> {
        let found = Self::NUMBERS.iter().find(|(known, _)| *known == number);
        found.map(|(_, value)| *value).ok_or(StoreError::Unreadable(Self::WHAT))
    }
}

impl Numbered for State {
    const NUMBERS: &'static [(i64, Self)] = &[
        (0, Self::Pending),
        (1, Self::MessageReceived),
        (2, Self::AwaitingConfirmation),
        (3, Self::Verified),
        (4, Self::Claimed),
        (5, Self::Used),
        (6, Self::Expired),
        (7, Self::Denied),
        (8, Self::PhoneHidden),
        (9, Self::Lapsed),
    ];
    const WHAT: &'static str = "state of a login";
}

impl Numbered for Confirm {
    const NUMBERS: &'static [(i64, Self)] =
        &[(0, Self::None), (1, Self::Reply), (2, Self::Code), (3, Self::Match)];
    const WHAT: &'static str = "confirmation policy";
}

impl Numbered for PhoneHidden {
    const NUMBERS: &'static [(i64, Self)] = &[(0, Self::Ask), (1, Self::Fail), (2, Self::Allow)];
    const WHAT: &'static str = "policy for hidden numbers";
}

impl Numbered for Role {
    // The greater number may do more.
    const NUMBERS: &'static [(i64, Self)] = &[(1, Self::Viewer), (2, Self::Editor), (3, Self::Owner)];
    const WHAT: &'static str = "role";
}

impl Numbered for GuardMode {
    // The migrations give apps from before guards the second.
    const NUMBERS: &'static [(i64, Self)] = &[(0, Self::Off), (1, Self::DryRun), (2, Self::Enforce)];
    const WHAT: &'static str = "mode of guards";
}

impl Numbered for DeliveryState {
    const NUMBERS: &'static [(i64, Self)] = &[(0, Self::Waiting), (1, Self::Delivered), (2, Self::GivenUp)];
    const WHAT: &'static str = "state of a delivery";
}

impl Numbered for DisabledFor {
    const NUMBERS: &'static [(i64, Self)] = &[(1, Self::Administrator), (2, Self::Failing), (3, Self::Gone)];
    const WHAT: &'static str = "reason of a webhook";
}

impl Numbered for MessageKind {
    const NUMBERS: &'static [(i64, Self)] =
        &[(1, Self::SharePhone), (2, Self::ConfirmationCode), (3, Self::SignedIn), (4, Self::MatchDigits)];
    const WHAT: &'static str = "kind of a message";
}

impl Numbered for MessageState {
    // Up to 1 there is something left to be done: the statements and an index say so.
    const NUMBERS: &'static [(i64, Self)] =
        &[(0, Self::Waiting), (1, Self::Sending), (2, Self::Sent), (3, Self::Ambiguous), (4, Self::Refused)];
    const WHAT: &'static str = "state of a message";
}

impl Numbered for HistoryKind {
    // The statements that count messages name the codes, ours and others'.
    const NUMBERS: &'static [(i64, Self)] =
        &[(1, Self::Login), (2, Self::Code), (3, Self::TestCode), (4, Self::Gateway)];
    const WHAT: &'static str = "kind of a row of the history";
}

impl Numbered for Ending {
    // Below 10 is what was wanted, and 10 a login without a message: statements and an index say so.
    const NUMBERS: &'static [(i64, Self)] = &[
        (1, Self::Redeemed),
        (2, Self::Typed),
        (3, Self::Delivered),
        (10, Self::NoMessage),
        (11, Self::NoNumber),
        (12, Self::NotConfirmed),
        (13, Self::NotRedeemed),
        (20, Self::NotMe),
        (21, Self::TooManyDigits),
        (22, Self::PhoneHidden),
        (30, Self::TakenBack),
        (40, Self::NotTyped),
        (41, Self::TooManyGuesses),
        (42, Self::NotRequested),
        (43, Self::NotDelivered),
        (50, Self::Undeliverable),
        (51, Self::OtherAccount),
        (52, Self::Temporary),
        (53, Self::Operator),
        (54, Self::Unknown),
        (60, Self::CountryNotAllowed),
        (61, Self::DayOfApp),
        (62, Self::DayOfCountry),
        (63, Self::CountryPaused),
        (64, Self::RangePaused),
        (65, Self::ClientSpread),
    ];
    const WHAT: &'static str = "ending";
}

impl Numbered for Facet {
    const NUMBERS: &'static [(i64, Self)] =
        &[(0, Self::Hours), (1, Self::Endings), (2, Self::Countries), (3, Self::Pace), (4, Self::Messages)];
    const WHAT: &'static str = "side of the history";
}

impl Numbered for SigningAlgorithm {
    const NUMBERS: &'static [(i64, Self)] = &[(1, Self::Rs256), (2, Self::Es256), (3, Self::EdDsa)];
    const WHAT: &'static str = "algorithm";
}

impl Numbered for DeviceState {
    // The statements name them.
    const NUMBERS: &'static [(i64, Self)] = &[(0, Self::Waiting), (1, Self::Approved), (2, Self::Refused)];
    const WHAT: &'static str = "state of a device";
}

impl Numbered for DeliveryStatus {
    // The greater number is the later status: the store keeps the greatest. 0 is for none.
    const NUMBERS: &'static [(i64, Self)] =
        &[(1, Self::Sent), (2, Self::Delivered), (3, Self::Read), (4, Self::Played), (5, Self::Failed)];
    const WHAT: &'static str = "delivery of a message";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails for a variant that its list lacks: the match in `number` has no arm to forget.
    #[test]
    fn every_variant_has_a_number_of_its_own() {
        fn check<T: Numbered + std::fmt::Debug>(variants: &[T]) {
            assert_eq!(variants.len(), T::NUMBERS.len());
            for variant in variants {
                assert_eq!(T::of_number(variant.number()).unwrap(), *variant);
            }
            assert!(matches!(T::of_number(99), Err(StoreError::Unreadable(_))));
        }
        check(&[
            State::Pending,
            State::MessageReceived,
            State::AwaitingConfirmation,
            State::Verified,
            State::Claimed,
            State::Used,
            State::Expired,
            State::Denied,
            State::PhoneHidden,
            State::Lapsed,
        ]);
        check(&Confirm::ALL);
        check(&[PhoneHidden::Ask, PhoneHidden::Fail, PhoneHidden::Allow]);
        check(&HistoryKind::ALL);
        check(&Ending::ALL);
        check(&[Facet::Hours, Facet::Endings, Facet::Countries, Facet::Pace, Facet::Messages]);
        check(&[GuardMode::Off, GuardMode::DryRun, GuardMode::Enforce]);
        check(&SigningAlgorithm::ALL);
        check(&[DeviceState::Waiting, DeviceState::Approved, DeviceState::Refused]);
        check(&[Role::Viewer, Role::Editor, Role::Owner]);
        check(&[
            MessageKind::SharePhone,
            MessageKind::ConfirmationCode,
            MessageKind::SignedIn,
            MessageKind::MatchDigits,
        ]);
        check(&[
            MessageState::Waiting,
            MessageState::Sending,
            MessageState::Sent,
            MessageState::Ambiguous,
            MessageState::Refused,
        ]);
        check(&[
            DeliveryStatus::Sent,
            DeliveryStatus::Delivered,
            DeliveryStatus::Read,
            DeliveryStatus::Played,
            DeliveryStatus::Failed,
        ]);
        assert!(
            DeliveryStatus::NUMBERS.is_sorted()
                && DeliveryStatus::NUMBERS.is_sorted_by_key(|(_, status)| *status)
        );
    }
}
