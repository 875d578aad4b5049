"""Whether a host is up, as the pool sees it."""

from xensim.failures import XapiFailure
from xensim.ops.values import text
from xensim.pool import Pool
from xensim.registry import Call


def is_live(pool: Pool, host: str) -> bool:
    metrics = text(pool.db.field("host", host, "metrics"))
    return not pool.db.exists("host_metrics", metrics) or bool(pool.db.field("host_metrics", metrics, "live"))


def assert_live(call: Call, host: str) -> None:
    """Raise HOST_OFFLINE for a host that is down. Source: message_forwarding.ml, do_op_on."""
    if not is_live(call.pool, host):
        raise XapiFailure("HOST_OFFLINE", host)
