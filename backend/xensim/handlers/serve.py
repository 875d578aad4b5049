"""A request to a handler from its head to the end of its connection: admitted, served, and what failed told."""

import asyncio
import logging
from functools import partial

from xensim.failures import XapiFailure
from xensim.handlers import registry
from xensim.handlers.registry import Handler
from xensim.handlers.visit import Refused, Visit
from xensim.http import Request, Take, internal_error
from xensim.pool import Pool
from xensim.stream import Stream

log = logging.getLogger(__name__)


def taker(pool: Pool, host: str, request: Request) -> Take | None:
    """Who takes this request at `host`; None when it is not for a handler."""
    found = registry.find(request)
    return None if found is None else partial(_serve, pool, host, found)


async def _serve(pool: Pool, host: str, handler: Handler, request: Request, stream: Stream) -> None:
    visit = Visit(pool, host, request, stream)
    try:
        await _misbehave(visit)
        if not handler.public:
            await visit.admit(handler.realm)
        await handler.function(visit)
    except ConnectionError:
        log.debug("%s %s: the client went away", request.method, request.path)
    except Refused as refused:
        await _last_word(visit, refused)
    except XapiFailure as failure:
        await _last_word(visit, Refused(internal_error(f"{failure.code}: [ {'; '.join(failure.params)} ]")))
    except Exception as error:  # as XAPI does: a fault of ours must not end the server
        log.exception("%s %s failed", request.method, request.path)
        await _last_word(visit, Refused(internal_error(f'Failure("{error!r}")')))
    finally:
        visit.leave()


async def _misbehave(visit: Visit) -> None:
    """The faults in force, before anything is answered."""
    conditions, loop = visit.pool.conditions, asyncio.get_running_loop()
    visit.stream.limits = conditions.take_limits()
    if conditions.slow_s:
        await asyncio.sleep(conditions.slow_s)
    while loop.time() < conditions.hang_until:
        await visit.stream.patience(conditions.hang_until - loop.time())
    if conditions.take_refused():
        raise Refused(internal_error('Failure("refused on purpose")'))


async def _last_word(visit: Visit, refused: Refused) -> None:
    try:
        visit.stream.forgive()
        await visit.reply(refused.response)
    except ConnectionError:
        log.debug("%s: nobody listens to the end", visit.request.path)
