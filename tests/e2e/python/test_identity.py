"""People who hide their number, change it, or have the number of somebody else, from the chat to the session."""

from __future__ import annotations

from itertools import count

import pytest
from conftest import TEST_TIMEOUT, Environment
from loggin import Loggin, PhoneHiddenError, Session
from loggin.testing import Person

# Numbers that nobody else's test has.
NUMBERS = (f"9198800{number:05}" for number in count())


def sign_in(client: Loggin, app_key: str, person: Person) -> Session:
    """A login of this person, who sends the message before anybody waits."""
    login = client.create_token(app_key)
    person.tap(login.link)
    return client.wait_for_verify(login.token, timeout=TEST_TIMEOUT)


def test_who_hides_the_number_is_signed_in_by_who_takes_that(environment: Environment) -> None:
    app_key, secret_key = environment.create_app("--phone-hidden", "allow")
    person = environment.person(hidden=True)
    with Loggin(environment.url, secret_key=secret_key) as client:
        login = client.create_token(app_key)
        person.tap(login.link)
        with pytest.raises(PhoneHiddenError):
            client.wait_for_verify(login.token, timeout=TEST_TIMEOUT)
        # It was not spent by that.
        session = client.verify_token(login.token, require_phone=False)
        assert session is not None
        assert session.phone is None
        assert session.user_id is not None
        again = client.create_token(app_key)
        person.tap(again.link)
        later = client.wait_for_verify(again.token, require_phone=False, timeout=TEST_TIMEOUT)
    assert (later.subject, later.user_id, later.assurance) == (session.subject, session.user_id, "normal")


def test_who_has_shared_the_number_once_is_not_asked_again(environment: Environment) -> None:
    app_key, secret_key = environment.create_app()
    person = environment.person(hidden=True)
    with Loggin(environment.url, secret_key=secret_key) as client:
        login = client.create_token(app_key)
        assert client.status(login.token) == "pending"
        person.tap(login.link)
        assert client.status(login.token) == "message_received"
        person.share_number()
        first = client.wait_for_verify(login.token, timeout=TEST_TIMEOUT)
        assert first.phone == person.number
        # WhatsApp hides it from the business again.
        environment.control("phones", {"number": person.number, "hidden": True})
        assert sign_in(client, app_key, person).phone == person.number


def test_a_person_stays_who_they_are_and_a_number_does_not(environment: Environment) -> None:
    app_key, secret_key = environment.create_app()
    old, new = next(NUMBERS), next(NUMBERS)
    with Loggin(environment.url, secret_key=secret_key) as client:
        before = sign_in(client, app_key, environment.person(old))
        assert (before.phone, before.assurance) == (old, "normal")
        environment.control(f"phones/{old}/identity", {"number": new})
        moved = sign_in(client, app_key, environment.person(new))
        assert (moved.subject, moved.phone, moved.assurance) == (before.subject, new, "changed")
        assert sign_in(client, app_key, environment.person(new)).assurance == "normal"
        # Somebody else gets the number that was given up.
        stranger = sign_in(client, app_key, environment.person(old))
        assert stranger.subject != before.subject
        assert (stranger.phone, stranger.assurance) == (old, "changed")


def test_an_account_that_is_registered_anew_is_told(environment: Environment) -> None:
    app_key, secret_key = environment.create_app()
    person = environment.person(next(NUMBERS))
    with Loggin(environment.url, secret_key=secret_key) as client:
        before = sign_in(client, app_key, person)
        environment.control(f"phones/{person.number}/key", {})
        after = sign_in(client, app_key, person)
        assert (after.subject, after.assurance) == (before.subject, "changed")


def test_each_app_knows_a_person_as_somebody_else(environment: Environment) -> None:
    person = environment.person(next(NUMBERS))
    subjects = set()
    for app_key, secret_key in [environment.create_app(), environment.create_app()]:
        with Loggin(environment.url, secret_key=secret_key) as client:
            subjects.add(sign_in(client, app_key, person).subject)
    assert len(subjects) == 2
