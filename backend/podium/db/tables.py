"""All tables by name, for migrations and whoever needs the whole schema."""

from podium.db.alarm import AcknowledgementRow, AlarmRow, AlarmRuleRow
from podium.db.base import Base
from podium.db.last_object import LastObjectRow
from podium.db.notification import ChannelRow, NotificationRow
from podium.db.server import ServerRow
from podium.db.task import TaskRow
from podium.db.token import TokenRow
from podium.db.user import UserRow

__all__ = [
    "AcknowledgementRow",
    "AlarmRow",
    "AlarmRuleRow",
    "ChannelRow",
    "LastObjectRow",
    "NotificationRow",
    "ServerRow",
    "TaskRow",
    "TokenRow",
    "UserRow",
    "metadata",
]

metadata = Base.metadata
