//! One person as one-time codes know them, for whoever has them told or forgotten.

use loggin_protocol::{AppKey, PhoneNumber};

use super::{Keys, OtpResponse, account::Whose};
use crate::store::SealedResponse;

/// Works out what people are called in the tables of one-time codes, and opens what names them.
#[derive(Debug)]
pub(crate) struct PersonKeys(Keys);

impl PersonKeys {
    /// Keys of these secrets.
    pub(crate) fn derive<'a>(secrets: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        Self(Keys::derive(secrets))
    }

    /// What a phone is called at an app and at its gateways, under every key.
    pub(crate) fn subjects(&self, app_key: AppKey, phone: &PhoneNumber) -> Vec<[u8; 32]> {
        let of = |whose: Whose| whose.subjects(&self.0.subjects, phone);
        [of(Whose::App(app_key)), of(Whose::Gateways(app_key))].concat()
    }

    /// The number that a response names, if it names one and was sealed under a key that is known.
    pub(crate) fn phone_of(&self, sealed: &SealedResponse) -> Option<PhoneNumber> {
        let response = self.0.responses.open(&sealed.call, &sealed.response)?;
        match OtpResponse::kept(&response).ok()? {
            OtpResponse::Verified { phone, .. } => Some(phone),
            OtpResponse::Started { .. } | OtpResponse::Refused(_) => None,
        }
    }
}
