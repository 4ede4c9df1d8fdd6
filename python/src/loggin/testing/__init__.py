"""A Loggin of your own tests: the server, a simulated WhatsApp, and people who tap.

    from loggin import Loggin
    from loggin.testing import LocalServer

    with LocalServer() as server:
        client = Loggin(server.url)
        login = client.create_token(server.app_key)
        person = server.person()
        person.tap(login.link)
        assert client.wait_for_verify(login.token).phone == person.number

Both are real: nothing in your app, the SDK or the server knows that it is a test. The program is that of the wheel
`loggin-server`. pytest has the fixtures of `loggin.testing.pytest_plugin`.
"""

from loggin.testing._async_person import AsyncPerson
from loggin.testing._chat import Button, Message
from loggin.testing._control import LocalServerError
from loggin.testing._person import Person
from loggin.testing._server import App, LocalServer

__all__ = ["App", "AsyncPerson", "Button", "LocalServer", "LocalServerError", "Message", "Person"]
