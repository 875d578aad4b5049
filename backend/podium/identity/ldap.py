"""An LDAP directory, as its client: find a person, let him bind with his password, read his groups.

Each check has connections of its own: a bind changes who a connection is. Sources: RFC 4511 (protocol), 4513 (binding,
StartTLS), 4515 (filters). The library knows the messages (sansldap); what goes over the network is here.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import sansldap
import structlog
from sansldap import ExtendedOperations, LDAPClient, LDAPFilter, LDAPMessage, LDAPResultCode

from podium.errors import ProviderUnavailable

log = structlog.get_logger(__name__)

_MAX_ANSWER: Final = 8 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_MAX_GROUPS: Final = 1000
_PLAIN: Final = re.compile(rb"[A-Za-z0-9]")
_REFUSED: Final = frozenset(
    {
        LDAPResultCode.INVALID_CREDENTIALS,
        LDAPResultCode.INAPPROPRIATE_AUTHENTICATION,
        LDAPResultCode.CONSTRAINT_VIOLATION,  # password policies: locked, too many tries
        LDAPResultCode.UNWILLING_TO_PERFORM,  # Active Directory and policies: disabled
    }
)


class LdapConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator says of the directory.

    `user_filter` has `{name}` in it, `group_filter` `{dn}` or `{name}`; what takes their places is escaped.
    `group_base_dn`: "" reads no groups. `id_attribute` never changes for a person, whatever becomes of his name.
    """

    url: str
    start_tls: bool = True
    ca_file: str = ""
    bind_dn: str = ""
    bind_password: str = ""
    base_dn: str
    user_filter: str = "(uid={name})"
    name_attribute: str = "uid"
    id_attribute: str = "entryUUID"
    group_base_dn: str = ""
    group_filter: str = "(member={dn})"
    group_name_attribute: str = "cn"
    timeout_s: float = 10.0


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the directory knows. `groups`: their names by their distinguished names; None: they are not read."""

    subject: str
    name: str
    groups: dict[str, str] | None = None


class _Entry(msgspec.Struct, frozen=True):
    dn: str
    attributes: Mapping[str, Sequence[bytes]]

    def first(self, name: str) -> bytes | None:
        values = self.attributes.get(name.lower(), ())
        return values[0] if values else None


class LdapDirectory:
    """Nothing is kept between two checks. Certificates are verified, always."""

    def __init__(self, config: LdapConfig) -> None:
        self.config = config
        parts = urlsplit(config.url)
        self._host = parts.hostname or ""
        self._port = parts.port or (636 if parts.scheme == "ldaps" else 389)
        self._ldaps = parts.scheme == "ldaps"
        secure = self._ldaps or config.start_tls
        self._tls = ssl.create_default_context(cafile=config.ca_file or None) if secure else None

    async def check(self, name: str, password: str) -> Person | None:
        """The person of that name, if it is his password; None if not. Raises ProviderUnavailable.

        An empty password is nobody's: a bind with it is no proof, and succeeds (RFC 4513, 5.1.2).
        """
        if not name or not password or not _encodable(name) or not _encodable(password):
            return None
        try:
            async with asyncio.timeout(self.config.timeout_s):
                return await self._check(name, password)
        except TimeoutError as error:
            raise ProviderUnavailable("the directory does not answer in time") from error
        except (OSError, EOFError) as error:  # ssl.SSLError is an OSError
            raise ProviderUnavailable(f"the directory cannot be reached: {_words(error)}") from error
        except (sansldap.LDAPError, ValueError, NotImplementedError) as error:
            raise ProviderUnavailable("the directory does not speak LDAP as it should") from error

    async def _check(self, name: str, password: str) -> Person | None:
        config = self.config
        async with self._connected() as service:
            if not await service.bind(config.bind_dn, config.bind_password):
                raise ProviderUnavailable("the directory refuses the service's own account")
            wanted = [config.name_attribute, config.id_attribute]
            found = await service.search(config.base_dn, filled(config.user_filter, name=name), wanted, limit=2)
            if len(found) != 1:
                if found:
                    log.warning("the directory has more than one entry for a name", name=name[:100])
                return None
            entry = found[0]
            async with self._connected() as own:
                if not await own.bind(entry.dn, password):
                    return None
            groups = await self._groups(service, entry, name) if config.group_base_dn else None
        known_as = entry.first(config.name_attribute)
        return Person(
            subject=_subject(entry, config.id_attribute),
            name=known_as.decode(errors="replace") if known_as else name,
            groups=groups,
        )

    async def _groups(self, service: "_Connection", person: _Entry, name: str) -> dict[str, str]:
        config = self.config
        found = await service.search(
            config.group_base_dn,
            filled(config.group_filter, name=name, dn=person.dn),
            [config.group_name_attribute],
            limit=_MAX_GROUPS,
        )
        names = ((one.dn, one.first(config.group_name_attribute)) for one in found)
        return {dn: value.decode(errors="replace") for dn, value in names if value}

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["_Connection"]:
        sock = await asyncio.to_thread(socket.create_connection, (self._host, self._port), self.config.timeout_s)
        try:
            sock.setblocking(False)
            if self._tls is not None and not self._ldaps:
                await _start_tls(sock)
            host = self._host if self._tls is not None else None
            reader, writer = await asyncio.open_connection(sock=sock, ssl=self._tls, server_hostname=host)
        except BaseException:
            sock.close()
            raise
        connection = _Connection(reader, writer)
        try:
            yield connection
        finally:
            await connection.close()


class _Connection:
    """One connection: a request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._client = LDAPClient()

    async def bind(self, dn: str, password: str) -> bool:
        """Whether the directory takes the password. Raises ProviderUnavailable when it is in no state to say."""
        [answer] = await self._ask(self._client.bind_simple(dn, password), sansldap.BindResponse)
        assert isinstance(answer, sansldap.BindResponse)  # noqa: S101 -- the last is of the kind that was asked for
        code = answer.result.result_code
        if code not in {LDAPResultCode.SUCCESS, *_REFUSED}:
            raise ProviderUnavailable(f"the directory answers a bind with {code.name}")
        return code is LDAPResultCode.SUCCESS

    async def search(self, base: str, wanted: LDAPFilter, attributes: list[str], *, limit: int) -> list[_Entry]:
        """The entries under `base`, `limit` at most."""
        message_id = self._client.search_request(base, size_limit=limit, filter=wanted, attributes=attributes)
        *answers, done = await self._ask(message_id, sansldap.SearchResultDone)
        assert isinstance(done, sansldap.SearchResultDone)  # noqa: S101
        if done.result.result_code not in {
            LDAPResultCode.SUCCESS, LDAPResultCode.SIZE_LIMIT_EXCEEDED, LDAPResultCode.NO_SUCH_OBJECT,
        }:  # fmt: skip
            raise ProviderUnavailable(f"the directory answers a search with {done.result.result_code.name}")
        return [
            _Entry(one.object_name, {part.name.lower(): part.values for part in one.attributes})
            for one in answers
            if isinstance(one, sansldap.SearchResultEntry)
        ]

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            log.debug("the directory closed first")

    async def _ask(self, message_id: int, last: type[LDAPMessage]) -> list[LDAPMessage]:
        """The answers to a request, up to the one that is of the kind `last`."""
        self._writer.write(self._client.data_to_send())
        await self._writer.drain()
        found: list[LDAPMessage] = []
        size = 0
        while True:
            data = await self._reader.read(_CHUNK)
            size += len(data)
            if not data:
                raise EOFError("it closed the connection")
            if size > _MAX_ANSWER:
                raise ProviderUnavailable("the directory's answer is too long")
            for message in self._client.receive(data):
                if message.message_id == message_id:
                    found.append(message)
                    if isinstance(message, last):
                        return found


