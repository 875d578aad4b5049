"""Hosts: what has to be asked of the host itself, live, through the plugins that XCP-ng brings."""

from typing import Final

import msgspec
from msgspec import UNSET

from podium.errors import IncorrectState, NotSupported, PoolError
from podium.model.host import Host
from podium.model.missing_patch import Changelog, MissingPatch
from podium.services.access import READ, Viewer
from podium.services.gateway import Gateway

SMT_S: Final = 20.0
MISSING_PATCHES_S: Final = 60.0
"""The host asks its package repositories, over the Internet."""


class Smt(msgspec.Struct, frozen=True):
    """Simultaneous multithreading (hyper-threading): whether a core runs more than one thread."""

    enabled: bool


class _Package(msgspec.Struct):
    """As the plugin says it: texts of packages may be null. Source: xcp-ng-xapi-plugins, `updater.py`."""

    name: str
    version: str
    release: str
    description: str | None = None
    license: str | None = None
    size: int | None = None
    url: str | None = None
    changelog: Changelog | None = None

    def patch(self) -> MissingPatch:
        return MissingPatch(
            name=self.name,
            version=self.version,
            release=self.release,
            description=self.description or "",
            license=self.license or "",
            size=self.size or 0,
            url=self.url or "",
            changelog=UNSET if self.changelog is None else self.changelog,
        )


class Hosts:
    """Asks hosts. Changes nothing: the plugins' functions it names only read."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def get(self, host_id: str) -> Host:
        """Raises NotFound."""
        return self._gateway.find(Host, "host", host_id)

    async def smt(self, host_id: str, *, by: Viewer) -> Smt:
        """Raises NotFound, MissingPrivileges, IncorrectState, NotSupported, PoolError."""
        host = self.get(host_id)
        by.require(READ, "host", host)
        answer = await self._plugin(host, "hyperthreading.py", "get_hyperthreading", timeout_s=SMT_S)
        match answer.strip().lower():
            case "true":
                return Smt(enabled=True)
            case "false":
                return Smt(enabled=False)
        raise PoolError(f"{host.name_label} does not say whether SMT is on: {answer[:200]}")

    async def missing_patches(self, host_id: str, *, by: Viewer) -> list[MissingPatch]:
        """Raises NotFound, MissingPrivileges, IncorrectState, NotSupported, PoolError."""
        host = self.get(host_id)
        by.require(READ, "host", host)
        return await self.missing_patches_of(host)

    async def missing_patches_of(self, host: Host) -> list[MissingPatch]:
        """As `missing_patches`, for whoever has asked for permission already."""
        if host.product_brand != "XCP-ng":
            brand = host.product_brand or "another system"
            raise NotSupported(f"missing patches are known of XCP-ng hosts only, and {host.name_label} runs {brand}")
        answer = await self._plugin(host, "updater.py", "check_update", timeout_s=MISSING_PATCHES_S)
        try:
            packages = msgspec.json.decode(answer, type=list[_Package], strict=False)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            # the plugin has also answered {"error": ...} and ["The updater plugin is busy ..."]
            raise PoolError(f"{host.name_label} does not list its missing patches: {answer[:200]}") from error
        return [package.patch() for package in packages]

    async def _plugin(self, host: Host, plugin: str, function: str, *, timeout_s: float) -> str:
        if host.power_state == "Halted":
            raise IncorrectState(f"the host {host.name_label} is not running")
        answer = await self._gateway.ask(
            host, "host.call_plugin", host.xapi_ref, plugin, function, {}, timeout_s=timeout_s
        )
        if not isinstance(answer, str):
            raise PoolError(f"{plugin} of {host.name_label} answers no text")
        return answer
