//! Numbers with a fixed code, which no app owns: whoever changes them changes them for all.

use loggin_protocol::PhoneNumber;

use super::{Actor, Administration, AdministrationError, Missing, Right};
use crate::{
    crypto::digits::{self, Digits},
    otp::CODE_DIGITS,
    phones,
    store::{Act, TestNumber},
};

/// A test number, or another code for one.
#[derive(Clone, Debug)]
pub(crate) struct NewTestNumber {
    /// With its country code, as people write it.
    pub(crate) number: String,
    /// What its code is, always; 4 to 8 digits.
    pub(crate) code: String,
    /// Whether there is a pause between two codes.
    pub(crate) cooldown: bool,
    /// Whether a number is taken that may be a person's: whoever knows its code is that person to every app that takes test
    /// numbers.
    pub(crate) even_if_real: bool,
}

impl Administration {
    /// All test numbers without `+`, in their order.
    pub(crate) async fn test_numbers(
        &self,
        actor: &Actor,
    ) -> Result<Vec<(String, TestNumber)>, AdministrationError> {
        actor.check_everywhere(Right::WriteTestNumbers)?;
        let mut numbers: Vec<(String, TestNumber)> = self.store.test_numbers().await?.into_iter().collect();
        numbers.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(numbers)
    }

    /// Adds a test number, or gives one another code.
    pub(crate) async fn put_test_number(
        &self,
        actor: &Actor,
        new: NewTestNumber,
    ) -> Result<(PhoneNumber, TestNumber), AdministrationError> {
        actor.check_everywhere(Right::WriteTestNumbers)?;
        let number = parse_number(&new.number)?;
        let code = Digits::typed(&new.code).filter(|code| CODE_DIGITS.contains(&code.count()));
        let code = code.ok_or_else(|| AdministrationError::invalid("code", "must be 4 to 8 digits"))?;
        if !new.even_if_real && phones::may_be_somebodys(&number) {
            return Err(AdministrationError::invalid(
                "even_if_real",
                "the number may be a real person's, and whoever knows its code would be that person: take one that \
                 nobody has, such as +12025550100 to +12025550199, or set this to true",
            ));
        }
        let test = TestNumber { code: code.expose().to_owned(), cooldown: new.cooldown };
        self.carry_out(actor, Act::PutTestNumber(number.clone(), test.clone())).await?;
        Ok((number, test))
    }

    /// Removes a test number.
    pub(crate) async fn remove_test_number(
        &self,
        actor: &Actor,
        number: &str,
    ) -> Result<(), AdministrationError> {
        actor.check_everywhere(Right::WriteTestNumbers)?;
        if self.carry_out(actor, Act::RemoveTestNumber(parse_number(number)?)).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::TestNumber))
    }
}

/// A number with its country code. It need not be one that a plan knows: best, nobody has it.
pub(crate) fn parse_number(text: &str) -> Result<PhoneNumber, AdministrationError> {
    let is_written =
        |symbol: char| symbol == '+' || symbol == '-' || symbol.is_whitespace() || "()".contains(symbol);
    let rest: String = text.chars().filter(|symbol| !is_written(*symbol)).collect();
    let number: Option<String> = rest.chars().map(digits::digit).collect();
    number.and_then(|number| PhoneNumber::parse(&number).ok()).ok_or_else(|| {
        AdministrationError::invalid("number", "must be digits with the country code, such as +15550001111")
    })
}
