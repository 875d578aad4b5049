"""Groups, roles and privileges: who may see and do what."""

from typing import Literal

from msgspec import UNSET

from podium.model.base import Maybe, Resource, XoObject

Effect = Literal["allow", "deny"]
Reach = Literal["self", "inside"]


class Group(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"provider_group_id": "providerGroupId", "acl_role_ids": "aclRoleIds"},
):
    """A group of users. One with a `provider` is kept like that provider's own, and changed there."""

    name: str
    users: tuple[str, ...]
    acl_role_ids: tuple[str, ...]
    provider: str | Maybe = UNSET
    provider_group_id: str | Maybe = UNSET


class Role(
    XoObject,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "is_template": "isTemplate",
        "role_template_id": "roleTemplateId",
        "user_ids": "userIds",
        "group_ids": "groupIds",
        "privilege_ids": "privilegeIds",
    },
):
    """What some users may. A template is built in: it cannot be changed or given to anybody, only copied."""

    name: str
    description: str | Maybe = UNSET
    is_template: bool
    role_template_id: str | Maybe = UNSET
    user_ids: tuple[str, ...]
    group_ids: tuple[str, ...]
    privilege_ids: tuple[str, ...]


class Privilege(XoObject, frozen=True, kw_only=True, gc=False, rename={"role_id": "roleId"}):
    """One thing that a role allows or denies.

    `action`: one action of the `resource`, those below it (`update` means `update:tags` as well), or `*`. `selector`: a
    filter that the object has to match. `reach` "inside" (ours): what is inside such an object, too, e.g. the VMs of a
    pool, whatever its resource is.
    """

    role_id: str
    resource: str
    action: str
    effect: Effect
    selector: str | Maybe = UNSET
    reach: Reach = "self"


RESOURCES = (
    Resource(type="group", collection="groups", struct=Group, privilege="group", title="group"),
    Resource(type="acl-role", collection="acl-roles", struct=Role, privilege="acl-role", title="role"),
    Resource(
        type="acl-privilege",
        collection="acl-privileges",
        struct=Privilege,
        privilege="acl-privilege",
        title="privilege",
    ),
)
