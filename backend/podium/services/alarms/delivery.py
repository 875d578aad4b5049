"""One message's way: the pauses between its attempts, and how clients see it."""

from random import Random

import msgspec
from msgspec import UNSET

from podium.db.notification import NotificationRow
from podium.model.alarm import Notification


class Pauses(msgspec.Struct, frozen=True):
    """Between attempts: `first_s`, then twice as long each time, up to `most_s`; until `give_up_s` after the event."""

    first_s: float = 5.0
    most_s: float = 3_600.0
    give_up_s: float = 86_400.0

    def after(self, attempts: int, random: Random) -> float:
        """Seconds to wait after so many attempts: between half of the pause and all of it."""
        whole = min(self.most_s, self.first_s * 2.0 ** min(attempts - 1, 30))
        return whole * (0.5 + random.random() / 2)


def shown(row: NotificationRow) -> Notification:
    """As clients see it."""
    members = {
        "id": row.id,
        "channel": row.channel_id,
        "alarm": row.alarm_id,
        "count": row.alarms,
        "event": row.event,
        "severity": row.severity,
        "title": row.title,
        "state": row.state,
        "attempts": row.attempts,
        "createdAt": row.created_ms,
        "nextAttemptAt": UNSET if row.next_ms is None else row.next_ms,
        "endedAt": UNSET if row.ended_ms is None else row.ended_ms,
        "lastError": row.last_error or UNSET,
    }
    return msgspec.convert({name: value for name, value in members.items() if value is not UNSET}, Notification)
