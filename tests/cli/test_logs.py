"""Logs say what happened, and never what somebody's password is."""

import subprocess
import sys

import pytest

PROGRAM = """
import logging, structlog
from podium.cli.logs import configure_logs
from podium.settings import Settings

configure_logs(Settings(log_format="{form}", log_level="debug"))

def sign_in(password):
    raise RuntimeError("a defect")

try:
    sign_in("".join(["hun", "ter2"]))
except RuntimeError:
    structlog.get_logger("podium.here").exception("ours")
    logging.getLogger("uvicorn.error").exception("theirs")
structlog.get_logger("podium.here").warning("sign-in failed", account="x\\n2026-01-01 [info] forged \\x1b[31m")
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_values_and_a_name_makes_no_line(form: str) -> None:
    program = PROGRAM.replace("{form}", form)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    text = done.stderr
    assert text.count("RuntimeError: a defect") == 2
    assert "hunter2" not in text
    assert "\x1b[31m" not in text
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())
