//! People who get another number or another user id, or register their account anew, and what WhatsApp tells the business of it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::act::Receipt;
use crate::delivery::BusyError;
use crate::identifiers;
use crate::number::Number;
use crate::phones::{Phone, PhoneError};
use crate::simulator::Simulator;
use crate::webhook::payload::{self, Channel, Item, Update};

/// What becomes of a person. With another number comes another user id; either alone changes nothing else.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Renaming {
    /// The new number; without one only the user id changes.
    pub(crate) number: Option<String>,
    /// The new user id; one is made where none is given.
    pub(crate) user_id: Option<String>,
    /// The new id that several portfolios share.
    pub(crate) parent_user_id: Option<String>,
}

/// Why that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RenamingError {
    #[error("there is no such phone")]
    NoPhone,
    #[error(transparent)]
    Phone(#[from] PhoneError),
    #[error(transparent)]
    Busy(#[from] BusyError),
}

/// Who somebody was.
struct Former {
    number: Number,
    user_id: String,
    parent: Option<String>,
}

impl Simulator {
    /// Gives a person another number or user id, and tells the webhook so.
    pub(crate) async fn rename(
        self: &Arc<Self>,
        number: &Number,
        renaming: &Renaming,
    ) -> Result<Receipt, RenamingError> {
        let (update, now, _) = self.prepare_renaming(number, renaming)?;
        Ok(self.tell(update, now).await?)
    }

    /// Changes the phone and makes the update, without delivering it; says what the number is now.
    pub(crate) fn prepare_renaming(
        &self,
        number: &Number,
        renaming: &Renaming,
    ) -> Result<(Update, u64, Number), RenamingError> {
        let now = self.now();
        let new_number =
            renaming.number.as_deref().map(Number::parse).transpose().map_err(|_| PhoneError::Number)?;
        if renaming.parent_user_id.as_deref().is_some_and(|id| !identifiers::is_user_id(id)) {
            return Err(PhoneError::UserId.into());
        }
        if new_number.as_ref() == Some(&self.config.number) {
            return Err(PhoneError::Taken.into());
        }
        let mut world = self.world();
        let phone = world.phones.get(number).ok_or(RenamingError::NoPhone)?;
        let old_number = phone.number.clone();
        let former = Former {
            number: phone.wa_id.clone(),
            user_id: phone.user_id.clone(),
            parent: phone.parent_user_id.clone(),
        };
        let is_new_number = new_number.as_ref().is_some_and(|number| *number != old_number);
        let number = new_number.unwrap_or_else(|| old_number.clone());
        let user_id = renaming.user_id.clone().unwrap_or_else(|| self.next_user_id(&number, &former.user_id));
        world.phones.rename(&old_number, &number, &user_id)?;
        let phone = world.phones.get_mut(&number).ok_or(RenamingError::NoPhone)?;
        if let Some(parent) = &renaming.parent_user_id {
            phone.parent_user_id = Some(parent.clone());
        }
        Ok((self.system_message(phone, &former, is_new_number, now), now, number))
    }

    /// Has a person register their account anew, as on another phone: it has another key, which WhatsApp tells the webhook
    /// where the business has it check that.
    pub(crate) async fn register_anew(self: &Arc<Self>, number: &Number) -> Result<Receipt, RenamingError> {
        let now = self.now();
        let update = {
            let mut world = self.world();
            let phone = world.phones.get_mut(number).ok_or(RenamingError::NoPhone)?;
            phone.identity_key = Some(self.identifiers.trace());
            self.key_message(phone, now)
        };
        Ok(self.tell(update, now).await?)
    }

    fn key_message(&self, phone: &Phone, now: u64) -> Update {
        let id = self.identifiers.message(&phone.user_id);
        let identity = json!({
            "acknowledged": true, "created_timestamp": now.to_string(), "hash": phone.identity_key,
        });
        let content = json!({ "system": { "type": "customer_identity_changed" }, "identity": identity });
        Update {
            phone: None,
            message_id: id.clone(),
            phone_number_id: self.config.phone_number_id.clone(),
            contact: None,
            channel: Channel::Messages,
            item: Item::Message(payload::message(phone, &id, now, "system", content)),
        }
    }

    /// Another user id for whoever had this one.
    fn next_user_id(&self, number: &Number, former: &str) -> String {
        identifiers::user_id(&format!("{}\n{former}", self.config.waba_id), number)
    }

    /// WhatsApp's notice. It names no contact, and no number of a person who hides theirs.
    fn system_message(&self, phone: &Phone, former: &Former, is_new_number: bool, now: u64) -> Update {
        let shows_number = is_new_number && !phone.hides_number();
        let mut system = json!({
            "type": if shows_number { "user_changed_number" } else { "user_changed_user_id" },
            "user_id": phone.user_id,
            "previous_user_id": former.user_id,
        });
        let id = self.identifiers.message(&phone.user_id);
        let mut message = json!({
            "from_user_id": phone.user_id, "id": id, "timestamp": now.to_string(), "type": "system",
        });
        if shows_number {
            let (old, new) = (former.number.as_str(), phone.wa_id.as_str());
            system["wa_id"] = json!(new);
            system["body"] = json!(format!("User {} changed from {old} to {new}", phone.name));
            message["from"] = json!(old);
        }
        let parents =
            [("parent_user_id", &phone.parent_user_id), ("previous_parent_user_id", &former.parent)];
        for (key, parent) in parents {
            if let Some(parent) = parent {
                system[key] = json!(parent);
            }
        }
        message["system"] = system;
        Update {
            phone: None,
            message_id: id,
            phone_number_id: self.config.phone_number_id.clone(),
            contact: None,
            channel: Channel::Messages,
            item: Item::Message(message),
        }
    }
}
