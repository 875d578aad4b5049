"""Accounts over HTTP: browsers that sign in, codes that a phone would show."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pyotp

from tests.served import Service

USERS = "/rest/v0/users"
SESSION = "/rest/v0/auth/session"
SIGN_IN = "/rest/v0/auth/signin"
VMS = "/rest/v0/vms"


async def add_user(admin: httpx.AsyncClient, name: str, password: str, **body: object) -> str:
    answer = await admin.post(USERS, json={"name": name, "password": password, **body})
    assert answer.status_code == 201, answer.text
    user_id: str = answer.json()["id"]
    return user_id


async def sign_in(client: httpx.AsyncClient, name: str, password: str, **body: object) -> httpx.Response:
    return await client.post(SIGN_IN, json={"username": name, "password": password, **body})


@asynccontextmanager
async def browser(
    service: Service, name: str, password: str, agent: str = "x", **body: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is signed in."""
    async with service.client(auth=None, **{"user-agent": agent}) as client:
        answer = await sign_in(client, name, password, **body)
        assert answer.status_code == 200, answer.text
        yield client


class Phone:
    """Shows codes, each once: as a person would, it waits for the next one in its head and not on the clock."""

    def __init__(self, secret: str) -> None:
        self.totp = pyotp.TOTP(secret)
        self._step = int(time.time()) // 30 - 2

    def code(self) -> str:
        """A code that was not shown before: of the step before, of now, of the one after."""
        self._step = max(self._step + 1, int(time.time()) // 30 - 1)
        return self.totp.generate_otp(self._step)

    @property
    def last(self) -> str:
        return self.totp.generate_otp(self._step)


async def enrol(client: httpx.AsyncClient, user_id: str, password: str) -> tuple[Phone, list[str]]:
    """Set a second factor up: the phone, and the recovery codes."""
    made = await client.post(f"{USERS}/{user_id}/totp/actions/enrol", json={"password": password})
    assert made.status_code == 200, made.text
    phone = Phone(made.json()["secret"])
    codes = await client.post(f"{USERS}/{user_id}/totp/actions/confirm", json={"code": phone.code()})
    assert codes.status_code == 200, codes.text
    return phone, codes.json()["recoveryCodes"]
