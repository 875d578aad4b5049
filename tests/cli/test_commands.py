"""The command line, as an operator uses it."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from jose import jwt
from typer.testing import CliRunner, Result

import xensim
from podium.cli import app
from podium.settings import Settings

FAST = {
    "PODIUM_PASSWORD_MEMORY_KIB": "8",
    "PODIUM_PASSWORD_TIME_COST": "1",
    "PODIUM_PASSWORD_PARALLELISM": "1",
    "PODIUM_PASSWORD_MIN_LENGTH": "1",
    "PODIUM_PASSWORD_REFUSE_COMMON": "false",
}


class Done:
    """What a command came to."""

    def __init__(self, result: Result) -> None:
        self.returncode = result.exit_code
        self.stdout = result.stdout
        self.stderr = result.stderr


def podium(data_dir: Path, *arguments: str, stdin: str = "", **env: str) -> Done:
    """Run a command in this process: starting one for each would cost more than all they do."""
    variables = {**FAST, "PODIUM_DATA_DIR": str(data_dir), "COLUMNS": "200", **env}
    return Done(CliRunner().invoke(app, list(arguments), input=stdin, env=variables))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(data_dir: Path, *arguments: str, stop: int = signal.SIGTERM) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "podium", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **FAST, "PODIUM_DATA_DIR": str(data_dir)},
    )
    try:
        yield process
    finally:
        process.send_signal(stop)
        process.communicate(timeout=20)


def answers(url: str, auth: tuple[str, str] | None = None) -> httpx.Response:
    """The first answer of a service that is starting."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx.get(url, auth=auth)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_help_lists_every_setting(tmp_path: Path) -> None:
    shown = podium(tmp_path, "serve", "--help").stdout
    for name in Settings.model_fields:
        assert f"PODIUM_{name.upper()}" in shown.replace("\n", " ")
        assert f"--{name.replace('_', '-')}" in shown


def test_users(tmp_path: Path) -> None:
    made = podium(tmp_path, "user", "add", "ada@example.org", "--admin", stdin="secret\n")
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"[0-9a-f-]{36}\n", made.stdout)
    assert podium(tmp_path, "user", "list").stdout == f"{made.stdout.strip()}  admin  ada@example.org\n"
    again = podium(tmp_path, "user", "add", "ADA@example.org", stdin="x\n")
    assert (again.returncode, again.stderr) == (1, "That name is taken: ADA@example.org already exists\n")
    assert podium(tmp_path, "user", "add", "bob").returncode == 2
    assert podium(tmp_path, "user", "passwd", "ada@example.org", stdin="new\n").returncode == 0
    nobody = podium(tmp_path, "user", "passwd", "nobody", stdin="new\n")
    assert (nobody.returncode, nobody.stderr) == (1, "there is no user nobody\n")
    assert podium(tmp_path, "user", "reset-totp", "ada@example.org").returncode == 0
    assert podium(tmp_path, "user", "reset-totp", "nobody").returncode == 1
    before = podium(tmp_path, "token", "create", "ada@example.org").stdout.strip()
    assert jwt.get_unverified_header(before)["kid"] == "0"
    kid = podium(tmp_path, "token", "rotate-keys").stdout.strip()
    token = podium(tmp_path, "token", "create", "ada@example.org").stdout.strip()
    assert jwt.get_unverified_header(token)["kid"] == kid
    assert podium(tmp_path, "token", "rotate-keys", "--at-once").stdout.strip() != kid
    described = podium(tmp_path, "token", "create", "ada@example.org", "--expires-in", "1 hour", "--description", "x")
    assert described.stdout.count(".") == 2
    assert podium(tmp_path, "token", "create", "ada@example.org", "--expires-in", "soon").returncode == 1


