//! Codes that other authentication servers make: who calls for them, and what is to be sent. Rules without effects; what
//! becomes of a call stands in `otp`.

mod payload;
mod secrets;
mod signature;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, time::Duration};

use loggin_protocol::ErrorCode;

pub(crate) use payload::read;
pub(crate) use secrets::{GatewayKeys, GatewaySecret};
pub(crate) use signature::{TOLERANCE, check};

use crate::{crypto::CodeText, store::GatewayKind};

/// How long a call with the same number and code is the same call, and nothing is sent again: as long as such a code is
/// good with most servers. A signed call could be repeated for as long as its signature is taken, which is before its
/// moment and after it.
const SAME_FOR: Duration = Duration::from_secs(5 * 60);

/// What a call wants to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The number as it was written.
    pub(crate) phone: String,
    /// The region whose people write it so, where the call says so.
    pub(crate) region: Option<String>,
    pub(crate) code: CodeText,
    /// The address of the person, where the call tells it.
    pub(crate) client_ip: Option<IpAddr>,
}

/// What is wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("The body is not what this gateway takes: see docs/gateway.md.")]
    Body,
    #[error("There is no number in the call.")]
    NoPhone,
    #[error("The call does not say which of two numbers it means.")]
    TwoPhones,
    #[error("There is no code in the call: messages of another kind cannot go through a template for codes.")]
    NoCode,
    #[error("A code has 4 to 15 Latin letters and digits.")]
    Code,
    #[error("There is more than one row of 4 to 8 digits in the text, so that none is known to be the code.")]
    SeveralCodes,
    #[error("`client_ip` is an address of IPv4 or IPv6.")]
    ClientIp,
}

/// Why a caller is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unknown {
    #[error("The call shows no secret.")]
    NoSecret,
    #[error("The secret is not this gateway's.")]
    WrongSecret,
    #[error("The call is not signed.")]
    NoSignature,
    #[error("The signature is not of this gateway's secret.")]
    WrongSignature,
    #[error("The call was signed too long ago, or a clock is wrong.")]
    Old,
}

impl Unreadable {
    /// Its code in errors.
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            Self::NoPhone | Self::TwoPhones => ErrorCode::InvalidPhone,
            Self::Body | Self::NoCode | Self::Code | Self::SeveralCodes | Self::ClientIp => {
                ErrorCode::InvalidRequest
            }
        }
    }
}

impl Unknown {
    /// Its code in errors.
    pub(crate) fn code(self) -> ErrorCode {
        match self {
            Self::NoSecret | Self::WrongSecret => ErrorCode::Unauthorized,
            Self::NoSignature | Self::WrongSignature | Self::Old => ErrorCode::InvalidSignature,
        }
    }
}

impl GatewayKind {
    /// Whether its calls are signed; others show their secret.
    pub(crate) fn is_signed(self) -> bool {
        matches!(self, Self::Supabase | Self::Zitadel)
    }

    /// How long a call is the same call when it is repeated.
    pub(crate) fn same_for(self) -> Duration {
        if self.is_signed() { TOLERANCE.saturating_mul(2) } else { SAME_FOR }
    }
}
