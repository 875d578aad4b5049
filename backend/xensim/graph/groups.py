"""What people put around VMs: appliances, schedules, placement groups, and users with their roles."""

from xensim.graph.guests import Guest
from xensim.graph.site import Site

_ROLES = ("pool-admin", "pool-operator", "vm-power-admin", "vm-admin", "vm-operator", "read-only")


def add(site: Site, guests: list[Guest]) -> None:
    """Add the groups and put every so many guests into them."""
    mint, db = site.mint, site.mint.db
    appliances = [
        mint.add("VM_appliance", name_label=label, name_description="Starts in order")
        for label in ("Three tier shop", "Monitoring")
    ]
    mint.add("VM_appliance", name_label="empty")
    schedules = [
        mint.add(
            "VMSS", name_label=label, enabled=enabled, type="snapshot", frequency=frequency, retained_snapshots=7,
            schedule=schedule, last_run_time=mint.date(0, 1),
        )
        for label, enabled, frequency, schedule in (
            ("Nightly", True, "daily", {"hour": "1", "min": "30"}),
            ("Sundays", False, "weekly", {"days": "Sunday", "hour": "4", "min": "0"}),
        )
    ]  # fmt: skip
    mint.add(
        "VMPP", name_label="Legacy protection", is_policy_enabled=False, backup_type="snapshot",
        backup_retention_value=7, backup_frequency="daily", archive_frequency="never", archive_target_type="none",
    )  # fmt: skip
    group = mint.add(
        "VM_group", name_label="database replicas", name_description="Never two on one host", placement="anti_affinity"
    )
    mint.add("VM_group", name_label="the rest", placement="normal")
    for guest in guests:
        number = guest.number
        if number % 60 in {11, 14, 16}:
            db.set("VM", guest.ref, appliance=appliances[number // 60 % 2], order=number % 3)
        elif number % 30 == 18:
            db.set("VM", guest.ref, snapshot_schedule=schedules[number // 30 % 2])
        elif number % 50 in {22, 29}:
            db.set("VM", guest.ref, groups=[group])


def people(site: Site) -> None:
    """The six roles, subjects from a directory, and root."""
    mint = site.mint
    roles = {
        name: mint.add("role", name_label=name, name_description=f"The {name} role", is_internal=False)
        for name in _ROLES
    }
    for at, (name, role, is_group) in enumerate(
        (("LAKESIDE\\it-operations", "pool-operator", True), ("LAKESIDE\\chloe", "vm-admin", False))
    ):
        mint.add(
            "subject",
            subject_identifier=f"S-1-5-21-1000-2000-3000-{1101 + at}", roles=[roles[role]],
            other_config={
                "subject-name": name, "subject-gecos": name.split("\\")[1], "subject-is-group": str(is_group).lower(),
                "subject-sid": f"S-1-5-21-1000-2000-3000-{1101 + at}", "subject-upn": f"{name.lower()}@example.com",
            },
        )  # fmt: skip
    mint.add("user", short_name="root", fullname="")
