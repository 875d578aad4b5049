"""Settings as flags: every field of Settings is an option of `podium serve`, and listed by its `--help`."""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from podium.settings import Settings

STORAGE: Final = ("data_dir", "database_url", "secret_key")
"""What a command needs that works on the database alone."""


current_command: Final[ContextVar[tuple[str, dict[str, Any]] | None]] = ContextVar("current_command", default=None)
"""The command under way: its function's name, and what it was given beside settings."""


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the settings `names` (all without) as options, and `settings` made of them as its first argument.

    What is not given comes from the environment, as always.
    """
    fields = {name: field for name, field in Settings.model_fields.items() if not names or name in names}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)
        own = [one for one in signature.parameters.values() if one.name != "settings"]

        def wrapped(**given: Any) -> None:
            chosen = {name: given.pop(name) for name in fields}
            current_command.set((command.__name__, dict(given)))
            command(read_settings(**{name: value for name, value in chosen.items() if value is not None}), **given)

        wrapped.__name__ = command.__name__
        wrapped.__doc__ = command.__doc__
        wrapped.__signature__ = signature.replace(  # type: ignore[attr-defined]  # what inspect, and so Typer, reads
            parameters=[*own, *(_option(name, field) for name, field in fields.items())]
        )
        wrapped.__annotations__ = {}
        return wrapped

    return decorate


def read_settings(**given: Any) -> Settings:
    """Settings from flags and environment; a mistake is told in a line each, without the value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            name = ".".join(map(str, one["loc"])) or "settings"
            typer.echo(f"PODIUM_{name.upper()}: {one['msg']}", err=True)
        raise typer.Exit(2) from None


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    info = typer.Option(
        f"--{name.replace('_', '-')}",
        help=f"{field.description} (PODIUM_{name.upper()})",
        show_default=_default(field),
        metavar=_metavar(field),
    )
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, info])


def _default(field: FieldInfo) -> str | bool:
    return str(field.default) if field.default not in {"", None, ()} else False


def _metavar(field: FieldInfo) -> str:
    for kind, word in ((int, "INTEGER"), (float, "SECONDS"), (Path, "PATH")):
        if field.annotation is kind:
            return word
    return "TEXT"
