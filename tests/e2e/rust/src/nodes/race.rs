//! Many who redeem one login at the same moment, at all servers.

use std::{sync::Barrier, thread};

use super::House;

/// Redeemers of one login.
pub const REDEEMERS: usize = 50;

/// Signs somebody in, and lets everybody redeem that at once; what each was told: `verified`, or the code of an error.
pub fn race(house: &House) -> Vec<String> {
    let (token, phone) = (house.new_token(), house.new_phone());
    house.send(&phone, &token.code().expose());
    let start = Barrier::new(REDEEMERS);
    thread::scope(|scope| {
        let redeeming: Vec<_> = (0..REDEEMERS)
            .map(|number| {
                let (token, start) = (&token, &start);
                scope.spawn(move || {
                    start.wait();
                    house.redeem(number, token)
                })
            })
            .collect();
        redeeming.into_iter().map(|redeemed| redeemed.join().unwrap()).collect()
    })
}