async def test_servers(tmp_path: Path) -> None:
    async with xensim.serve(hosts=1, vms=1) as sim:

        async def run(*arguments: str, stdin: str = "") -> Done:
            return await asyncio.to_thread(podium, tmp_path, "server", *arguments, stdin=stdin)

        made = await run("add", sim.url, "--label", "Lab", "--fingerprint", sim.fingerprint, stdin="xensim\n")
        assert made.returncode == 0, made.stderr
        assert (await run("list")).stdout == f"{made.stdout.strip()}  enabled   {sim.url}  Lab\n"
        tested = await run("test", sim.url)
        assert tested.returncode == 0, tested.stderr
        assert sim.fingerprint in tested.stdout
    unreachable = await run("test", made.stdout.strip())
    assert unreachable.returncode == 1
    assert unreachable.stderr.startswith("The pool does not answer: ")
    assert (await run("test", "nothing")).returncode == 1
    assert (await run("add", "a b", stdin="x\n")).returncode == 1
    assert b"xensim" not in (tmp_path / "podium.db").read_bytes()


def test_mistakes_are_told_in_words(tmp_path: Path) -> None:
    wrong = podium(tmp_path, "serve", PODIUM_PORT="abc", PODIUM_SECRET_KEY="short")
    assert wrong.returncode == 2
    assert "PODIUM_PORT: Input should be a valid integer" in wrong.stderr
    assert "PODIUM_SECRET_KEY: Value error, must have at least 16 characters" in wrong.stderr
    assert "short" not in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_migrations(tmp_path: Path) -> None:
    assert podium(tmp_path, "migrate").returncode == 0
    assert podium(tmp_path, "migrate").returncode == 0
    assert podium(tmp_path, "migrate", "--down", "--to", "base").returncode == 0
    assert podium(tmp_path, "user", "list").returncode == 0


OPERATIONS = {
    *("GetUsers", "GetUser", "CreateUser", "UpdateUser", "DeleteUser", "GetUserGroups", "GetUserTasks"),
    *("GetAuthenticationTokens", "PostAuthenticationTokens", "GetServers", "GetServer", "AddServer", "DeleteServer"),
    *("ConnectServer", "DisconnectServer", "GetServerTasks", "GetTasks", "GetTask", "DeleteTask", "DeleteTasks"),
    "AbortTask",
}


def test_the_openapi_document(tmp_path: Path) -> None:
    found = podium(tmp_path, "openapi")
    assert found.returncode == 0, found.stderr
    document = json.loads(found.stdout)
    every = [one for item in document["paths"].values() for one in item.values() if "operationId" in one]
    operations = {one["operationId"]: one for one in every}
    for name in OPERATIONS:
        assert name in operations
        assert operations[name]["responses"].keys() & {"200", "201", "202", "204"}
        assert "401" in operations[name]["responses"]


def test_serving(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, "serve", "--port", str(port), "--log-format", "json") as process:
        assert answers(f"http://127.0.0.1:{port}/rest/v0/ping").json()["result"] == "pong"
        assert process.stdout is not None
        first = next(line for line in process.stdout if not line.startswith("{"))
        found = re.fullmatch(r"The administrator is (\S+) with the password (\S+) \(shown once\)\.\n", first)
        assert found is not None
        assert answers(f"http://127.0.0.1:{port}/rest/v0/users", (found[1], found[2])).status_code == 200
        assert "server" not in answers(f"http://127.0.0.1:{port}/rest/v0/ping").headers
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert process.returncode in {0, -signal.SIGTERM}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_demo(tmp_path: Path, stop: int) -> None:
    port = free_port()
    arguments = ["demo", "--data-dir", str(tmp_path / "demo"), "--port", str(port), "--vms", "5", "--hosts", "1"]
    with running(tmp_path, *arguments, stop=stop) as process:
        assert process.stdout is not None
        shown: dict[str, str] = {}
        for line in process.stdout:
            words = line.split()
            if len(words) > 1 and words[0] in {"account", "password", "pool"}:
                shown[words[0]] = words[1]
            if "Ctrl+C" in line:
                break
        auth = (shown["account"], shown["password"])
        assert answers(f"http://127.0.0.1:{port}/rest/v0/users", auth).status_code == 200
        deadline = time.monotonic() + 20
        while len(answers(f"http://127.0.0.1:{port}/rest/v0/vms", auth).json()) != 5:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(shown["pool"].rpartition(":")[2])), timeout=2)
