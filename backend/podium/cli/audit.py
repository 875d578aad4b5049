"""`podium audit`: the chain verified, the log written out. Both work beside a running service, and without it."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.options import with_settings
from podium.settings import Settings

if TYPE_CHECKING:
    from podium.services.audit.reading import Verdict

app = typer.Typer(no_args_is_help=True, help="The audit log: verify it, export it.")

SHOWN = 50
"""Faults that are told one by one."""


@app.command("verify")
@with_settings("data_dir", "database_url")
def verify(
    settings: Settings,
    start: Annotated[str | None, typer.Option("--from", help="the id of the first record to check")] = None,
) -> None:
    """Check that no record was changed, removed, moved or cut off. Ends with 1 and says which, if one was."""
    verdict = asyncio.run(_verify(settings, start))
    if verdict is None:
        typer.echo(f"there is no record {start}", err=True)
        raise typer.Exit(2)
    for fault in verdict.faults[:SHOWN]:
        typer.echo(f"{fault.kind}: {fault.text}", err=True)
    if len(verdict.faults) > SHOWN:
        typer.echo(f"... and {len(verdict.faults) - SHOWN} more", err=True)
    if verdict.faults:
        raise typer.Exit(1)
    if verdict.last is None:
        typer.echo("The audit log is empty.")
    else:
        typer.echo(f"{verdict.checked} records ({verdict.first} to {verdict.last}) are whole. Newest: {verdict.newest}")


@app.command("export")
@with_settings("data_dir", "database_url")
def export(
    settings: Settings,
    to: Annotated[Path | None, typer.Option(help="a file; standard output without")] = None,
    found: Annotated[str, typer.Option("--filter", help="in the language of lists, e.g. event:=signInFailed")] = "",
) -> None:
    """Write the records out, oldest first, a line of JSON each: what their hashes are made of, and `id`."""
    from podium.cache.filter import parse_filter
    from podium.errors import FilterSyntax

    try:
        parse_filter(found)
    except FilterSyntax as error:
        typer.echo(f"{error.title}: {error}", err=True)
        raise typer.Exit(2) from None
    asyncio.run(_export(settings, to, found))


async def _verify(settings: Settings, start: str | None) -> "Verdict | None":
    from podium.db.base import open_database
    from podium.db.migrate import upgrade
    from podium.errors import NotFound
    from podium.services.audit.anchor import Anchor
    from podium.services.audit.reading import AuditReader

    await upgrade(settings.database)
    database = open_database(settings.database)
    try:
        return await AuditReader(database).verify(Anchor(settings.data_dir), start=start)
    except NotFound:
        return None
    finally:
        await database.close()


async def _export(settings: Settings, to: Path | None, found: str) -> None:
    from podium.cache.filter import parse_filter
    from podium.db.base import open_database
    from podium.db.migrate import upgrade
    from podium.services.audit.reading import AuditReader
    from podium.services.audit.search import Found
    from podium.services.query import Query

    await upgrade(settings.database)
    database = open_database(settings.database)
    try:
        reader = AuditReader(database)
        query = Query(filter=parse_filter(found) if found else None)
        records = Found(reader, query, through=await reader.newest(), oldest_first=True)
        with contextlib.nullcontext(sys.stdout.buffer) if to is None else to.open("wb") as file:
            async for page in records.pages():
                file.write(b"".join(entry.plain + b"\n" for entry in page))
            file.flush()
    finally:
        await database.close()
