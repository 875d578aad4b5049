"""View as: an administrator sees what somebody else sees, with that user's rights and none of his own."""

from collections.abc import Iterable, Sequence

from podium.cache.entry import Entry
from podium.model.base import XoObject
from podium.services.access import NOTHING, About, Rules, Viewer
from podium.stream.view import View


class ViewedAs(Viewer):
    """The other user's eyes, for as long as the one who looks through them is an administrator. It only reads."""

    __slots__ = ("_by", "_whom")

    def __init__(self, whom: Viewer, by: Viewer) -> None:
        super().__init__(whom.user_id, whom.rules, is_admin=False)
        self._whom = whom
        self._by = by

    @property
    def changed_at(self) -> int:
        return max(self._whom.changed_at, self._by.changed_at)

    @changed_at.setter
    def changed_at(self, revision: int) -> None:
        """Theirs."""

    @property
    def is_admin(self) -> bool:
        return self._by.is_admin and self._whom.is_admin

    @property
    def key(self) -> str:
        return self._eyes.key

    @property
    def rules(self) -> Rules:
        return self._eyes.rules

    def may(self, action: str, resource: str, obj: About | None = None, *, around: Sequence[XoObject] = ()) -> bool:
        return self._eyes.may(action, resource, obj, around=around)

    def sees(self, entry: Entry) -> bool:
        return self._eyes.sees(entry)

    def select(self, entries: Sequence[Entry]) -> Iterable[Entry]:
        return self._eyes.select(entries)

    def sees_all(self, resource: str) -> bool:
        return self._eyes.sees_all(resource)

    def version(self, kind: str) -> str | None:
        return self._eyes.version(kind)

    def view(self, kind: str) -> tuple[str, View]:
        return self._eyes.view(kind)

    @property
    def _eyes(self) -> Viewer:
        return self._whom if self._by.is_admin else _BLIND


_BLIND = Viewer("", NOTHING, is_admin=False)
