"""`/blob`: bytes that belong to an object, put and fetched by anybody where they are public.

Sources: PROTOCOL.md 7; the replies of wire/09-040 and 09-041.
"""

from xensim.failures import internal_error
from xensim.handlers.registry import handler
from xensim.handlers.visit import Refused, Visit, bare
from xensim.ops.values import text

LARGEST = 32 << 20  # bytes: they are held in memory


@handler("GET", "/blob", realm="get_blob", public=True)
async def get(visit: Visit) -> None:
    blob = await _blob(visit, "get_blob")
    data = visit.pool.blobs.get(blob)
    if data is None:
        raise Refused(bare("HTTP/1.1 404 Not Found"))
    kind = text(visit.db.field("blob", blob, "mime_type")) or "application/octet-stream"
    head = ["HTTP/1.1 200 OK", "Connection: close", f"Content-Length: {len(data)}", "Cache-Control: no-cache, no-store"]
    await visit.reply("\r\n".join([*head, f"content-type: {kind}", "", ""]).encode())
    await visit.stream.send(data)


@handler("PUT", "/blob", realm="put_blob", public=True)
async def put(visit: Visit) -> None:
    blob = await _blob(visit, "put_blob")
    length = visit.request.headers.get("content-length", "")
    if not length.isdecimal():
        raise internal_error('Failure("We require a content-length: HTTP header")')
    if int(length) > LARGEST:
        raise internal_error(f'Failure("A blob of more than {LARGEST} bytes")')
    pieces: list[bytes] = []
    while piece := await visit.stream.read():
        pieces.append(piece)
    data = b"".join(pieces)
    if len(data) != int(length):
        raise internal_error("End_of_file")
    visit.pool.blobs[blob] = data
    visit.db.set("blob", blob, size=len(data), last_updated=visit.pool.clock.wire())
    await visit.head("HTTP/1.1 200 OK", "Connection: keep-alive", "Access-Control-Allow-Origin: *")


async def _blob(visit: Visit, realm: str) -> str:
    """The blob asked for, when whoever asks may have it. Raises Refused, HANDLE_INVALID, UUID_INVALID."""
    known = next((ref for ref in visit.db.refs("blob") if _is(visit, ref)), None)
    if known is None or not visit.db.field("blob", known, "public"):
        await visit.admit(realm)
    return visit.object("blob")


def _is(visit: Visit, ref: str) -> bool:
    return ref == visit.query.get("ref") or visit.db.field("blob", ref, "uuid") == visit.query.get("uuid")
