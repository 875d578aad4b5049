"""Refusals: VMs, their memory, CPUs, GPUs and snapshots."""

from typing import Final

from podium.services.refusal_table.kinds import BAD, CANNOT, LATER, TROUBLE, WRONG, Refusal

VMS: Final[dict[str, Refusal]] = {
    "VM_BAD_POWER_STATE": Refusal(
        WRONG, "{0} must be {1} for that, and it is {2}.", "{0} doit être {1} pour cela, et elle est {2}."
    ),
    "VM_IS_TEMPLATE": Refusal(
        WRONG, "{0} is a template: that cannot be done to it.", "{0} est un modèle : cela ne peut pas lui être fait."
    ),
    "VM_IS_SNAPSHOT": Refusal(
        WRONG,
        "{0} is a snapshot: that cannot be done to it.",
        "{0} est un instantané : cela ne peut pas lui être fait.",
    ),
    "VM_LACKS_FEATURE": Refusal(
        WRONG,
        "The guest of {0} does not support that: install its management agent, or use the forced form.",
        "Le système de {0} ne le permet pas : installez l’agent de gestion, ou forcez l’opération.",
    ),
    "VM_MISSING_PV_DRIVERS": Refusal(
        WRONG,
        "{0} has no PV drivers: install the guest tools first.",
        "{0} n’a pas de pilotes PV : installez d’abord les outils invité.",
    ),
    "VM_OLD_PV_DRIVERS": Refusal(
        WRONG, "The PV drivers of {0} are too old ({1}.{2}).", "Les pilotes PV de {0} sont trop anciens ({1}.{2})."
    ),
    "VM_NON_SUSPENDABLE": Refusal(WRONG, "{0} cannot be suspended: {1}", "{0} ne peut pas être suspendue : {1}"),
    "VM_HVM_REQUIRED": Refusal(
        WRONG,
        "{0} must be an HVM machine for that, and it is paravirtualised.",
        "{0} doit être une machine HVM pour cela, et elle est paravirtualisée.",
    ),
    "VM_NO_VCPUS": Refusal(WRONG, "{0} has no CPU.", "{0} n’a pas de processeur."),
    "VM_NO_SUSPEND_SR": Refusal(
        WRONG,
        "There is no storage repository to suspend {0} to: set one for the VM or its pool.",
        "Aucun stockage n’est prévu pour suspendre {0} : choisissez-en un pour la VM ou son pool.",
    ),
    "VM_SHUTDOWN_TIMEOUT": Refusal(
        WRONG,
        "The guest of {0} did not shut down within {1} seconds. Shut it down from inside, or force it.",
        "Le système de {0} ne s’est pas arrêté en {1} secondes. Arrêtez-le de l’intérieur, ou forcez l’arrêt.",
    ),
    "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT": Refusal(
        WRONG,
        "The guest of {0} does not react to the request to shut down. Force it if that is safe.",
        "Le système de {0} ne réagit pas à la demande d’arrêt. Forcez-le si c’est sans danger.",
    ),
    "VM_CRASHED": Refusal(TROUBLE, "{0} crashed meanwhile.", "{0} s’est arrêtée brutalement entre-temps."),
    "VM_HALTED": Refusal(WRONG, "{0} was shut down meanwhile.", "{0} a été arrêtée entre-temps."),
    "VM_REBOOTED": Refusal(WRONG, "{0} was rebooted meanwhile.", "{0} a été redémarrée entre-temps."),
    "VM_REQUIRES_SR": Refusal(
        WRONG,
        "{0} needs the storage repository {1}, which the host does not see.",
        "{0} a besoin du stockage {1}, que l’hôte ne voit pas.",
    ),
    "VM_REQUIRES_NETWORK": Refusal(
        WRONG,
        "{0} needs the network {1}, which the host does not have.",
        "{0} a besoin du réseau {1}, que l’hôte n’a pas.",
    ),
    "VM_REQUIRES_GPU": Refusal(
        WRONG,
        "{0} needs a GPU of the group {1}, which the host does not have.",
        "{0} a besoin d’un GPU du groupe {1}, que l’hôte n’a pas.",
    ),
    "VM_REQUIRES_IOMMU": Refusal(
        WRONG,
        "The VM needs the host {0} to have an IOMMU (VT-d, AMD-Vi) that is switched on.",
        "La VM a besoin d’un IOMMU (VT-d, AMD-Vi) actif sur l’hôte {0}.",
    ),
    "VM_REQUIRES_VDI": Refusal(
        WRONG,
        "{0} needs the disk {1}, which is not available there.",
        "{0} a besoin du disque {1}, qui n’y est pas disponible.",
    ),
    "VM_HOST_INCOMPATIBLE_VERSION": Refusal(
        WRONG,
        "The host {0} runs an older version than the one {1} is on.",
        "L’hôte {0} a une version plus ancienne que celui où se trouve {1}.",
    ),
    "VM_HOST_INCOMPATIBLE_VERSION_MIGRATE": Refusal(
        WRONG,
        "The host {0} runs an older version than the one {1} is on.",
        "L’hôte {0} a une version plus ancienne que celui où se trouve {1}.",
    ),
    "VM_INCOMPATIBLE_WITH_THIS_HOST": Refusal(
        WRONG, "{0} cannot run on {1}: {2}", "{0} ne peut pas fonctionner sur {1} : {2}"
    ),
    "VM_MIGRATE_FAILED": Refusal(
        TROUBLE, "{0} could not be migrated from {1} to {2}: {3}", "{0} n’a pas pu être migrée de {1} vers {2} : {3}"
    ),
    "VM_IS_IMMOBILE": Refusal(
        WRONG,
        "{0} cannot be moved while it runs (nested virtualisation, or marked so).",
        "{0} ne peut pas être déplacée en marche (virtualisation imbriquée, ou marquée ainsi).",
    ),
    "VM_HAS_VGPU": Refusal(
        WRONG, "{0} has a virtual GPU: that does not go together.", "{0} a un GPU virtuel : cela ne va pas ensemble."
    ),
    "VM_HAS_VUSBS": Refusal(
        WRONG,
        "{0} has USB devices passed through: detach them first.",
        "{0} a des périphériques USB attachés : détachez-les d’abord.",
    ),
    "VM_HAS_PCI_ATTACHED": Refusal(
        WRONG,
        "{0} has PCI devices passed through: detach them first.",
        "{0} a des périphériques PCI attachés : détachez-les d’abord.",
    ),
    "VM_HAS_CHECKPOINT": Refusal(
        WRONG,
        "{0} has a snapshot with memory: delete that first.",
        "{0} a un instantané avec mémoire : supprimez-le d’abord.",
    ),
    "VM_HAS_TOO_MANY_SNAPSHOTS": Refusal(
        WRONG,
        "{0} has more than one snapshot: that cannot be moved so.",
        "{0} a plus d’un instantané : elle ne peut pas être déplacée ainsi.",
    ),
    "VM_HAS_NO_SUSPEND_VDI": Refusal(
        WRONG, "The saved memory of {0} is missing.", "La mémoire enregistrée de {0} est absente."
    ),
    "VM_REVERT_FAILED": Refusal(
        TROUBLE, "The snapshot {0} could not be restored.", "L’instantané {0} n’a pas pu être restauré."
    ),
    "VM_CHECKPOINT_SUSPEND_FAILED": Refusal(
        TROUBLE,
        "{0} could not be paused for its snapshot with memory.",
        "{0} n’a pas pu être figée pour l’instantané avec mémoire.",
    ),
    "VM_CHECKPOINT_RESUME_FAILED": Refusal(
        TROUBLE,
        "{0} could not go on after its snapshot with memory.",
        "{0} n’a pas pu reprendre après l’instantané avec mémoire.",
    ),
    "VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED": Refusal(
        CANNOT, "{0} cannot be quiesced for a snapshot.", "{0} ne peut pas être mise au repos pour un instantané."
    ),
    "VM_DUPLICATE_VBD_DEVICE": Refusal(
        WRONG, "{0} has two disks at the place {2}.", "{0} a deux disques à la même place {2}."
    ),
    "VM_CANNOT_DELETE_DEFAULT_TEMPLATE": Refusal(
        WRONG,
        "The templates that come with XenServer cannot be deleted.",
        "Les modèles fournis avec XenServer ne peuvent pas être supprimés.",
    ),
    "VM_IS_PROTECTED": Refusal(WRONG, "{0} is protected by HA.", "{0} est protégée par la haute disponibilité."),
    "VM_ATTACHED_TO_MORE_THAN_ONE_VDI_WITH_TIMEOFFSET_MARKED_AS_RESET_ON_BOOT": Refusal(
        WRONG,
        "{0} has more than one disk that is reset at each start.",
        "{0} a plusieurs disques remis à zéro à chaque démarrage.",
    ),
    "PROVISION_ONLY_ALLOWED_ON_TEMPLATE": Refusal(
        WRONG, "Only a template can be provisioned.", "Seul un modèle peut être déployé."
    ),
    "REVERT_ONLY_ALLOWED_ON_SNAPSHOT": Refusal(
        WRONG, "Only to a snapshot can be gone back.", "On ne peut revenir qu’à un instantané."
    ),
    "MEMORY_CONSTRAINT_VIOLATION": Refusal(
        BAD, "These amounts of memory do not go together: {0}", "Ces quantités de mémoire ne vont pas ensemble : {0}"
    ),
    "MEMORY_CONSTRAINT_VIOLATION_ORDER": Refusal(
        BAD,
        "The amounts of memory must rise: static minimum, dynamic minimum, dynamic maximum, static maximum.",
        "Les quantités de mémoire doivent croître : minimum statique et dynamique, maximum dynamique et statique.",
    ),
    "MEMORY_CONSTRAINT_VIOLATION_MAXPIN": Refusal(
        BAD,
        "The dynamic minimum, dynamic maximum and static maximum must be equal here: {0}",
        "Le minimum dynamique et les maximums dynamique et statique doivent être égaux ici : {0}",
    ),
    "BOOTLOADER_FAILED": Refusal(
        TROUBLE, "The boot loader of {0} failed: {1}", "Le chargeur d’amorçage de {0} a échoué : {1}"
    ),
    "DOMAIN_EXISTS": Refusal(WRONG, "{0} still has a domain on its host.", "{0} a encore un domaine sur son hôte."),
    "CANNOT_RESET_CONTROL_DOMAIN": Refusal(
        WRONG,
        "The power state of a control domain cannot be reset.",
        "L’état d’un domaine de contrôle ne peut pas être remis à zéro.",
    ),
    "VM_REQUIRES_VGPU": Refusal(
        WRONG,
        "{0} needs a virtual GPU ({2}) for which the host has no room.",
        "{0} a besoin d’un GPU virtuel ({2}) pour lequel l’hôte n’a pas de place.",
    ),
    "VM_REQUIRES_VUSB": Refusal(
        WRONG,
        "{0} needs a USB device ({1}) that the host does not have.",
        "{0} a besoin d’un périphérique USB ({1}) que l’hôte n’a pas.",
    ),
    "VM_UNSAFE_BOOT": Refusal(
        WRONG,
        "The pool thinks that it is not safe to start {0} now.",
        "Le pool juge qu’il n’est pas sûr de démarrer {0} maintenant.",
    ),
    "VM_HOST_INCOMPATIBLE_VIRTUAL_HARDWARE_PLATFORM_VERSION": Refusal(
        WRONG,
        "The host {0} is too old for the virtual hardware of {2}.",
        "L’hôte {0} est trop ancien pour le matériel virtuel de {2}.",
    ),
    "VM_HAS_SRIOV_VIF": Refusal(
        WRONG,
        "{0} has SR-IOV network interfaces: remove them first.",
        "{0} a des interfaces réseau SR-IOV : retirez-les d’abord.",
    ),
    "VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED": Refusal(
        TROUBLE, "The host to migrate to does not answer.", "L’hôte de destination ne répond pas."
    ),
    "VM_FAILED_SUSPEND_ACKNOWLEDGMENT": Refusal(
        WRONG,
        "The guest of {0} does not react to the request to suspend.",
        "Le système de {0} ne réagit pas à la demande de suspension.",
    ),
    "VM_SUSPEND_TIMEOUT": Refusal(
        WRONG,
        "The guest of {0} did not suspend within {1} seconds.",
        "Le système de {0} ne s’est pas suspendu en {1} secondes.",
    ),
    "UNKNOWN_BOOTLOADER": Refusal(
        WRONG,
        "{0} wants the boot loader {1}, which the host does not know.",
        "{0} demande le chargeur d’amorçage {1}, inconnu de l’hôte.",
    ),
    "FAILED_TO_START_EMULATOR": Refusal(
        TROUBLE, "A part of {0} could not be started ({1}): {2}", "Une partie de {0} n’a pas pu démarrer ({1}) : {2}"
    ),
    "VMS_FAILED_TO_COOPERATE": Refusal(
        WRONG,
        "The VMs on the host do not give back memory as they should.",
        "Les VM de l’hôte ne rendent pas la mémoire comme prévu.",
    ),
    "BALLOONING_TIMEOUT_BEFORE_MIGRATION": Refusal(
        WRONG,
        "{0} did not give back memory in time: migrate it later, or stop what fills its memory.",
        "{0} n’a pas rendu de mémoire à temps : migrez-la plus tard, ou libérez sa mémoire.",
    ),
    "BALLOONING_DISABLED": Refusal(
        WRONG,
        "Memory cannot be changed while the VM runs: ballooning is off.",
        "La mémoire ne peut pas changer quand la VM fonctionne : le ballooning est désactivé.",
    ),
    "VM_MEMORY_TARGET_WAIT_TIMEOUT": Refusal(
        WRONG,
        "The guest of {0} did not change its memory in time.",
        "Le système de {0} n’a pas changé sa mémoire à temps.",
    ),
    "VM_MEMORY_SIZE_TOO_LOW": Refusal(
        WRONG, "{0} has too little memory to be started.", "{0} a trop peu de mémoire pour démarrer."
    ),
    "VM_TOO_MANY_VCPUS": Refusal(
        WRONG, "{0} has more CPUs than a VM may have.", "{0} a plus de processeurs qu’une VM ne peut en avoir."
    ),
    "VCPU_MAX_NOT_CORES_PER_SOCKET_MULTIPLE": Refusal(
        BAD,
        "The most CPUs ({0}) must be a multiple of the cores per socket ({1}).",
        "Le maximum de processeurs ({0}) doit être un multiple des cœurs par socket ({1}).",
    ),
    "VM_NOT_RESIDENT_HERE": Refusal(
        WRONG, "{0} does not run on the host {1}.", "{0} ne fonctionne pas sur l’hôte {1}."
    ),
    "VM_NO_CRASHDUMP_SR": Refusal(
        WRONG,
        "There is no storage repository for the crash dumps of {0}.",
        "Aucun stockage n’est prévu pour les vidages mémoire de {0}.",
    ),
    "VM_NO_EMPTY_CD_VBD": Refusal(WRONG, "{0} has no empty CD drive.", "{0} n’a pas de lecteur de CD vide."),
    "NOT_SYSTEM_DOMAIN": Refusal(WRONG, "{0} is not a system domain.", "{0} n’est pas un domaine système."),
    "DUPLICATE_VM": Refusal(WRONG, "The pool has this VM already ({0}).", "Le pool a déjà cette VM ({0})."),
    "VM_PV_DRIVERS_IN_USE": Refusal(
        WRONG, "The PV drivers of {0} are still in use.", "Les pilotes PV de {0} sont encore utilisés."
    ),
    "VM_SNAPSHOT_FAILED": Refusal(TROUBLE, "{0} could not be snapshotted.", "L’instantané de {0} a échoué."),
    "VM_SNAPSHOT_WITH_QUIESCE_FAILED": Refusal(
        TROUBLE, "{0} could not be quiesced for a snapshot.", "{0} n’a pas pu être mise au repos pour un instantané."
    ),
    "VM_SNAPSHOT_WITH_QUIESCE_TIMEOUT": Refusal(
        TROUBLE,
        "{0} was not quiesced for a snapshot in time.",
        "{0} n’a pas été mise au repos à temps pour un instantané.",
    ),
    "VM_SNAPSHOT_WITH_QUIESCE_PLUGIN_DEOS_NOT_RESPOND": Refusal(
        TROUBLE,
        "The snapshot service in the guest of {0} does not answer.",
        "Le service d’instantanés du système de {0} ne répond pas.",
    ),
    "VM_IS_PART_OF_AN_APPLIANCE": Refusal(
        WRONG,
        "{0} is part of the appliance {1}: take it out first.",
        "{0} fait partie de l’ensemble {1} : retirez-la d’abord.",
    ),
    "VM_ASSIGNED_TO_SNAPSHOT_SCHEDULE": Refusal(
        WRONG,
        "{0} is in the pool's snapshot schedule {1}: take it out first.",
        "{0} est dans la planification d’instantanés {1} du pool : retirez-la d’abord.",
    ),
    "VM_ASSIGNED_TO_PROTECTION_POLICY": Refusal(
        WRONG,
        "{0} is in the pool's protection policy {1}: take it out first.",
        "{0} est dans la politique de protection {1} du pool : retirez-la d’abord.",
    ),
    "VM_BIOS_STRINGS_ALREADY_SET": Refusal(
        WRONG,
        "The BIOS texts of the VM are set already and cannot change.",
        "Les textes du BIOS de la VM sont déjà fixés et ne peuvent plus changer.",
    ),
    "VM_CALL_PLUGIN_RATE_LIMIT": Refusal(
        LATER,
        "That was asked of {0} a moment ago: wait {2} seconds.",
        "Cela vient d’être demandé à {0} : attendez {2} secondes.",
    ),
    "VM_IS_USING_NESTED_VIRT": Refusal(
        WRONG,
        "{0} uses nested virtualisation, which does not allow that.",
        "{0} utilise la virtualisation imbriquée, qui ne le permet pas.",
    ),
    "VM_PCI_BUS_FULL": Refusal(
        WRONG, "{0} has no free place for another PCI device.", "{0} n’a plus de place pour un périphérique PCI."
    ),
    "VM_TO_IMPORT_IS_NOT_NEWER_VERSION": Refusal(
        WRONG,
        "The pool has {0} already, in version {1}, and the file holds version {2}.",
        "Le pool a déjà {0} en version {1}, et le fichier contient la version {2}.",
    ),
    "FEATURE_REQUIRES_HVM": Refusal(
        WRONG, "The VM must be an HVM machine for that: {0}", "La VM doit être une machine HVM pour cela : {0}"
    ),
    "SUSPEND_IMAGE_NOT_ACCESSIBLE": Refusal(
        WRONG,
        "The saved memory ({0}) cannot be reached from the host.",
        "La mémoire enregistrée ({0}) n’est pas accessible depuis l’hôte.",
    ),
    "PROVISION_FAILED_OUT_OF_SPACE": Refusal(
        WRONG,
        "There is not enough space for the disks of the new VM.",
        "Il n’y a pas assez de place pour les disques de la nouvelle VM.",
    ),
    "DISK_VBD_MUST_BE_READWRITE_FOR_HVM": Refusal(
        BAD,
        "The disks of an HVM machine must be writable.",
        "Les disques d’une machine HVM doivent être accessibles en écriture.",
    ),
    "ILLEGAL_VBD_DEVICE": Refusal(
        BAD,
        "There is no place {1} for a disk: give a number from 0 on.",
        "Il n’y a pas de place {1} pour un disque : donnez un nombre à partir de 0.",
    ),
    "VGPU_DESTINATION_INCOMPATIBLE": Refusal(
        WRONG,
        "The virtual GPU does not fit any GPU of the host {2}: {0}",
        "Le GPU virtuel ne convient à aucun GPU de l’hôte {2} : {0}",
    ),
    "VGPU_SUSPENSION_NOT_SUPPORTED": Refusal(
        WRONG,
        "A VM with this virtual GPU cannot be suspended: {0}",
        "Une VM avec ce GPU virtuel ne peut pas être suspendue : {0}",
    ),
    "VGPU_GUEST_DRIVER_LIMIT": Refusal(
        WRONG,
        "The GPU driver in {1} does not allow migration: {0}",
        "Le pilote GPU de {1} ne permet pas la migration : {0}",
    ),
    "VGPU_TYPE_NOT_ENABLED": Refusal(
        WRONG, "The GPU does not offer virtual GPUs of the type {0}.", "Le GPU n’offre pas de GPU virtuels du type {0}."
    ),
    "VGPU_TYPE_NOT_SUPPORTED": Refusal(
        CANNOT, "The GPU cannot be a virtual GPU of the type {0}.", "Le GPU ne peut pas fournir le type {0}."
    ),
    "VGPU_TYPE_NOT_COMPATIBLE": Refusal(
        WRONG,
        "The VM has virtual GPUs with which {0} does not go together.",
        "La VM a des GPU virtuels avec lesquels {0} ne va pas.",
    ),
    "PGPU_IN_USE_BY_VM": Refusal(WRONG, "Running VMs use this GPU: {0}.", "Des VM en marche utilisent ce GPU : {0}."),
    "PGPU_INSUFFICIENT_CAPACITY_FOR_VGPU": Refusal(
        WRONG,
        "The GPU has no room for another virtual GPU of the type {1}.",
        "Le GPU n’a plus de place pour un GPU virtuel du type {1}.",
    ),
    "TOO_MANY_VUSBS": Refusal(
        WRONG, "The VM has too many USB devices ({0}).", "La VM a trop de périphériques USB ({0})."
    ),
    "USB_ALREADY_ATTACHED": Refusal(
        WRONG, "The USB device belongs to {1} already.", "Le périphérique USB appartient déjà à {1}."
    ),
    "USB_GROUP_CONFLICT": Refusal(WRONG, "Another VM has this USB device.", "Une autre VM a ce périphérique USB."),
    "DOMAIN_BUILDER_ERROR": Refusal(
        TROUBLE, "The host could not build the VM: {2}", "L’hôte n’a pas pu construire la VM : {2}"
    ),
    "TOO_MANY_GROUPS": Refusal(WRONG, "A VM can be in one group only.", "Une VM ne peut être que dans un groupe."),
    "SYSPREP": Refusal(
        TROUBLE, "{0} could not be prepared (sysprep): {1}", "{0} n’a pas pu être préparée (sysprep) : {1}"
    ),
}
