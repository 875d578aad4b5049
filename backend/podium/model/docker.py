"""Containers inside a VM, as XenServer's container management wrote them into the VM's `other_config`."""

import msgspec
from msgspec import UNSET

from podium.model.base import Maybe
from podium.model.xml import XmlTree, tree


class DockerEntry(msgspec.Struct, frozen=True, gc=False):
    """One container, as `docker ps` shows it."""

    id: str | Maybe = UNSET
    names: str | Maybe = UNSET
    image: str | Maybe = UNSET
    command: str | Maybe = UNSET
    created: str | Maybe = UNSET
    status: str | Maybe = UNSET
    container: str | Maybe = UNSET


class DockerContainer(msgspec.Struct, frozen=True, gc=False):
    entry: DockerEntry


class Docker(msgspec.Struct, frozen=True, gc=False):
    """`info`, `process` and `version` are the answers of `docker info`, `ps` and `version`, in the shape they had."""

    enabled: bool
    info: XmlTree | Maybe = UNSET
    containers: tuple[DockerContainer, ...] | Maybe = UNSET
    process: XmlTree | Maybe = UNSET
    version: XmlTree | Maybe = UNSET


def docker(other_config: dict[str, str]) -> Docker | Maybe:
    """UNSET when the VM is not managed for containers. Source: github.com/xenserver/xscontainer."""
    monitor = other_config.get("xscontainer-monitor")
    if not monitor:
        return UNSET
    if monitor == "False":
        return Docker(enabled=False)
    process = _root(other_config, "docker_ps")
    return Docker(
        enabled=True,
        info=_root(other_config, "docker_info"),
        containers=_containers(process),
        process=process,
        version=_root(other_config, "docker_version"),
    )


def _root(other_config: dict[str, str], key: str) -> XmlTree | Maybe:
    text = other_config.get(key)
    found = tree(text) if text else None
    return UNSET if found is None or found[0] != key else found[1]


def _containers(process: XmlTree | Maybe) -> tuple[DockerContainer, ...]:
    """From `<docker_ps><item><entry><names>..</names>..</entry></item>..</docker_ps>`."""
    if not isinstance(process, dict):
        return ()
    items = process.get("item", [])
    return tuple(
        DockerContainer(DockerEntry(**{name: text for name in _ENTRY if isinstance(text := entry.get(name), str)}))
        for item in (items if isinstance(items, list) else [items])
        if isinstance(item, dict) and isinstance(entry := item.get("entry"), dict)
    )


_ENTRY = DockerEntry.__struct_fields__
