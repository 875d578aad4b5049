"""Slows failed sign-ins down, without handing anybody the means to lock somebody else out.

Four counts, each forgotten after a quiet quarter of an hour:

1. *account from an address*: after each failure the next try from there is refused for 2, 4, 8 ... 60 s; never for
   more than 5 s where the account was signed in to from that address before;
2. *address*: its first ten failures are free (an office shares one), then it is refused likewise, for all accounts
   but those that were signed in to from there before;
3. *account from everywhere*: after ten failures, an answer to an address from which nobody signed in to the account
   before is held back for 1 to 5 s. It is never refused: guessing from many addresses gets slow, while the owner
   gets in from anywhere, and without any delay from where he was before;
4. *codes of an account*: the second step, which only whoever knows the password comes to. Six digits are few, so three
   wrong ones make every further one wait 2, 4, 8 ... 300 s, wherever it comes from; one who signed in from an address
   before waits for the failures from there alone.

An address is an IPv4 address or an IPv6 /64, what one customer is given. One password is checked at a time per
address, so that a burst of parallel guesses is no way around the delays. Nothing here depends on whether the account
exists. Each table holds at most 10,000 entries; the ones longest unused go first.
"""

import asyncio
import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Final

from podium.errors import TooManyAttempts

_SIZE: Final = 10_000
_FORGET_S: Final = 900.0
_FIRST_S: Final = 2.0
_LONGEST_S: Final = 60.0
_FREE_PER_ADDRESS: Final = 10
_FREE_PER_ACCOUNT: Final = 10
_LONGEST_HOLD_S: Final = 5.0
_LONGEST_KNOWN_S: Final = 5.0
_FREE_CODES: Final = 2
_LONGEST_CODE_S: Final = 300.0


class _Counts:
    """Failures by key: how many, and when the last one was."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def get(self, key: Hashable, now: float) -> tuple[int, float]:
        count, last = self._found.get(key, (0, 0.0))
        return (count, last) if now - last < _FORGET_S else (0, 0.0)

    def add(self, key: Hashable, now: float) -> None:
        self._found[key] = (self.get(key, now)[0] + 1, now)
        self._found.move_to_end(key)
        if len(self._found) > _SIZE:
            self._found.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        self._found.pop(key, None)


class Throttle:
    """The rule above. `clock`: any clock in seconds that never goes back."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pairs = _Counts()
        self._addresses = _Counts()
        self._accounts = _Counts()
        self._codes = _Counts()
        self._known: OrderedDict[Hashable, None] = OrderedDict()
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, account: str, address: str) -> AsyncIterator[None]:
        """The right to check one password. Raises TooManyAttempts when it is too early."""
        network = _network(address)
        self._check(_digest(account), network)
        lock, users = self._turns.get(network, (asyncio.Lock(), 0))
        self._turns[network] = (lock, users + 1)
        try:
            async with lock:
                self._check(_digest(account), network)  # others from there may have failed meanwhile
                yield
        finally:
            lock, users = self._turns[network]
            if users > 1:
                self._turns[network] = (lock, users - 1)
            else:
                del self._turns[network]

    def failed(self, account: str, address: str) -> None:
        now, who, network = self._clock(), _digest(account), _network(address)
        self._pairs.add((who, network), now)
        self._addresses.add(network, now)
        self._accounts.add(who, now)

    def succeeded(self, account: str, address: str) -> None:
        """The address's own count stays: an account of one's own is no way to guess on."""
        pair = (_digest(account), _network(address))
        self._pairs.forget(pair)
        self._codes.forget(pair)
        self._codes.forget(pair[0])
        self.remember(account, address)

    def code_turn(self, account: str, address: str) -> None:
        """The right to check one code (4), within `turn`. Raises TooManyAttempts when it is too early."""
        now, pair = self._clock(), (_digest(account), _network(address))
        wrong, last = self._codes.get(pair if pair in self._known else pair[0], now)
        wait = last + _delay(wrong - _FREE_CODES, _LONGEST_CODE_S) - now
        if wait > 0:
            raise TooManyAttempts("too many wrong codes: wait and try again", retry_after_s=wait)

    def code_failed(self, account: str, address: str) -> None:
        now, pair = self._clock(), (_digest(account), _network(address))
        self._codes.add(pair, now)
        self._codes.add(pair[0], now)

    def remember(self, account: str, address: str) -> None:
        """The account was signed in to from that address once."""
        pair = (_digest(account), _network(address))
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > _SIZE:
            self._known.popitem(last=False)

    def hold_s(self, account: str, address: str) -> float:
        """How long to hold the answer back (3). Ask before `succeeded`."""
        who = _digest(account)
        if (who, _network(address)) in self._known:
            return 0.0
        failures, _ = self._accounts.get(who, self._clock())
        return min(_LONGEST_HOLD_S, 0.5 * (failures - _FREE_PER_ACCOUNT) + 0.5) if failures > _FREE_PER_ACCOUNT else 0.0

    def _check(self, who: bytes, network: str) -> None:
        now, known = self._clock(), (who, network) in self._known
        tries, last = self._pairs.get((who, network), now)
        wait = last + _delay(tries, _LONGEST_KNOWN_S if known else _LONGEST_S) - now
        if not known:
            tries, last = self._addresses.get(network, now)
            wait = max(wait, last + _delay(tries - _FREE_PER_ADDRESS, _LONGEST_S) - now)
        if wait > 0:
            raise TooManyAttempts("too many failed sign-ins: wait and try again", retry_after_s=wait)


def _delay(failures: int, longest_s: float) -> float:
    return min(longest_s, _FIRST_S * 2.0 ** min(failures - 1, 16)) if failures > 0 else 0.0


def _digest(account: str) -> bytes:
    """Names are of any length; what is remembered of them is not."""
    return hashlib.blake2b(account.encode(errors="surrogatepass"), digest_size=16).digest()


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a Unix socket
        return "local"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))
    return str(ip)
