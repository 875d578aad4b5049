"""All tables by name, for migrations and whoever needs the whole schema."""

from podium.db.alarm import AcknowledgementRow, AlarmRow, AlarmRuleRow
from podium.db.audit import AuditIntentRow, AuditRow
from podium.db.base import Base
from podium.db.group import GroupRow, MembershipRow
from podium.db.last_object import LastObjectRow
from podium.db.notification import ChannelRow, NotificationRow
from podium.db.resource_set import ResourceSetRow
from podium.db.role import PrivilegeRow, RoleOfGroupRow, RoleOfUserRow, RoleRow
from podium.db.second_factor import RecoveryCodeRow, SecondFactorRow
from podium.db.server import ServerRow
from podium.db.signing_key import SigningKeyRow
from podium.db.task import TaskRow
from podium.db.token import TokenRow
from podium.db.user import UserRow

__all__ = [
    "AcknowledgementRow",
    "AlarmRow",
    "AlarmRuleRow",
    "AuditIntentRow",
    "AuditRow",
    "ChannelRow",
    "GroupRow",
    "LastObjectRow",
    "MembershipRow",
    "NotificationRow",
    "PrivilegeRow",
    "RecoveryCodeRow",
    "ResourceSetRow",
    "RoleOfGroupRow",
    "RoleOfUserRow",
    "RoleRow",
    "SecondFactorRow",
    "ServerRow",
    "SigningKeyRow",
    "TaskRow",
    "TokenRow",
    "UserRow",
    "metadata",
]

metadata = Base.metadata
