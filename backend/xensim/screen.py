"""What a console shows: 80 by 25 characters, a few facts about the machine and whatever is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache

from xensim import font

COLUMNS, ROWS = 80, 25
CELL_WIDTH, CELL_HEIGHT = 8, 16
WIDTH, HEIGHT = COLUMNS * CELL_WIDTH, ROWS * CELL_HEIGHT
BLACK, GREY = 0, 1  # what the dots of a picture are
FIRST_TYPED = 6  # the row where typing begins
_LEFT = (CELL_WIDTH - font.WIDTH) // 2
_NAMES = {
    0xFF08: "BackSpace", 0xFF09: "Tab", 0xFF0D: "Return", 0xFF1B: "Escape", 0xFF50: "Home", 0xFF51: "Left",
    0xFF52: "Up", 0xFF53: "Right", 0xFF54: "Down", 0xFF55: "PageUp", 0xFF56: "PageDown", 0xFF57: "End",
    0xFF63: "Insert", 0xFFFF: "Delete", 0xFFE1: "Shift_L", 0xFFE2: "Shift_R", 0xFFE3: "Control_L",
    0xFFE4: "Control_R", 0xFFE9: "Alt_L", 0xFFEA: "Alt_R", 0xFFEB: "Super_L",
    **{0xFFBE + at: f"F{at + 1}" for at in range(12)},
}  # fmt: skip
_SILENT = frozenset({"Shift_L", "Shift_R"})


class Screen:
    """The screen of one machine, the same for all who look at it.

    Each row has a version, which grows when the row changes; `watchers` are set when any does.
    """

    def __init__(self, domain: int = 0) -> None:
        """`domain`: the number of the machine's run."""
        self.domain = domain
        self.watchers: set[asyncio.Event] = set()
        self.versions = [1] * ROWS
        self.keys: list[str] = []  # every key that went down, by its name or character
        self._rows = [""] * ROWS
        self._typed = [""]

    @property
    def text(self) -> str:
        return "\n".join(self._rows).rstrip()

    def show(self, lines: Sequence[str]) -> None:
        """Put facts at the top."""
        for at in range(FIRST_TYPED - 1):
            self._set(at, lines[at] if at < len(lines) else "")

    def key(self, symbol: int) -> None:
        """A key went down, by its X11 keysym: characters are typed, the others are named."""
        name = _NAMES.get(symbol) or (chr(symbol) if 0x20 <= symbol <= 0xFF else f"key {symbol:#x}")
        self.keys.append(name)
        if name == "Return":
            self._typed.append("")
        elif name == "BackSpace":
            self._typed[-1] = self._typed[-1][:-1]
        elif len(name) == 1:
            self._type(name)
        elif name not in _SILENT:
            self._type(f"<{name}>")
        self._show_typed()

    def paste(self, text: str) -> None:
        """The client's clipboard, typed."""
        for character in text:
            self.key(0xFF0D if character == "\n" else ord(character))

    def point(self, x: int, y: int, buttons: int) -> None:
        """The pointer moved, or its buttons did."""
        self._set(ROWS - 1, f"pointer {x},{y} buttons {buttons}")

    def picture(self, row: int) -> bytes:
        """The dots of one row of characters, from the top left, a byte each: BLACK or GREY."""
        return _picture(self._rows[row])

    def _type(self, text: str) -> None:
        line = self._typed[-1] + text
        if len(line) + 2 > COLUMNS:
            self._typed.append(text)
        else:
            self._typed[-1] = line

    def _show_typed(self) -> None:
        room = ROWS - 1 - FIRST_TYPED
        del self._typed[:-room]
        for at in range(room):
            line = f"> {self._typed[at]}" if at < len(self._typed) else ""
            self._set(FIRST_TYPED + at, line + "_" if at == len(self._typed) - 1 else line)

    def _set(self, row: int, text: str) -> None:
        text = text[:COLUMNS]
        if self._rows[row] != text:
            self._rows[row] = text
            self.versions[row] += 1
            for watcher in self.watchers:
                watcher.set()


@lru_cache(maxsize=512)
def _picture(text: str) -> bytes:
    """Characters are twice as high as in the font."""
    lines: list[bytes] = []
    cells = [font.dots(character) for character in text.ljust(COLUMNS)]
    for row in range(font.HEIGHT):
        line = bytearray(WIDTH)
        for at, cell in enumerate(cells):
            start = at * CELL_WIDTH + _LEFT
            line[start : start + font.WIDTH] = bytes(GREY if dot else BLACK for dot in cell[row])
        lines += [bytes(line)] * 2
    return b"".join(lines)
