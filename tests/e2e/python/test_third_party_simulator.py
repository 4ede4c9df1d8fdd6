"""A client that others wrote for the real API works against the simulator: only its base URL is changed."""

import dataclasses
import http.server
import json
import os
import pathlib
import queue
import subprocess
import threading
import urllib.request
from collections.abc import Iterator

import pytest

pywa = pytest.importorskip("pywa")
from pywa import errors, types  # noqa: E402
from pywa.types import templates  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = pathlib.Path(
    os.environ.get("WHATSAPP_SIMULATOR_BIN", REPOSITORY / "target" / "debug" / "whatsapp-simulator")
)

SECRETS = {
    "WHATSAPP_ACCESS_TOKEN": "third-party-access-token",
    "WHATSAPP_APP_SECRET": "third-party-app-secret",
    "WHATSAPP_VERIFY_TOKEN": "third-party-verify-token",
}
PHONE_NUMBER_ID = "200000000000002"
BUSINESS = "15550001111"
ANA = "15550002222"
SHEENA = "15550003333"  # hides her number

TIMEOUT_SECONDS = 20


@dataclasses.dataclass
class Call:
    """A webhook call as it came in: raw bytes, since the signature is over those."""

    body: bytes
    signature: str | None


class Receiver(http.server.BaseHTTPRequestHandler):
    """Hands webhook calls to the test and takes them all."""

    calls: queue.Queue[Call]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.put(Call(body, self.headers["X-Hub-Signature-256"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Not printed: the tests look at the calls themselves."""


@dataclasses.dataclass
class Simulator:
    base: str
    calls: queue.Queue[Call]

    def control(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base}/control/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)

    def next_call(self) -> Call:
        return self.calls.get(timeout=TIMEOUT_SECONDS)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    if not PROGRAM.exists():
        pytest.skip("the simulator is not built: cargo build -p whatsapp-simulator")
    calls: queue.Queue[Call] = queue.Queue()
    handler = type("Handler", (Receiver,), {"calls": calls})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [PROGRAM, "--listen", "127.0.0.1:0", "--exit-with-parent", "--number", BUSINESS]
    command += ["--phone-number-id", PHONE_NUMBER_ID]
    command += ["--webhook-url", f"http://127.0.0.1:{server.server_port}/webhook"]
    with subprocess.Popen(
        command, env=os.environ | SECRETS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        yield Simulator(line.removeprefix("listening on ").strip(), calls)
        process.stdin.close()
        assert process.wait(timeout=TIMEOUT_SECONDS) == 0
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(simulator: Simulator) -> pywa.WhatsApp:
    return client_of(simulator, SECRETS["WHATSAPP_ACCESS_TOKEN"])


def client_of(simulator: Simulator, token: str) -> pywa.WhatsApp:
    client = pywa.WhatsApp(
        phone_id=PHONE_NUMBER_ID,
        token=token,
        server=None,
        verify_token=SECRETS["WHATSAPP_VERIFY_TOKEN"],
        app_secret=SECRETS["WHATSAPP_APP_SECRET"],
        validate_updates=True,
    )
    # The one thing that differs from the real API.
    session = client.api._session
    session.base_url = str(session.base_url).replace("https://graph.facebook.com", simulator.base)
    return client


def accept(client: pywa.WhatsApp, call: Call) -> None:
    """What pywa's own routes do with a webhook call: check the signature, then parse and hand over."""
    assert client.webhook_update_validator(call.body, call.signature) is None
    assert client.webhook_update_handler(call.body) == ("ok", 200)


def test_a_message_is_accepted_and_replied_to(simulator: Simulator, client: pywa.WhatsApp) -> None:
    received: list[types.Message] = []
    client.add_handlers(pywa.handlers.MessageHandler(lambda _, message: received.append(message)))
    text = "Größe 😀 a/b ana@example.com"
    assert simulator.control("POST", f"phones/{ANA}/messages", {"text": text})["status"] == 200
    accept(client, simulator.next_call())
    (message,) = received
    assert (message.text, message.from_user.wa_id, message.from_user.name) == (text, ANA, "Ana Torres")

    sent = client.send_message(to=f"+{ANA}", text="You are signed in.", reply_to_message_id=message.id)
    assert sent.id.startswith("wamid.")
    *_, shown = simulator.control("GET", f"phones/{ANA}/messages")["messages"]
    assert (shown["id"], shown["text"], shown["in_reply_to"]) == (sent.id, "You are signed in.", message.id)


def test_a_tampered_message_is_not_accepted(simulator: Simulator, client: pywa.WhatsApp) -> None:
    simulator.control("POST", f"phones/{ANA}/messages", {"text": "hello"})
    call = simulator.next_call()
    assert client.webhook_update_validator(call.body + b" ", call.signature) is not None
    simulator.control("POST", "webhook", {"payload": {}, "signature": "wrong"})
    call = simulator.next_call()
    assert client.webhook_update_validator(call.body, call.signature) is not None


def test_an_authentication_template_arrives_with_its_statuses(
    simulator: Simulator, client: pywa.WhatsApp
) -> None:
    statuses: list[types.MessageStatus] = []
    client.add_handlers(pywa.handlers.MessageStatusHandler(lambda _, status: statuses.append(status)))
    sent = client.send_template(
        to=f"+{ANA}",
        name="verification_code",
        language=templates.TemplateLanguage.ENGLISH_US,
        params=[
            templates.AuthenticationBody.params(otp="483920"),
            templates.CopyCodeOTPButton.params(otp="483920"),
        ],
        tracker="challenge-1",
    )
    (shown,) = simulator.control("GET", f"phones/{ANA}/messages")["messages"]
    assert (shown["id"], shown["code"], shown["template"]) == (sent.id, "483920", "verification_code")
    for _ in range(2):
        accept(client, simulator.next_call())
    assert [status.status for status in statuses] == [
        types.MessageStatusType.SENT,
        types.MessageStatusType.DELIVERED,
    ]
    assert {(status.id, status.tracker) for status in statuses} == {(sent.id, "challenge-1")}


def test_a_hidden_number_is_a_user_id_and_nothing_else(simulator: Simulator, client: pywa.WhatsApp) -> None:
    received: list[types.Message] = []
    client.add_handlers(pywa.handlers.MessageHandler(lambda _, message: received.append(message)))
    simulator.control("POST", f"phones/{SHEENA}/messages", {"text": "hello"})
    accept(client, simulator.next_call())
    user = received[0].from_user
    assert (user.wa_id, user.username) == (None, "realsheena")
    assert received[0].reply("Welcome").id.startswith("wamid.")
    *_, shown = simulator.control("GET", f"phones/{SHEENA}/messages")["messages"]
    assert shown["text"] == "Welcome"


def test_a_tapped_button_comes_back(simulator: Simulator, client: pywa.WhatsApp) -> None:
    tapped: list[types.CallbackButton] = []
    client.add_handlers(pywa.handlers.CallbackButtonHandler(lambda _, button: tapped.append(button)))
    simulator.control("POST", f"phones/{ANA}/messages", {"text": "hello"})
    sent = client.send_message(
        to=f"+{ANA}", text="Signed in to Acme.", footer="Acme", buttons=[types.Button("Not me", "deny")]
    )
    simulator.control("POST", f"phones/{ANA}/tap", {"message_id": sent.id})
    calls = [simulator.next_call() for _ in range(4)]  # the text, two statuses and the tap, in any order
    for call in calls:
        accept(client, call)
    assert [(button.data, button.reply_to_message.id) for button in tapped] == [("deny", sent.id)]


def test_refusals_are_the_errors_that_the_client_knows(simulator: Simulator, client: pywa.WhatsApp) -> None:
    with pytest.raises(errors.ReEngagementMessage):
        client.send_message(to=f"+{ANA}", text="nobody has written to us")
    simulator.control("POST", "phones", {"number": ANA, "on_whatsapp": False})
    with pytest.raises(errors.MessageUndeliverable):
        client.send_message(to=f"+{ANA}", text="not on WhatsApp")
    with pytest.raises(errors.WhatsAppError) as refused:
        client_of(simulator, "another-token").send_message(to=f"+{ANA}", text="hello")
    assert refused.value.code == 190
