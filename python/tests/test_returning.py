"""Logins that began at a page on the person's own phone, to which WhatsApp's message leads back."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from scripted_server import Exchange, verify

from loggin import AsyncLoggin, CreatedToken, Loggin

if TYPE_CHECKING:
    from conftest import Serve

PAGE = "https://shop.example/login"


def page(exchange: Exchange) -> str | None:
    """What a request says of where its logins began."""
    return_to: str | None = json.loads(exchange.body).get("return_to")
    return return_to


def test_waits_say_where_their_logins_began(serve: Serve, login: CreatedToken) -> None:
    server = serve(verify)

    async def in_asyncio() -> None:
        async with AsyncLoggin(server.url) as client:
            await client.wait_for_verify(login.token, return_to=PAGE, require_phone=False)
            async for _ in client.watch(login.token, return_to=PAGE):
                pass

    asyncio.run(in_asyncio())
    with Loggin(server.url) as client:
        client.wait_for_verify(login.token, return_to=PAGE, confirm="none")
        assert len(list(client.watch(login.token, return_to=PAGE))) == 1
    pages = [page(exchange) for exchange in server.exchanges]
    assert pages == [PAGE] * len(pages)
    assert len(pages) >= 2
    with Loggin(server.url) as client:
        client.wait_for_verify(login.token)
    assert page(server.exchanges[-1]) is None


def test_a_page_is_a_text(serve: Serve, login: CreatedToken) -> None:
    with Loggin(serve(verify).url) as client, pytest.raises(TypeError):
        client.wait_for_verify(login.token, return_to=b"https://shop.example/login")  # type: ignore[call-overload]
