"""The built-in roles (ANCHOR 4.3): templates, the same in every installation of a version, to be copied."""

from typing import Final
from uuid import UUID, uuid5

from podium.model.role import Privilege, Role
from podium.services.catalogue import ACTIONS, ANCHORED

_SPACE: Final = UUID("7b0a6f5e-6d0c-4a39-9d54-0f1f6f0c1a57")

_POWER: Final = ("read", "start", "shutdown", "reboot", "pause", "unpause", "suspend", "resume")

_TEMPLATES: Final[tuple[tuple[str, str, dict[str, tuple[str, ...]]], ...]] = (
    ("Read only", "Sees everything, changes nothing", dict.fromkeys(ACTIONS, ("read",))),
    ("VMs power state manager", "Starts and stops VMs", {"vm": _POWER}),
    (
        "VMs creator",
        "Makes VMs from templates",
        {
            "pool": ("create:vm",),
            "vm-template": ("instantiate",),
            "vdi": ("create", "boot"),
            "vif": ("create",),
            "host": ("allow-vm",),
            "network": ("attach",),
            "sr": ("import:vdi",),
        },
    ),
    ("VMs read only", "Sees VMs", {"vm": ("read",)}),
    ("VMs administrator", "Does anything to VMs", {"vm": ("*",), "vm-snapshot": ("read",)}),
    (
        "Network administrator",
        "Makes, changes and deletes networks and interfaces",
        {"network": ("*",), "pif": ("*",), "vif": ("*",), "bond": ("*",), "pool": ("read", "create:network"),
         "host": ("read",)},
    ),
    ("Administrator", "Does anything to anything", dict.fromkeys(ACTIONS, ("*",))),
    (
        "Storage administrator",
        "Makes, changes and deletes storage and disks",
        {"sr": ("*",), "pbd": ("*",), "vdi": ("*",), "vdi-snapshot": ("*",), "vdi-unmanaged": ("*",), "vbd": ("*",),
         "sm": ("read",), "pool": ("read",), "host": ("read",)},
    ),
)  # fmt: skip


def templates() -> tuple[list[Role], list[Privilege]]:
    """The roles and their privileges. Their ids never change; a template's own privileges may, from version to version.

    The resources that only Podium has come last, so that the first ones keep their order.
    """
    roles, privileges = [], []
    for name, description, wanted in _TEMPLATES:
        role_id = str(uuid5(_SPACE, name))
        own = [
            Privilege(
                id=str(uuid5(_SPACE, f"{name}/{resource}/{action}")),
                role_id=role_id,
                resource=resource,
                action=action,
                effect="allow",
            )
            for resource, actions in sorted(wanted.items(), key=lambda pair: (pair[0] not in ANCHORED, pair[0]))
            for action in actions
            if action == "*" or action in ACTIONS[resource]
        ]
        privileges += own
        roles.append(
            Role(
                id=role_id,
                name=name,
                description=description,
                is_template=True,
                user_ids=(),
                group_ids=(),
                privilege_ids=tuple(one.id for one in own),
            )
        )
    return roles, privileges
