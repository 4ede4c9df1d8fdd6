//! `Debug` of what holds tokens, codes or phone numbers.

macro_rules! hidden_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

pub(super) use hidden_debug;

#[cfg(test)]
mod tests {
    use crate::wire::{EventsRequest, OtpVerifyRequest};
    use std::collections::HashMap;

    #[test]
    fn requests_do_not_show_their_tokens() {
        let request = EventsRequest {
            tokens: vec!["lgn1_secret".into()],
            claim: true,
            app_key: None,
            confirm: crate::Confirm::None,
            return_to: None,
            phone: crate::PhoneNeed::Required,
            known: HashMap::new(),
        };
        assert_eq!(format!("{request:?}"), "EventsRequest { .. }");
        let request = OtpVerifyRequest { session_id: "s".into(), otp_code: "123456".into() };
        assert_eq!(format!("{request:?}"), "OtpVerifyRequest { .. }");
    }
}
