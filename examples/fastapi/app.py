"""A web application that signs people in with WhatsApp.

Start a server with `loggin-server dev`, then: `pip install loggin fastapi uvicorn itsdangerous`, and
`uvicorn app:app` in this folder.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from loggin import AsyncLoggin, LogginError, VerifyTimeoutError
from starlette.middleware.sessions import SessionMiddleware

# The app that `loggin-server dev` has ready.
APP_KEY = os.environ.get("LOGGIN_APP_KEY", "8XKPQ2WN")
# Seconds that the page's question is held: less than what proxies allow. The page then asks again.
HOLD = 25.0

loggin = AsyncLoggin()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """One client for the life of the application: all its logins share a few connections."""
    async with loggin:
        yield


app = FastAPI(lifespan=lifespan)
# A key that changes at each start signs everybody out then; set one to avoid it.
app.add_middleware(SessionMiddleware, secret_key=os.environ.get("SESSION_KEY") or secrets.token_hex(32))


@app.get("/")
async def home(request: Request) -> HTMLResponse:
    """Greets whoever is signed in, and offers everybody else to sign in."""
    phone = request.session.get("phone")
    if phone is None:
        return page('<form method="post" action="/login"><button>Sign in with WhatsApp</button></form>')
    return page(
        f'<p>Hello, +{escape(phone)}</p><form method="post" action="/logout"><button>Sign out</button></form>'
    )


@app.post("/login")
async def login(request: Request) -> HTMLResponse:
    """Begins a login. Its token stays between this browser's cookie and us; only the link is shown."""
    created = loggin.create_token(APP_KEY)
    request.session["token"] = created.token
    return page(
        f'<p><a href="{escape(created.link)}" target="_blank">Open WhatsApp</a> and tap Send, or scan this:</p>'
        f"<div>{created.qr_svg()}</div>"
        """<script>
        (async () => {
          let response;
          do respond = await fetch('/wait', { method: 'POST' }); while (response.status === 202);
          location = '/';
        })();
        </script>"""
    )


@app.post("/wait")
async def wait(request: Request) -> Response:
    """Responds once the person has signed in: 204; 202 means to ask again."""
    token = request.session.get("token")
    if token is None:
        raise HTTPException(400, "No login was begun here.")
    try:
        session = await loggin.wait_for_verify(token, timeout=HOLD)
    except VerifyTimeoutError:
        return Response(status_code=202)
    except LogginError as error:
        raise HTTPException(error.status or 410, error.code) from error
    # The token has done its work: from here on the signed cookie says who this is.
    request.session.clear()
    request.session["phone"] = session.phone
    return Response(status_code=204)


@app.post("/logout")
async def logout(request: Request) -> RedirectResponse:
    """Forgets who was signed in."""
    request.session.clear()
    return RedirectResponse("/", status_code=303)


def page(body: str) -> HTMLResponse:
    """A page with this content, which no cache keeps."""
    html = f"<!doctype html><meta name=viewport content='width=device-width'><title>Acme</title>{body}"
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})
