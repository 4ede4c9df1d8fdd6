//! What the issuer's pages say, in each language: the words of the browser packages, and some of its own.

mod arabic;
mod bengali;
mod english;
mod french;
mod german;
mod hindi;
mod indonesian;
mod italian;
mod portuguese;
mod spanish;
mod turkish;
mod urdu;

use super::Language;

/// The texts of one language, with placeholders in braces.
pub(crate) struct PageTexts {
    /// `{app}`
    pub(crate) title_for: &'static str,
    pub(crate) lead_phone: &'static str,
    pub(crate) lead_desktop: &'static str,
    pub(crate) open: &'static str,
    pub(crate) qr_label: &'static str,
    pub(crate) pending: &'static str,
    pub(crate) message_received: &'static str,
    pub(crate) awaiting_confirmation: &'static str,
    pub(crate) awaiting_match: &'static str,
    pub(crate) expired: &'static str,
    pub(crate) denied: &'static str,
    pub(crate) error: &'static str,
    pub(crate) expired_hint: &'static str,
    pub(crate) denied_hint: &'static str,
    pub(crate) error_hint: &'static str,
    pub(crate) phone_hidden_hint: &'static str,
    pub(crate) code_label: &'static str,
    pub(crate) confirm: &'static str,
    /// `{count}`
    pub(crate) wrong_code: &'static str,
    pub(crate) retry: &'static str,
    pub(crate) cancel: &'static str,
    pub(crate) refresh: &'static str,
    pub(crate) use_code: &'static str,
    pub(crate) use_link: &'static str,
    pub(crate) otp_phone_label: &'static str,
    pub(crate) otp_phone_hint: &'static str,
    pub(crate) otp_send: &'static str,
    /// `{phone}`
    pub(crate) otp_sent_to: &'static str,
    pub(crate) otp_code_label: &'static str,
    pub(crate) otp_verify: &'static str,
    pub(crate) otp_resend: &'static str,
    pub(crate) otp_change_phone: &'static str,
    pub(crate) otp_invalid_phone: &'static str,
    /// `{seconds}`
    pub(crate) otp_rate_limited: &'static str,
    pub(crate) otp_quota_exceeded: &'static str,
    pub(crate) otp_send_failed: &'static str,
    pub(crate) otp_unavailable: &'static str,
    pub(crate) otp_max_attempts: &'static str,
    pub(crate) otp_blocked: &'static str,
    pub(crate) otp_expired: &'static str,
    pub(crate) sent: &'static str,
    /// `{phone}`
    pub(crate) continue_as: &'static str,
    /// `{app}`
    pub(crate) returning: &'static str,
    pub(crate) go_on: &'static str,
    pub(crate) over: &'static str,
    pub(crate) over_hint: &'static str,
    /// `{app}`
    pub(crate) consent: &'static str,
    pub(crate) shares_id: &'static str,
    pub(crate) shares_phone: &'static str,
    pub(crate) shares_later: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) refuse: &'static str,
    pub(crate) device_title: &'static str,
    pub(crate) device_code: &'static str,
    pub(crate) device_wrong: &'static str,
    /// `{app}`, `{code}`
    pub(crate) device_ask: &'static str,
    pub(crate) device_hint: &'static str,
    pub(crate) device_done: &'static str,
    pub(crate) device_refused: &'static str,
}

impl Language {
    /// What pages say in it.
    pub(crate) fn pages(self) -> &'static PageTexts {
        match self {
            Self::Arabic => &arabic::TEXTS,
            Self::Bengali => &bengali::TEXTS,
            Self::English => &english::TEXTS,
            Self::French => &french::TEXTS,
            Self::German => &german::TEXTS,
            Self::Hindi => &hindi::TEXTS,
            Self::Indonesian => &indonesian::TEXTS,
            Self::Italian => &italian::TEXTS,
            Self::Portuguese => &portuguese::TEXTS,
            Self::Spanish => &spanish::TEXTS,
            Self::Turkish => &turkish::TEXTS,
            Self::Urdu => &urdu::TEXTS,
        }
    }

    /// The direction that it is written in, as HTML names it.
    pub(crate) fn direction(self) -> &'static str {
        if self.is_right_to_left() { "rtl" } else { "ltr" }
    }

    /// A text with its values.
    pub(crate) fn filled(self, text: &str, values: &[(&str, &str)]) -> String {
        self.fill(text, values)
    }
}

#[cfg(test)]
mod tests;
