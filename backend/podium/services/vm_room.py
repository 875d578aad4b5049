"""How much room a new VM takes, and what of a resource set it is made of: before anything is made."""

from podium.model.vm import VMTemplate
from podium.services.cloud_init import SIZE
from podium.services.gateway import Gateway
from podium.services.quotas import Amount
from podium.services.vm_wish import NO_CHANGE, Site, VmWish, changes_of, disks_of, models_of


def room_of(gateway: Gateway, template: VMTemplate, wish: VmWish) -> Amount:
    """What the VM will come to. Disks that the template has count as large as they are, or are to become."""
    changes = changes_of(wish)
    models, existing = models_of(template), disks_of(gateway, template)
    disk = sum(one.size or 0 for one in wish.disks if one.userdevice is None)
    for place, (_, vdi) in existing.items():
        change = changes.get(place, NO_CHANGE)
        disk += 0 if change.destroy else max(vdi.size, change.size or 0)
    for place, model in models.items():
        change = changes.get(place, NO_CHANGE)
        if place not in existing and not change.destroy:
            disk += change.size or model.size
    if wish.cloud_config is not None:
        disk += SIZE
    return Amount(
        cpus=wish.settings.get("cpus", template.cpus.number),
        memory=wish.settings.get("memory", template.memory.dynamic[1]),
        disk=disk,
        vms=1,
    )


def parts_of(gateway: Gateway, template: VMTemplate, wish: VmWish, site: Site) -> set[str]:
    """Ids of the template, the SRs and the networks that the VM is made of."""
    found = {template.id}
    changes = changes_of(wish)
    models, existing = models_of(template), disks_of(gateway, template)
    for place, (_, vdi) in existing.items():
        change = changes.get(place, NO_CHANGE)
        if not change.destroy:
            found.add(change.sr or str(vdi.sr))
    for place, model in models.items():
        change = changes.get(place, NO_CHANGE)
        if place not in existing and not change.destroy:
            found.add(site.model_sr(model, change).id)
    found.update(site.sr(one.sr).id for one in wish.disks if one.userdevice is None)
    replaced = {one.device for one in wish.interfaces or ()}
    found.update(one.network for one in wish.interfaces or () if one.network is not None)
    for vif_id in template.vifs:
        entry = gateway.objects.of_type("VIF").get(vif_id or "")
        vif = None if entry is None else entry.object
        if getattr(vif, "device", None) not in replaced and isinstance(network := getattr(vif, "network", None), str):
            found.add(network)
    return found
