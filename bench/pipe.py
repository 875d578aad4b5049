"""`python -m bench.pipe PORT HOST HOST_PORT`: hands bytes on between two sockets: the floor of a transfer."""

import asyncio
import sys
from contextlib import suppress

import uvloop

CHUNK = 256 * 1024


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def _serve(port: int, host: str, host_port: int) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, host_port, limit=2 * CHUNK)
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        there_writer.close()
        writer.close()

    server = await asyncio.start_server(relay, "127.0.0.1", port, limit=2 * CHUNK)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