async def _start_tls(sock: socket.socket) -> None:
    """Ask for TLS on a connection that has none yet.

    On the bare socket: what somebody between might have sent along in the clear stays there and spoils the handshake;
    in a stream's buffer it would be taken for what came under TLS.
    """
    loop = asyncio.get_running_loop()
    client = LDAPClient()
    client.extended_request(ExtendedOperations.LDAP_START_TLS.value)
    await loop.sock_sendall(sock, client.data_to_send())
    while True:
        data = await loop.sock_recv(sock, _CHUNK)
        if not data:
            raise EOFError("it closed the connection")
        for message in client.receive(data):
            if isinstance(message, sansldap.ExtendedResponse):
                if message.result.result_code is not LDAPResultCode.SUCCESS:
                    raise ProviderUnavailable("the directory does not do StartTLS")
                return


def filled(template: str, **values: str) -> LDAPFilter:
    """The filter `template` with each `{name}` in it replaced by its value, of which every byte stands for itself.

    Raises ValueError for a template that is no filter.
    """
    text = re.sub(r"\{(\w+)\}", lambda found: _escaped(values[found[1]]) if found[1] in values else found[0], template)
    parsed: Any = LDAPFilter.from_string(text)
    assert isinstance(parsed, LDAPFilter)  # noqa: S101
    return parsed


def _escaped(value: str) -> str:
    r"""RFC 4515, 3: `\xx` for a byte; here for all but letters and digits, so that there is nothing to forget."""
    raw = (bytes([one]) for one in value.encode())
    return "".join(one.decode() if _PLAIN.match(one) else f"\\{one[0]:02x}" for one in raw)


def _subject(entry: _Entry, attribute: str) -> str:
    """What names the person for ever: text as it is, Active Directory's binary ids in hex; else where the entry is."""
    value = entry.first(attribute)
    if not value:
        return entry.dn
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return str(error) or type(error).__name__
