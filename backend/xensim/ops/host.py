"""What is done to a host: whether new VMs may come, and the plugins of XCP-ng that only tell."""

import json
import zlib

from xensim.failures import XapiFailure
from xensim.ops import device_rules
from xensim.ops.values import mapping, text
from xensim.registry import Call, operation

_PLUGINS = {"hyperthreading.py": "get_hyperthreading", "updater.py": "check_update"}
_DAY = 86_400
_UPDATES = (
    ("xen-hypervisor", "4.17.5", "23.2.xcpng8.3", "The Xen hypervisor", "GPLv2", 2_351_940, "xenproject.org", True),
    ("kernel", "4.19.19", "8.0.44.2.xcpng8.3", "The Linux kernel", "GPLv2", 31_262_208, "kernel.org", True),
    ("xapi-core", "25.33.1", "2.3.xcpng8.3", "The toolstack", "LGPLv2.1", 13_102_072, "github.com", True),
    ("openssh", "7.4p1", "23.3.4.xcpng8.3", "Remote login", "BSD", 429_044, "openssh.com", False),
    ("sudo", "1.9.15", "4.1.xcpng8.3", "Limited root access", "ISC", 1_184_316, "sudo.ws", False),
)
"""Invented: name, version, release, summary, licence, bytes, site, and whether there is a changelog."""


@operation("host.disable")
def disable(call: Call, host: str, auto_enable: bool) -> None:  # noqa: ARG001 - says what a restart of the toolstack does
    call.db.set("host", host, enabled=False, allowed_operations=device_rules.HOST_DISABLED)


@operation("host.enable")
def enable(call: Call, host: str) -> None:
    call.db.set("host", host, enabled=True, allowed_operations=device_rules.HOST_ENABLED)


@operation("host.call_plugin")
def call_plugin(call: Call, host: str, plugin: str, fn: str, args: dict[str, str]) -> str:  # noqa: ARG001
    """Two plugins of XCP-ng; a XenServer has neither. Answers as xcp-ng-xapi-plugins do."""
    record = call.db.record("host", host)
    metrics = text(record["metrics"])
    if call.db.exists("host_metrics", metrics) and not call.db.field("host_metrics", metrics, "live"):
        raise XapiFailure("HOST_OFFLINE", host)
    function = _PLUGINS.get(plugin)
    if function is None or mapping(record["software_version"]).get("product_brand") != "XCP-ng":
        raise XapiFailure("XENAPI_MISSING_PLUGIN", plugin)
    if fn != function:
        raise XapiFailure("UNKNOWN_XENAPI_PLUGIN_FUNCTION", fn)
    if plugin == "hyperthreading.py":
        return json.dumps(int(mapping(record["cpu_info"]).get("threads_per_core", "1")) > 1)
    return json.dumps(_updates(call, text(record["uuid"])))


def _updates(call: Call, uuid: str) -> list[dict[str, object]]:
    """From none to three, always the same ones for the same host."""
    start = zlib.crc32(uuid.encode())
    chosen = [_UPDATES[(start // 4 + at) % len(_UPDATES)] for at in range(start % 4)]
    today = int(call.pool.clock.now()) // _DAY * _DAY
    return [
        {
            "name": name,
            "version": version,
            "release": release,
            "description": summary,
            "changelog": {
                "date": today - 30 * _DAY,
                "author": f"Packager <packager@example.org> - {version}-{release}",
                "description": "- Fix what was wrong",
            }
            if has_changelog
            else None,
            "url": f"https://{site}/",
            "size": size,
            "license": licence,
        }
        for name, version, release, summary, licence, size, site, has_changelog in chosen
    ]
