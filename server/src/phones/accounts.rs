//! Which numbers are of one WhatsApp account, as far as numbers tell.
//!
//! WhatsApp goes on using forms that countries have given up: 521 for 52 in Mexico, eight digits in Brazil for the
//! nine of today, numbers from before the renumbering in Benin, Ivory Coast and Gabon; and it leaves out Argentina's 9.
//! What is not listed here is another account: a code that WhatsApp delivers there proves nothing about the number.

use loggin_protocol::PhoneNumber;

/// Whether a number that WhatsApp reports is of the account that `asked` is of.
///
/// One case holds one way only: WhatsApp leaves out the 9 of a mobile number in Argentina, but a number without it is
/// some fixed line's, and the mobile line with its digits is another subscriber's.
pub(crate) fn same_account(asked: &PhoneNumber, reported: &PhoneNumber) -> bool {
    let gains_argentinas_9 = argentina(reported.expose()).is_some() && argentina(asked.expose()).is_none();
    account(asked) == account(reported) && !gains_argentinas_9
}

/// What the forms of one account's number have in common. It is for counting and comparing, never for sending: in
/// Argentina it can be another person's fixed line.
pub(crate) fn account(phone: &PhoneNumber) -> String {
    let digits = phone.expose();
    let today = today(digits);
    let digits = today.as_deref().unwrap_or(digits);
    argentina(digits).unwrap_or_else(|| digits.to_owned())
}

/// The number in the form of today's plan, by which a person is found. Argentina's two forms are two numbers here: the one
/// without the 9 can be another person's fixed line.
pub(crate) fn name(phone: &PhoneNumber) -> String {
    today(phone.expose()).unwrap_or_else(|| phone.expose().to_owned())
}

/// Every [`name`] that the account of this number may stand under.
pub(crate) fn forms(phone: &PhoneNumber) -> Vec<String> {
    let name = name(phone);
    let other = match name.strip_prefix("54") {
        Some(national) if national.len() == 10 => Some(format!("549{national}")),
        _ => argentina(&name),
    };
    std::iter::once(name).chain(other).collect()
}

/// A number in the form of today's plan; `None` where it is in no form that was given up.
pub(super) fn today(digits: &str) -> Option<String> {
    let (code, national) = digits.split_at_checked(2)?;
    match code {
        "52" => mexico(national),
        "55" => brazil(national),
        _ => {
            let (code, national) = digits.split_at_checked(3)?;
            match code {
                "225" => ivory_coast(national),
                "229" => benin(national),
                "241" => gabon(national),
                _ => None,
            }
        }
    }
}

/// A mobile number without its 9.
fn argentina(digits: &str) -> Option<String> {
    let rest = digits.strip_prefix("549").filter(|rest| rest.len() == 10)?;
    Some(format!("54{rest}"))
}

/// Until 2019 a 1 was dialled before mobile numbers from abroad.
fn mexico(national: &str) -> Option<String> {
    let rest = national.strip_prefix('1').filter(|rest| rest.len() == 10)?;
    Some(format!("52{rest}"))
}

/// From 2012 to 2016 mobile numbers got a 9 after the area code. Below 6 a number of eight digits is a fixed line's.
fn brazil(national: &str) -> Option<String> {
    let (area, number) = national.split_at_checked(2)?;
    (number.len() == 8 && number.starts_with(['6', '7', '8', '9'])).then(|| format!("55{area}9{number}"))
}

/// Since 31 January 2021 numbers begin with the operator, which the second digit of a mobile number told before.
fn ivory_coast(national: &str) -> Option<String> {
    let second = national.chars().nth(1).filter(|_| national.len() == 8)?;
    let operator = match (national.chars().next()?, second) {
        // Fixed lines, whose operator the second digit does not tell.
        ('2' | '3', _) => return None,
        (_, '0'..='3') => "01",
        (_, '4'..='6') => "05",
        _ => "07",
    };
    Some(format!("225{operator}{national}"))
}

/// Since 30 November 2024 numbers begin with 01.
fn benin(national: &str) -> Option<String> {
    (national.len() == 8).then(|| format!("22901{national}"))
}

/// Since 15 November 2019 a 6 or a 7 stands before mobile numbers, and a 1 before fixed lines, in place of a 0 that
/// was dialled from abroad too, or left out.
fn gabon(national: &str) -> Option<String> {
    let number = match national.len() {
        8 => national.strip_prefix('0')?,
        7 => national,
        _ => return None,
    };
    let before = match number.chars().next()? {
        '1' => '1',
        '2' | '5' | '6' => '6',
        '4' | '7' => '7',
        _ => return None,
    };
    Some(format!("241{before}{number}"))
}
