"""The plugins of hosts: XCP-ng's own that only tell, and the one that gives freed blocks back to the storage."""

import json
import zlib
from html import escape

from xensim.failures import XapiFailure
from xensim.ops import devices, placement
from xensim.ops.liveness import assert_live
from xensim.ops.locks import work
from xensim.ops.values import mapping, text
from xensim.registry import Call, operation

TRIM_S = 3.0
_PLUGINS = {"hyperthreading.py": "get_hyperthreading", "updater.py": "check_update", "trim": "do_trim"}
_DAY = 86_400
_UPDATES = (
    ("xen-hypervisor", "4.17.5", "23.2.xcpng8.3", "The Xen hypervisor", "GPLv2", 2_351_940, "xenproject.org", True),
    ("kernel", "4.19.19", "8.0.44.2.xcpng8.3", "The Linux kernel", "GPLv2", 31_262_208, "kernel.org", True),
    ("xapi-core", "25.33.1", "2.3.xcpng8.3", "The toolstack", "LGPLv2.1", 13_102_072, "github.com", True),
    ("openssh", "7.4p1", "23.3.4.xcpng8.3", "Remote login", "BSD", 429_044, "openssh.com", False),
    ("sudo", "1.9.15", "4.1.xcpng8.3", "Limited root access", "ISC", 1_184_316, "sudo.ws", False),
)
"""Invented: name, version, release, summary, licence, bytes, site, and whether there is a changelog."""


@operation("host.call_plugin")
async def call_plugin(call: Call, host: str, plugin: str, fn: str, args: dict[str, str]) -> str:
    """`trim` is everywhere; the others are XCP-ng's, and answer as xcp-ng-xapi-plugins do."""
    record = call.db.record("host", host)
    assert_live(call, host)
    function = _PLUGINS.get(plugin)
    if function is None or (plugin != "trim" and mapping(record["software_version"]).get("product_brand") != "XCP-ng"):
        raise XapiFailure("XENAPI_MISSING_PLUGIN", plugin)
    if fn != function:
        raise XapiFailure("UNKNOWN_XENAPI_PLUGIN_FUNCTION", fn)
    if plugin == "trim":
        return await _trim(call, host, args.get("sr_uuid", ""))
    if plugin == "hyperthreading.py":
        return json.dumps(int(mapping(record["cpu_info"]).get("threads_per_core", "1")) > 1)
    return json.dumps(_updates(call, text(record["uuid"])))


async def _trim(call: Call, host: str, uuid: str) -> str:
    """Give back what an SR on a LUN no longer uses: `True`, or XML that says why not. Source: trim_util.py of sm."""
    db = call.db
    try:
        sr = db.by_uuid("SR", uuid)
    except XapiFailure:
        return _trim_error("SRUnavailable", f"SR {uuid} is not available")
    if "SR_TRIM" not in devices.features(db, sr):
        return _trim_error("UnsupportedSRForTrim", f"Trim on [{uuid}] not supported")
    if not placement.sees_sr(call.pool, host, sr):
        return _trim_error("SRUnavailable", f"Unable to get exclusive lock on [{uuid}]")
    await work(call, TRIM_S)
    return "True"


def _trim_error(code: str, message: str) -> str:
    pairs = (("errcode", code), ("errmsg", message))
    rows = "".join(
        f"<key_value_pair><key>{key}</key><value>{escape(value)}</value></key_value_pair>" for key, value in pairs
    )
    return f'<?xml version="1.0" ?><trim_response>{rows}</trim_response>'


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
