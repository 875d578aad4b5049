"""What the documents say, held against the code: tables, links, paths, dependencies, the version."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from podium import __version__
from podium.api.openapi import document
from podium.app import create_app
from podium.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|ts|md|toml|yaml|json|mjs|png))`")
BASES = (ROOT, ROOT / "backend/podium", ROOT / "backend", ROOT / "frontend/src")
MADE = {"docs/benchmarks.md"}
"""Files that a command writes: they need not be there."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    return CODE.sub("", path.read_text(encoding="utf-8"))


def anchor(heading: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_generated_tables_are_current() -> None:
    check = [sys.executable, str(ROOT / "tools/gen_settings_table.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run python tools/gen_settings_table.py: {done.stderr}"


def test_every_problem_code_of_the_api_is_in_the_table(tmp_path: Path) -> None:
    schemas = document(create_app(Settings(data_dir=tmp_path)))["components"]["schemas"]
    listed = set(re.findall(r"^\| \d{3} \| `([\w-]+)` \|", (ROOT / "docs/api.md").read_text(), re.MULTILINE))
    assert set(schemas["Problem"]["properties"]["code"]["enum"]) <= listed


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, fragment = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        headings = HEADING.findall(prose(found)) if fragment and found.is_file() else []
        if not found.exists() or (headings and fragment not in map(anchor, headings)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_files_that_are_named_exist(path: Path) -> None:
    named = set(PATH.findall(prose(path))) - MADE
    assert not {one for one in named if not any((base / one).exists() for base in BASES)}


def test_every_direct_dependency_has_its_reason_and_licence() -> None:
    text = (ROOT / "docs/decisions/0001-dependencies.md").read_text()
    explained = {found.lower() for found in re.findall(r"^\| ([\w@/.-]+)(?: \(in [^)]*\))? \| \S", text, re.MULTILINE)}
    requirements = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    wanted = {re.split(r"[\[<>=; ]", one)[0].lower() for one in requirements}
    for package in ("frontend/package.json", "tests/xensim/node/package.json"):
        manifest = json.loads((ROOT / package).read_text())
        wanted |= {*manifest.get("dependencies", {}), *manifest.get("devDependencies", {})}
    assert not wanted - explained


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs/decisions"
    listed = set(LINK.findall((folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("*.md")} - {"README.md"}
    assert all(re.match(r"\d{4}-", one) for one in listed)


def test_the_changelog_knows_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in text
    assert __version__ in text
