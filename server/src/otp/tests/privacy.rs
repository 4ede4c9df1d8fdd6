//! What the database holds of people once everything is over.

use super::*;
use crate::store::tests::dump;

const META: &str = "the-apps-own-meta";
const USER_ID: &str = "IN.987654321";

impl Environment {
    fn private_order(&self, key: &str) -> StartOrder {
        StartOrder { meta: Some(format!("\"{META}\"")), ..self.named_order(key, PHONE) }
    }

    /// Where the phone, the user id or the app's data stands.
    fn found(&self) -> Vec<String> {
        dump::where_found(&self.folder.path().join("loggin.db"), &[PHONE, USER_ID, META])
    }

    async fn tell(&self, session: Uuid, told: DeliveryStatus) {
        let told = StatusUpdate { recipient_user_id: Some(USER_ID.to_owned()), ..status(session, told) };
        self.otp.note_statuses(&[told]).await.unwrap();
    }
}

/// Every order in which some statuses can come.
fn orders(statuses: &[DeliveryStatus]) -> Vec<Vec<DeliveryStatus>> {
    if statuses.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (position, first) in statuses.iter().enumerate() {
        let mut rest = statuses.to_vec();
        rest.remove(position);
        all.extend(orders(&rest).into_iter().map(|order| [vec![*first], order].concat()));
    }
    all
}

#[tokio::test]
async fn once_all_is_over_the_database_holds_nobody() {
    if is_on_postgresql() {
        return;
    }
    let statuses =
        [DeliveryStatus::Sent, DeliveryStatus::Delivered, DeliveryStatus::Read, DeliveryStatus::Failed];
    let env = Environment::new().await;
    for (number, order) in orders(&statuses).into_iter().enumerate() {
        let session = session_of(&env.otp.start(&env.private_order(&number.to_string())).await.unwrap());
        assert!(!env.found().is_empty(), "what is looked for is found while it is there");
        // Some come before the code is typed, some after it, and some once the person has left.
        let (before, after) = order.split_at(number % (order.len() + 1));
        for told in before {
            env.tell(session, *told).await;
        }
        let key = format!("typed {number}");
        // A message that was delivered has not failed, whatever is told later.
        let arrived = |told: &DeliveryStatus| *told != DeliveryStatus::Sent;
        let failed = before.iter().find(|told| arrived(told)) == Some(&DeliveryStatus::Failed);
        let verified = env.named_verify(&key, session, &env.codes.last()).await;
        assert_eq!(matches!(verified, Ok(OtpResponse::Verified { .. })), !failed);
        let (soon, late) = after.split_at(after.len() / 2);
        for told in soon {
            env.tell(session, *told).await;
        }
        env.clock.advance(life::LIFETIME + life::SENDING + SECOND);
        env.otp.purge().await.unwrap();
        for told in late {
            env.tell(session, *told).await;
        }
        // The response is given again all the same, from under the key.
        let again = env.named_verify(&key, session, &env.codes.last()).await;
        assert_eq!(
            matches!(again, Ok(OtpResponse::Verified { phone, .. }) if phone.expose() == PHONE),
            !failed
        );
        let tables = dump::tables(&env.folder.path().join("loggin.db"));
        let holds =
            |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        for (name, bytes) in &tables {
            for text in [PHONE, USER_ID, META] {
                assert!(!holds(bytes, text), "{name} holds {text} after {before:?} and {after:?}");
            }
        }
    }
    // Nor do pages of the file that nothing uses any more.
    env.store.close().await;
    assert_eq!(env.found(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_in_the_database_is_a_hash_of_the_number_without_a_key() {
    if is_on_postgresql() {
        return;
    }
    let env = Environment::new().await;
    env.start(PHONE).await;
    let path = env.folder.path().join("loggin.db");
    let app_key = env.app.app_key;
    let account = phones::account(&PhoneNumber::parse(PHONE).unwrap());
    let guesses = [
        account.clone(),
        format!("loggin otp phone v1\n{app_key}\n{account}"),
        format!("{app_key}{account}"),
        format!("+{account}"),
    ];
    for (name, bytes) in dump::tables(&path) {
        for guess in &guesses {
            let hash = Sha256::digest(guess);
            assert!(!bytes.windows(32).any(|window| window == hash.as_slice()), "{name}");
        }
        for secret in ["", "another secret of 32 characters.."] {
            let keys = MacKeys::derive([secret.as_bytes()], SUBJECT_DOMAIN);
            let mac = keys.mac(app_key.as_str().as_bytes(), account.as_bytes());
            assert!(!bytes.windows(32).any(|window| window == mac), "{name}");
        }
    }
}
