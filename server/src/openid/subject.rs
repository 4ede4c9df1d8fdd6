//! Who somebody is to a client: the `sub` of OpenID.

use data_encoding::BASE64URL_NOPAD;
use loggin_protocol::Subject;
use sha2::{Digest, Sha256};

use crate::store::{OpenIdClient, SubjectType};

/// The `sub` of a person at a client. A public one is the subject that the app itself is told; a pairwise one (OpenID
/// Connect Core, section 8.1) is made of that, of the client's sector and of a salt, so that clients of two sectors cannot
/// compare whom they know.
pub(crate) fn sub_of(client: &OpenIdClient, subject: Subject) -> String {
    match client.settings.subject_type {
        SubjectType::Public => subject.expose(),
        SubjectType::Pairwise => {
            let hash = Sha256::new()
                .chain_update(client.settings.sector.as_bytes())
                .chain_update(b"\n")
                .chain_update(subject.expose())
                .chain_update(b"\n")
                .chain_update(client.salt)
                .finalize();
            BASE64URL_NOPAD.encode(&hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openid::tests::client;

    #[test]
    fn clients_of_two_sectors_cannot_compare_whom_they_know() {
        let subject = Subject::from_random([7; 20]);
        let mut one = client();
        assert_eq!(sub_of(&one, subject), subject.expose());
        one.settings.subject_type = SubjectType::Pairwise;
        one.settings.sector = "one.example".to_owned();
        let mut same = one.clone();
        same.id = "another".to_owned();
        assert_eq!(sub_of(&one, subject), sub_of(&same, subject));
        let mut other = one.clone();
        other.settings.sector = "two.example".to_owned();
        let salted = OpenIdClient { salt: [9; 32], ..one.clone() };
        let subs =
            [sub_of(&one, subject), sub_of(&other, subject), sub_of(&salted, subject), subject.expose()];
        for (position, sub) in subs.iter().enumerate() {
            assert!(!subs[..position].contains(sub));
        }
        assert_ne!(sub_of(&one, Subject::from_random([8; 20])), subs[0]);
    }
}
