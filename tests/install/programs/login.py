"""What the README shows first, in an app that has installed the package: prints the link, and then who signed in."""

from loggin import Loggin

client = Loggin()
login = client.create_token("8XKPQ2WN")
print(login.link, flush=True)
print(client.wait_for_verify(login.token).phone)
