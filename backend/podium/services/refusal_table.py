"""What XAPI's failures mean: by code the kind of error it is here, and a sentence for people in each language.

`{0}`, `{1}` ... are the failure's parameters as people know them (names instead of refs). Codes and parameters:
PROTOCOL.md 9; XAPI adds, omits or swaps some, so a sentence must read well enough without them. The web client's
catalogue of them is made from this file by `tools/gen_refusals.py`.
"""

from typing import Final, NamedTuple

from podium.errors import (
    Aborted,
    IncorrectState,
    InvalidParameters,
    NotFound,
    NotSupported,
    OperationInProgress,
    PodiumError,
    PoolError,
    PoolRefused,
    PoolUnreachable,
    Unavailable,
)


class Refusal(NamedTuple):
    """One code's meaning."""

    kind: type[PodiumError]
    en: str
    fr: str


_WRONG: Final = IncorrectState
_BAD: Final = InvalidParameters
_CANNOT: Final = NotSupported
_TROUBLE: Final = PoolError
_LATER: Final = Unavailable

_ROWS: Final[dict[str, tuple[type[PodiumError], str, str]]] = {
    # the session and the host that answers
    "SESSION_AUTHENTICATION_FAILED": (
        PoolRefused,
        "The pool refused the user name or password that Podium uses for it: correct them in the server's settings.",
        "Le pool a refusé le nom d’utilisateur ou le mot de passe que Podium utilise : corrigez-les dans le serveur.",
    ),
    "SESSION_AUTHORIZATION_FAILED": (
        PoolRefused,
        "The account that Podium uses at the pool has no access to it.",
        "Le compte que Podium utilise n’a pas accès à ce pool.",
    ),
    "SESSION_INVALID": (
        PoolUnreachable,
        "The session at the pool has ended; a new one begins. Try again in a moment.",
        "La session auprès du pool est terminée ; une nouvelle commence. Réessayez dans un instant.",
    ),
    "SESSION_NOT_REGISTERED": (
        _TROUBLE,
        "The pool does not know our subscription to its events.",
        "Le pool ne connaît pas notre abonnement à ses événements.",
    ),
    "HOST_IS_SLAVE": (
        PoolUnreachable,
        "The pool has another coordinator now ({0}). Try again in a moment.",
        "Le pool a maintenant un autre coordinateur ({0}). Réessayez dans un instant.",
    ),
    "HOST_STILL_BOOTING": (
        _LATER,
        "The host is still starting. Try again in a moment.",
        "L’hôte démarre encore. Réessayez dans un instant.",
    ),
    "HOST_BROKEN": (
        _LATER,
        "The host is in emergency mode or starting: it takes no commands now.",
        "L’hôte est en mode d’urgence ou démarre : il ne prend pas de commandes.",
    ),
    "HOST_IN_EMERGENCY_MODE": (
        _LATER,
        "The host has lost its pool and is in emergency mode.",
        "L’hôte a perdu son pool et se trouve en mode d’urgence.",
    ),
    "HOST_UNKNOWN_TO_MASTER": (
        _TROUBLE,
        "The coordinator does not know the host {0}.",
        "Le coordinateur ne connaît pas l’hôte {0}.",
    ),
    "HOST_MASTER_CANNOT_TALK_BACK": (
        _TROUBLE,
        "The coordinator cannot reach the host back at {0}.",
        "Le coordinateur ne peut pas joindre l’hôte à l’adresse {0}.",
    ),
    "HOST_OFFLINE": (_TROUBLE, "The host {0} does not answer its pool.", "L’hôte {0} ne répond pas à son pool."),
    "CANNOT_CONTACT_HOST": (
        _TROUBLE,
        "The pool cannot reach the host {0}.",
        "Le pool ne peut pas joindre l’hôte {0}.",
    ),
    "HOST_HAS_NO_MANAGEMENT_IP": (
        _TROUBLE,
        "The host has no management address.",
        "L’hôte n’a pas d’adresse d’administration.",
    ),
    "RBAC_PERMISSION_DENIED": (
        PoolRefused,
        "The account that Podium uses at the pool may not do this ({0}): use one with a higher role.",
        "Le compte que Podium utilise n’a pas ce droit ({0}) : utilisez un compte de rôle supérieur.",
    ),
    "PERMISSION_DENIED": (PoolRefused, "The pool does not permit this: {0}", "Le pool ne permet pas cela : {0}"),
    # the call itself
    "MESSAGE_METHOD_UNKNOWN": (
        _CANNOT,
        "This version of XenServer does not know {0}.",
        "Cette version de XenServer ne connaît pas {0}.",
    ),
    "MESSAGE_PARAMETER_COUNT_MISMATCH": (
        _CANNOT,
        "This version of XenServer takes {0} with {1} parameters, not {2}.",
        "Cette version de XenServer attend {1} paramètres pour {0}, et non {2}.",
    ),
    "MESSAGE_REMOVED": (
        _CANNOT,
        "This version of XenServer does not do that any more.",
        "Cette version de XenServer ne fait plus cela.",
    ),
    "MESSAGE_DEPRECATED": (
        _CANNOT,
        "This version of XenServer does not do that any more.",
        "Cette version de XenServer ne fait plus cela.",
    ),
    "NOT_IMPLEMENTED": (_CANNOT, "The pool does not do {0}.", "Le pool ne fait pas {0}."),
    "INTERNAL_ERROR": (
        _TROUBLE,
        "The pool itself failed: {0}. Its log (xensource.log) says more.",
        "Le pool lui-même a échoué : {0}. Son journal (xensource.log) en dit plus.",
    ),
    "INVALID_VALUE": (
        _BAD,
        "The pool does not accept the value {1} for {0}.",
        "Le pool n’accepte pas la valeur {1} pour {0}.",
    ),
    "VALUE_NOT_SUPPORTED": (
        _BAD,
        "The value {1} is not supported for {0}: {2}",
        "La valeur {1} n’est pas admise pour {0} : {2}",
    ),
    "FIELD_TYPE_ERROR": (_BAD, "The value of {0} has the wrong type.", "La valeur de {0} n’a pas le bon type."),
    "MAP_DUPLICATE_KEY": (
        _WRONG,
        "Somebody else set {3} in {1} at the same moment. Try again.",
        "Quelqu’un d’autre a modifié {3} dans {1} au même moment. Réessayez.",
    ),
    "HANDLE_INVALID": (NotFound, "This {0} does not exist any more.", "Cet objet ({0}) n’existe plus."),
    "UUID_INVALID": (NotFound, "There is no {0} {1}.", "Il n’y a pas de {0} {1}."),
    "DB_UNIQUENESS_CONSTRAINT_VIOLATION": (
        _WRONG,
        "There is already a {0} whose {1} is {2}.",
        "Il existe déjà un objet {0} dont {1} vaut {2}.",
    ),
    "EVENTS_LOST": (
        _LATER,
        "The pool lost events; everything is being loaded again.",
        "Le pool a perdu des événements ; tout est en cours de rechargement.",
    ),
    "EVENT_FROM_TOKEN_PARSE_FAILURE": (
        _TROUBLE,
        "The pool does not understand our place in its events.",
        "Le pool ne comprend pas notre position dans ses événements.",
    ),
    "EVENT_SUBSCRIPTION_PARSE_FAILURE": (
        _TROUBLE,
        "The pool does not understand the subscription {0}.",
        "Le pool ne comprend pas l’abonnement {0}.",
    ),
    "TASK_CANCELLED": (Aborted, "It was cancelled.", "L’opération a été annulée."),
    "TOO_MANY_PENDING_TASKS": (
        _LATER,
        "The pool has too much to do. Try again later.",
        "Le pool a trop à faire. Réessayez plus tard.",
    ),
    "OTHER_OPERATION_IN_PROGRESS": (
        OperationInProgress,
        "{1} is busy: {2} is under way. Wait for its end and try again.",
        "{1} est occupé : {2} est en cours. Attendez la fin et réessayez.",
    ),
    "OPERATION_NOT_ALLOWED": (_WRONG, "This is not possible now: {0}", "Ce n’est pas possible maintenant : {0}"),
    "OPERATION_BLOCKED": (
        _WRONG,
        "Somebody has blocked this operation on {0}: {1}. Unblock it in its settings first.",
        "Cette opération est bloquée sur {0} : {1}. Débloquez-la d’abord dans ses réglages.",
    ),
    "OPERATION_PARTIALLY_FAILED": (
        _TROUBLE,
        "Only a part of {0} succeeded.",
        "Une partie seulement de {0} a réussi.",
    ),
    # VMs
    "VM_BAD_POWER_STATE": (
        _WRONG,
        "{0} must be {1} for that, and it is {2}.",
        "{0} doit être {1} pour cela, et se trouve {2}.",
    ),
    "VM_IS_TEMPLATE": (
        _WRONG,
        "{0} is a template: that cannot be done to it.",
        "{0} est un modèle : cela ne peut pas lui être fait.",
    ),
    "VM_IS_SNAPSHOT": (
        _WRONG,
        "{0} is a snapshot: that cannot be done to it.",
        "{0} est un instantané : cela ne peut pas lui être fait.",
    ),
    "VM_LACKS_FEATURE": (
        _WRONG,
        "The guest of {0} does not support that: install its management agent, or use the forced form.",
        "Le système de {0} ne le permet pas : installez l’agent de gestion, ou forcez l’opération.",
    ),
    "VM_MISSING_PV_DRIVERS": (
        _WRONG,
        "{0} has no PV drivers: install the guest tools first.",
        "{0} n’a pas de pilotes PV : installez d’abord les outils invité.",
    ),
    "VM_OLD_PV_DRIVERS": (
        _WRONG,
        "The PV drivers of {0} are too old ({1}.{2}).",
        "Les pilotes PV de {0} sont trop anciens ({1}.{2}).",
    ),
    "VM_NON_SUSPENDABLE": (_WRONG, "{0} cannot be suspended: {1}", "{0} ne peut pas être suspendue : {1}"),
    "VM_HVM_REQUIRED": (
        _CANNOT,
        "{0} needs a host with hardware virtualisation.",
        "{0} a besoin d’un hôte avec la virtualisation matérielle.",
    ),
    "VM_NO_VCPUS": (_WRONG, "{0} has no CPU.", "{0} n’a pas de processeur."),
    "VM_NO_SUSPEND_SR": (
        _WRONG,
        "There is no storage repository to suspend {0} to: set one for the VM or its pool.",
        "Aucun stockage n’est prévu pour suspendre {0} : choisissez-en un pour la VM ou son pool.",
    ),
    "VM_SHUTDOWN_TIMEOUT": (
        _WRONG,
        "The guest of {0} did not shut down within {1} seconds. Shut it down from inside, or force it.",
        "Le système de {0} ne s’est pas arrêté en {1} secondes. Arrêtez-le de l’intérieur, ou forcez l’arrêt.",
    ),
    "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT": (
        _WRONG,
        "The guest of {0} does not react to the request to shut down. Force it if that is safe.",
        "Le système de {0} ne réagit pas à la demande d’arrêt. Forcez-le si c’est sans danger.",
    ),
    "VM_CRASHED": (_TROUBLE, "{0} crashed meanwhile.", "{0} s’est arrêtée brutalement entre-temps."),
    "VM_HALTED": (_WRONG, "{0} was shut down meanwhile.", "{0} a été arrêtée entre-temps."),
    "VM_REBOOTED": (_WRONG, "{0} was rebooted meanwhile.", "{0} a été redémarrée entre-temps."),
    "VM_REQUIRES_SR": (
        _WRONG,
        "{0} needs the storage repository {1}, which the host does not see.",
        "{0} a besoin du stockage {1}, que l’hôte ne voit pas.",
    ),
    "VM_REQUIRES_NETWORK": (
        _WRONG,
        "{0} needs the network {1}, which the host does not have.",
        "{0} a besoin du réseau {1}, que l’hôte n’a pas.",
    ),
    "VM_REQUIRES_GPU": (
        _WRONG,
        "{0} needs a GPU of the group {1}, which the host does not have.",
        "{0} a besoin d’un GPU du groupe {1}, que l’hôte n’a pas.",
    ),
    "VM_REQUIRES_IOMMU": (
        _WRONG,
        "{0} needs a host with an IOMMU, and that one has none.",
        "{0} a besoin d’un hôte avec IOMMU, et celui-ci n’en a pas.",
    ),
    "VM_REQUIRES_VDI": (
        _WRONG,
        "{0} needs the disk {1}, which is not available there.",
        "{0} a besoin du disque {1}, qui n’y est pas disponible.",
    ),
    "VM_HOST_INCOMPATIBLE_VERSION": (
        _WRONG,
        "The host {0} runs an older version than the one {1} is on.",
        "L’hôte {0} a une version plus ancienne que celui où se trouve {1}.",
    ),
    "VM_HOST_INCOMPATIBLE_VERSION_MIGRATE": (
        _WRONG,
        "The host {0} runs an older version than the one {1} is on.",
        "L’hôte {0} a une version plus ancienne que celui où se trouve {1}.",
    ),
    "VM_INCOMPATIBLE_WITH_THIS_HOST": (
        _WRONG,
        "{0} cannot run on {1}: {2}",
        "{0} ne peut pas fonctionner sur {1} : {2}",
    ),
    "VM_MIGRATE_FAILED": (
        _TROUBLE,
        "{0} could not be migrated from {1} to {2}: {3}",
        "{0} n’a pas pu être migrée de {1} vers {2} : {3}",
    ),
    "VM_IS_IMMOBILE": (
        _WRONG,
        "{0} cannot be moved while it runs (nested virtualisation, or marked so).",
        "{0} ne peut pas être déplacée en marche (virtualisation imbriquée, ou marquée ainsi).",
    ),
    "VM_HAS_VGPU": (
        _WRONG,
        "{0} has a virtual GPU: that does not go together.",
        "{0} a un GPU virtuel : cela ne va pas ensemble.",
    ),
    "VM_HAS_VUSBS": (
        _WRONG,
        "{0} has USB devices passed through: detach them first.",
        "{0} a des périphériques USB attachés : détachez-les d’abord.",
    ),
    "VM_HAS_PCI_ATTACHED": (
        _WRONG,
        "{0} has PCI devices passed through: detach them first.",
        "{0} a des périphériques PCI attachés : détachez-les d’abord.",
    ),
    "VM_HAS_CHECKPOINT": (
        _WRONG,
        "{0} has a snapshot with memory: delete that first.",
        "{0} a un instantané avec mémoire : supprimez-le d’abord.",
    ),
    "VM_HAS_TOO_MANY_SNAPSHOTS": (
        _WRONG,
        "{0} has more than one snapshot: that cannot be moved so.",
        "{0} a plus d’un instantané : elle ne peut pas être déplacée ainsi.",
    ),
    "VM_HAS_NO_SUSPEND_VDI": (
        _WRONG,
        "The saved memory of {0} is missing.",
        "La mémoire enregistrée de {0} est absente.",
    ),
    "VM_REVERT_FAILED": (
        _TROUBLE,
        "The snapshot {0} could not be restored.",
        "L’instantané {0} n’a pas pu être restauré.",
    ),
    "VM_CHECKPOINT_SUSPEND_FAILED": (
        _TROUBLE,
        "{0} could not be paused for its snapshot with memory.",
        "{0} n’a pas pu être figée pour l’instantané avec mémoire.",
    ),
    "VM_CHECKPOINT_RESUME_FAILED": (
        _TROUBLE,
        "{0} could not go on after its snapshot with memory.",
        "{0} n’a pas pu reprendre après l’instantané avec mémoire.",
    ),
    "VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED": (
        _CANNOT,
        "{0} cannot be quiesced for a snapshot.",
        "{0} ne peut pas être mise au repos pour un instantané.",
    ),
    "VM_DUPLICATE_VBD_DEVICE": (
        _WRONG,
        "{0} has two disks at the place {2}.",
        "{0} a deux disques à la même place {2}.",
    ),
    "VM_CANNOT_DELETE_DEFAULT_TEMPLATE": (
        _WRONG,
        "The templates that come with XenServer cannot be deleted.",
        "Les modèles fournis avec XenServer ne peuvent pas être supprimés.",
    ),
    "VM_IS_PROTECTED": (_WRONG, "{0} is protected by HA.", "{0} est protégée par la haute disponibilité."),
    "VM_ATTACHED_TO_MORE_THAN_ONE_VDI_WITH_TIMEOFFSET_MARKED_AS_RESET_ON_BOOT": (
        _WRONG,
        "{0} has more than one disk that is reset at each start.",
        "{0} a plusieurs disques remis à zéro à chaque démarrage.",
    ),
    "PROVISION_ONLY_ALLOWED_ON_TEMPLATE": (
        _WRONG,
        "Only a template can be provisioned.",
        "Seul un modèle peut être déployé.",
    ),
    "REVERT_ONLY_ALLOWED_ON_SNAPSHOT": (
        _WRONG,
        "Only to a snapshot can be gone back.",
        "On ne peut revenir qu’à un instantané.",
    ),
    "MEMORY_CONSTRAINT_VIOLATION": (
        _BAD,
        "These amounts of memory do not go together: {0}",
        "Ces quantités de mémoire ne vont pas ensemble : {0}",
    ),
    "MEMORY_CONSTRAINT_VIOLATION_ORDER": (
        _BAD,
        "The amounts of memory must rise: static minimum, dynamic minimum, dynamic maximum, static maximum.",
        "Les quantités de mémoire doivent croître : minimum statique et dynamique, maximum dynamique et statique.",
    ),
    "MEMORY_CONSTRAINT_VIOLATION_MAXPIN": (
        _BAD,
        "The dynamic minimum, dynamic maximum and static maximum must be equal here: {0}",
        "Le minimum dynamique et les maximums dynamique et statique doivent être égaux ici : {0}",
    ),
    "NO_HOSTS_AVAILABLE": (
        _WRONG,
        "No host of the pool can take the VM: none has the memory, the storage and the networks that it needs.",
        "Aucun hôte du pool ne peut accueillir la VM : il manque la mémoire, le stockage ou les réseaux nécessaires.",
    ),
    "HOST_NOT_ENOUGH_FREE_MEMORY": (
        _WRONG,
        "The host has too little free memory: {0} bytes are needed, {1} are free.",
        "L’hôte manque de mémoire libre : il faut {0} octets, il en reste {1}.",
    ),
    "HOST_NOT_ENOUGH_PCPUS": (
        _WRONG,
        "The host has fewer CPUs ({1}) than the VM ({0}).",
        "L’hôte a moins de processeurs ({1}) que la VM ({0}).",
    ),
    "HOST_DISABLED": (
        _WRONG,
        "The host {0} is disabled (maintenance): enable it first.",
        "L’hôte {0} est désactivé (maintenance) : activez-le d’abord.",
    ),
    "HOST_DISABLED_UNTIL_REBOOT": (
        _WRONG,
        "The host {0} stays disabled until it is rebooted.",
        "L’hôte {0} reste désactivé jusqu’à son redémarrage.",
    ),
    "HOST_DISABLED_INDEFINITELY": (
        _WRONG,
        "The host {0} stays disabled until somebody enables it.",
        "L’hôte {0} reste désactivé jusqu’à ce que quelqu’un l’active.",
    ),
    "HOST_NOT_DISABLED": (
        _WRONG,
        "The host must be disabled (maintenance) first.",
        "L’hôte doit d’abord être désactivé (maintenance).",
    ),
    "HOST_NOT_LIVE": (_WRONG, "The host is not running.", "L’hôte n’est pas en marche."),
    "HOST_IS_LIVE": (
        _WRONG,
        "The host {0} is running: shut it down first.",
        "L’hôte {0} est en marche : arrêtez-le d’abord.",
    ),
    "HOST_IN_USE": (
        _WRONG,
        "The host {0} still has something on it: {2}. Move it away or shut it down first.",
        "L’hôte {0} a encore quelque chose : {2}. Déplacez-le ou arrêtez-le d’abord.",
    ),
    "HOST_HAS_RESIDENT_VMS": (
        _WRONG,
        "The host {0} still has VMs on it.",
        "L’hôte {0} a encore des machines virtuelles.",
    ),
    "HOST_CANNOT_ATTACH_NETWORK": (
        _WRONG,
        "The host {0} cannot attach the network {1}.",
        "L’hôte {0} ne peut pas attacher le réseau {1}.",
    ),
    "HOST_POWER_ON_MODE_DISABLED": (
        _WRONG,
        "The host cannot be started from here: set its power-on mode (Wake-on-LAN, IPMI) first.",
        "L’hôte ne peut pas être démarré d’ici : réglez d’abord son mode d’allumage (Wake-on-LAN, IPMI).",
    ),
    "CANNOT_EVACUATE_HOST": (
        _WRONG,
        "The host cannot be emptied: {0}",
        "L’hôte ne peut pas être vidé : {0}",
    ),
    "HOST_EVACUATE_IN_PROGRESS": (
        OperationInProgress,
        "The host {0} is being emptied already.",
        "L’hôte {0} est déjà en train d’être vidé.",
    ),
    "HOST_EVACUATE_VM_NOT_HA_PROTECTED": (
        _WRONG,
        "{0} is not protected by HA, and cannot be moved away so.",
        "{0} n’est pas protégée par la haute disponibilité et ne peut pas être déplacée ainsi.",
    ),
    "BOOTLOADER_FAILED": (
        _TROUBLE,
        "The boot loader of {0} failed: {1}",
        "Le chargeur d’amorçage de {0} a échoué : {1}",
    ),
    "DOMAIN_EXISTS": (_WRONG, "{0} still has a domain on its host.", "{0} a encore un domaine sur son hôte."),
    "CANNOT_RESET_CONTROL_DOMAIN": (
        _WRONG,
        "The power state of a control domain cannot be reset.",
        "L’état d’un domaine de contrôle ne peut pas être remis à zéro.",
    ),
    # devices and disks
    "DEVICE_ALREADY_ATTACHED": (_WRONG, "{0} is connected already.", "{0} est déjà connecté."),
    "DEVICE_ALREADY_DETACHED": (_WRONG, "{0} is disconnected already.", "{0} est déjà déconnecté."),
    "DEVICE_ALREADY_EXISTS": (_WRONG, "The place {0} is taken.", "La place {0} est prise."),
    "DEVICE_DETACH_REJECTED": (
        _WRONG,
        "The guest refuses to let the device go: {2}",
        "Le système invité refuse de libérer le périphérique : {2}",
    ),
    "DEVICE_DETACH_TIMEOUT": (
        _WRONG,
        "The guest did not let the device go in time.",
        "Le système invité n’a pas libéré le périphérique à temps.",
    ),
    "VBD_IS_EMPTY": (_WRONG, "The drive is empty.", "Le lecteur est vide."),
    "VBD_NOT_EMPTY": (
        _WRONG,
        "There is something in the drive: eject it first.",
        "Le lecteur n’est pas vide : éjectez d’abord.",
    ),
    "VBD_NOT_REMOVABLE_MEDIA": (_WRONG, "This is not a CD drive.", "Ce n’est pas un lecteur de CD."),
    "VBD_NOT_UNPLUGGABLE": (
        _WRONG,
        "This disk cannot be disconnected while the VM runs.",
        "Ce disque ne peut pas être déconnecté quand la VM fonctionne.",
    ),
    "VBD_TRAY_LOCKED": (_WRONG, "The guest holds the CD drive closed.", "Le système invité garde le lecteur fermé."),
    "VBD_MISSING": (_TROUBLE, "The drive is missing.", "Le lecteur est absent."),
    "VBD_CDS_MUST_BE_READONLY": (_BAD, "A CD can only be read.", "Un CD est en lecture seule."),
    "INVALID_DEVICE": (_BAD, "There is no place {0}.", "Il n’y a pas de place {0}."),
    "MAC_INVALID": (_BAD, "{0} is not a MAC address.", "{0} n’est pas une adresse MAC."),
    "MAC_STILL_EXISTS": (_WRONG, "The MAC address {0} is in use.", "L’adresse MAC {0} est utilisée."),
    "DUPLICATE_MAC_SEED": (
        _WRONG,
        "Another VM has the same MAC addresses ({0}).",
        "Une autre VM a les mêmes adresses MAC ({0}).",
    ),
    "VDI_IN_USE": (_WRONG, "The disk {0} is in use.", "Le disque {0} est utilisé."),
    "VDI_READONLY": (_WRONG, "The disk {0} can only be read.", "Le disque {0} est en lecture seule."),
    "VDI_NOT_MANAGED": (
        _WRONG,
        "The disk {0} is not managed by the pool.",
        "Le disque {0} n’est pas géré par le pool.",
    ),
    "VDI_NOT_AVAILABLE": (_WRONG, "The disk {0} is not available.", "Le disque {0} n’est pas disponible."),
    "VDI_IS_A_PHYSICAL_DEVICE": (
        _WRONG,
        "{0} is a physical device.",
        "{0} est un périphérique physique.",
    ),
    "VDI_IS_NOT_ISO": (_BAD, "{0} is not an ISO image.", "{0} n’est pas une image ISO."),
    "VDI_IS_SHARABLE": (_WRONG, "The disk {0} is shared between VMs.", "Le disque {0} est partagé entre des VM."),
    "VDI_MISSING": (
        _TROUBLE,
        "The disk {1} is missing on {0}: scan the storage repository.",
        "Le disque {1} est absent de {0} : analysez le stockage.",
    ),
    "VDI_TOO_SMALL": (
        _BAD,
        "The disk {0} is too small: at least {1} bytes.",
        "Le disque {0} est trop petit : au moins {1} octets.",
    ),
    "VDI_TOO_LARGE": (
        _BAD,
        "The disk {0} is too large: at most {1} bytes.",
        "Le disque {0} est trop grand : au plus {1} octets.",
    ),
    "VDI_NOT_SPARSE": (
        _BAD,
        "The disk {0} cannot hold a sparse copy.",
        "Le disque {0} ne peut pas contenir une copie creuse.",
    ),
    "VDI_INCOMPATIBLE_TYPE": (
        _WRONG,
        "That does not go with the disk {0}, which is of the type {1}.",
        "Ce n’est pas possible avec le disque {0}, de type {1}.",
    ),
    "VDI_CBT_ENABLED": (
        _WRONG,
        "Changed block tracking is on for {0}: switch it off first.",
        "Le suivi des blocs modifiés est actif pour {0} : désactivez-le d’abord.",
    ),
    "VDI_NO_CBT_METADATA": (
        _WRONG,
        "There is no record of changed blocks for {0}.",
        "Il n’y a pas de relevé des blocs modifiés pour {0}.",
    ),
    "VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION": (
        _WRONG,
        "A disk that is reset at each start does not allow that.",
        "Un disque remis à zéro à chaque démarrage ne le permet pas.",
    ),
    "VDI_NOT_IN_MAP": (
        _BAD,
        "Say where the disk {0} is to go.",
        "Indiquez où le disque {0} doit aller.",
    ),
    "VIF_NOT_IN_MAP": (
        _BAD,
        "Say to which network the interface {0} is to go.",
        "Indiquez à quel réseau l’interface {0} doit aller.",
    ),
    "MIRROR_FAILED": (_TROUBLE, "The disk {0} could not be copied.", "Le disque {0} n’a pas pu être copié."),
    "VDI_IO_ERROR": (
        _TROUBLE,
        "A disk could not be read or written: {0}",
        "Un disque n’a pas pu être lu ou écrit : {0}",
    ),
    "VTPM_MAX_AMOUNT_REACHED": (_WRONG, "The VM has a vTPM already.", "La VM a déjà un vTPM."),
    # storage
    "SR_FULL": (
        _WRONG,
        "The storage repository is full: {0} bytes are needed, {1} are there.",
        "Le stockage est plein : il faut {0} octets, il y en a {1}.",
    ),
    "SR_HAS_NO_PBDS": (
        _WRONG,
        "No host is connected to the storage repository {0}: connect one first.",
        "Aucun hôte n’est connecté au stockage {0} : connectez-en un d’abord.",
    ),
    "SR_HAS_PBD": (
        _WRONG,
        "Hosts are connected to the storage repository {0}: disconnect them first.",
        "Des hôtes sont connectés au stockage {0} : déconnectez-les d’abord.",
    ),
    "SR_HAS_MULTIPLE_PBDS": (
        _WRONG,
        "More than one host is connected to the storage repository {0}.",
        "Plusieurs hôtes sont connectés au stockage {0}.",
    ),
    "SR_NOT_EMPTY": (
        _WRONG,
        "There are still disks on the storage repository: delete or move them first.",
        "Il reste des disques sur le stockage : supprimez-les ou déplacez-les d’abord.",
    ),
    "SR_INDESTRUCTIBLE": (
        _WRONG,
        "The storage repository {0} is marked as indestructible.",
        "Le stockage {0} est marqué comme indestructible.",
    ),
    "SR_NOT_ATTACHED": (
        _WRONG,
        "The storage repository {0} is not connected.",
        "Le stockage {0} n’est pas connecté.",
    ),
    "SR_NOT_SHARABLE": (
        _WRONG,
        "The storage repository {0} cannot be shared between hosts.",
        "Le stockage {0} ne peut pas être partagé entre hôtes.",
    ),
    "SR_OPERATION_NOT_SUPPORTED": (
        _CANNOT,
        "The kind of storage of {0} cannot do that.",
        "Le type de stockage de {0} ne le permet pas.",
    ),
    "SR_DOES_NOT_SUPPORT_MIGRATION": (
        _CANNOT,
        "Disks cannot be moved from or to {0} while they are in use.",
        "Les disques de {0} ne peuvent pas être déplacés pendant leur utilisation.",
    ),
    "SR_UNKNOWN_DRIVER": (
        _BAD,
        "The pool has no driver for the storage type {0}.",
        "Le pool n’a pas de pilote pour le type de stockage {0}.",
    ),
    "SR_BACKEND_FAILURE": (
        _TROUBLE,
        "The storage failed: {1} {2}",
        "Le stockage a échoué : {1} {2}",
    ),
    "SR_UUID_EXISTS": (_WRONG, "The pool has the storage repository {0} already.", "Le pool a déjà le stockage {0}."),
    "SR_DEVICE_IN_USE": (
        _WRONG,
        "The device is in use by another storage repository.",
        "Le périphérique est utilisé par un autre stockage.",
    ),
    "PBD_EXISTS": (_WRONG, "The host {1} is connected to {0} already.", "L’hôte {1} est déjà connecté à {0}."),
    "TOO_MANY_STORAGE_MIGRATES": (
        _LATER,
        "The host is moving {0} disks already: try again when one is done.",
        "L’hôte déplace déjà {0} disques : réessayez quand l’un d’eux est terminé.",
    ),
    "LICENCE_RESTRICTION": (
        _CANNOT,
        "The pool's licence does not include this: {0}",
        "La licence du pool n’inclut pas cela : {0}",
    ),
    "LICENSE_EXPIRED": (_CANNOT, "The licence of the host has expired.", "La licence de l’hôte a expiré."),
    "LICENSE_CHECKOUT_ERROR": (
        _TROUBLE,
        "The licence server does not answer as it should: {1}",
        "Le serveur de licences ne répond pas comme prévu : {1}",
    ),
    # networks
    "NETWORK_CONTAINS_PIF": (
        _WRONG,
        "Hosts use the network: {0}.",
        "Des hôtes utilisent le réseau : {0}.",
    ),
    "NETWORK_CONTAINS_VIF": (
        _WRONG,
        "VMs are connected to the network: disconnect them first.",
        "Des VM sont connectées au réseau : déconnectez-les d’abord.",
    ),
    "NETWORK_CONTAINS_VLAN": (
        _WRONG,
        "VLANs are on the network: remove them first.",
        "Des VLAN utilisent ce réseau : retirez-les d’abord.",
    ),
    "NETWORK_ALREADY_CONNECTED": (
        _WRONG,
        "The host {0} has the network already.",
        "L’hôte {0} a déjà ce réseau.",
    ),
    "CANNOT_DESTROY_SYSTEM_NETWORK": (
        _WRONG,
        "This network belongs to the system and cannot be deleted.",
        "Ce réseau appartient au système et ne peut pas être supprimé.",
    ),
    "BRIDGE_NAME_EXISTS": (_WRONG, "There is already a bridge {0}.", "Il existe déjà un pont {0}."),
    "PIF_IS_PHYSICAL": (_WRONG, "{0} is a physical interface.", "{0} est une interface physique."),
    "PIF_ALREADY_BONDED": (_WRONG, "{0} is part of a bond already.", "{0} fait déjà partie d’un agrégat."),
    "PIF_VLAN_EXISTS": (_WRONG, "The VLAN exists already on {0}.", "Le VLAN existe déjà sur {0}."),
    "PIF_VLAN_STILL_EXISTS": (
        _WRONG,
        "There are still VLANs on {0}: remove them first.",
        "Il reste des VLAN sur {0} : retirez-les d’abord.",
    ),
    "PIF_IS_MANAGEMENT_INTERFACE": (
        _WRONG,
        "{0} is the management interface: the host would be lost.",
        "{0} est l’interface d’administration : l’hôte serait perdu.",
    ),
    "PIF_IS_VLAN": (_WRONG, "{0} is a VLAN.", "{0} est un VLAN."),
    "PIF_HAS_NO_NETWORK_CONFIGURATION": (
        _WRONG,
        "{0} has no IP configuration.",
        "{0} n’a pas de configuration IP.",
    ),
    "PIF_DOES_NOT_ALLOW_UNPLUG": (
        _WRONG,
        "{0} must not be disconnected.",
        "{0} ne doit pas être déconnectée.",
    ),
    "PIF_CANNOT_BOND_CROSS_HOST": (
        _BAD,
        "The interfaces of a bond must be on one host.",
        "Les interfaces d’un agrégat doivent être sur un même hôte.",
    ),
    "PIF_BOND_NEEDS_MORE_MEMBERS": (
        _BAD,
        "A bond needs at least two interfaces.",
        "Un agrégat demande au moins deux interfaces.",
    ),
    "VLAN_TAG_INVALID": (_BAD, "{0} is not a VLAN tag: 0 to 4094.", "{0} n’est pas un numéro de VLAN : 0 à 4094."),
    "INVALID_IP_ADDRESS_SPECIFIED": (_BAD, "{0} is not a valid address.", "{0} n’est pas une adresse valide."),
    # pools and HA
    "HA_IS_ENABLED": (
        _WRONG,
        "HA is on: switch it off first.",
        "La haute disponibilité est active : désactivez-la d’abord.",
    ),
    "HA_NOT_ENABLED": (_WRONG, "HA is off.", "La haute disponibilité est désactivée."),
    "HA_NO_PLAN": (
        _WRONG,
        "HA cannot protect all VMs with the hosts that there are.",
        "La haute disponibilité ne peut pas protéger toutes les VM avec les hôtes présents.",
    ),
    "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN": (
        _WRONG,
        "HA could then not restart all protected VMs any more.",
        "La haute disponibilité ne pourrait alors plus redémarrer toutes les VM protégées.",
    ),
    "HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED": (
        _WRONG,
        "HA needs shared storage, and {0} is not shared.",
        "La haute disponibilité demande un stockage partagé, et {0} ne l’est pas.",
    ),
    "HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED": (
        _WRONG,
        "HA needs networks that all hosts have, and {0} is none.",
        "La haute disponibilité demande des réseaux communs à tous les hôtes, et {0} ne l’est pas.",
    ),
    "HA_TOO_FEW_HOSTS": (_WRONG, "HA needs more hosts.", "La haute disponibilité demande plus d’hôtes."),
    "HA_HOST_IS_ARMED": (
        _WRONG,
        "HA is armed on the host {0}.",
        "La haute disponibilité est armée sur l’hôte {0}.",
    ),
    "CANNOT_CREATE_STATE_FILE": (
        _WRONG,
        "No storage repository can hold the HA state file: shared NFS, iSCSI or HBA storage is needed.",
        "Aucun stockage ne peut contenir le fichier d’état : il faut un stockage partagé NFS, iSCSI ou HBA.",
    ),
    "NOT_SUPPORTED_DURING_UPGRADE": (
        _WRONG,
        "That is not possible while the pool is being upgraded.",
        "Ce n’est pas possible pendant la mise à niveau du pool.",
    ),
    "HOSTS_NOT_HOMOGENEOUS": (
        _WRONG,
        "The hosts are too different: {0}",
        "Les hôtes sont trop différents : {0}",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION": (
        _WRONG,
        "The host must have the same version as the pool.",
        "L’hôte doit avoir la même version que le pool.",
    ),
    "JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS": (
        _WRONG,
        "The host still has shared storage: forget it there first.",
        "L’hôte a encore un stockage partagé : oubliez-le d’abord.",
    ),
    "JOINING_HOST_CANNOT_HAVE_RUNNING_VMS": (
        _WRONG,
        "The host still has running VMs: shut them down first.",
        "L’hôte a encore des VM en marche : arrêtez-les d’abord.",
    ),
    "JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS": (
        _WRONG,
        "The host still has VMs that are busy.",
        "L’hôte a encore des VM occupées.",
    ),
    "JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS": (
        _WRONG,
        "The host is the coordinator of others: only a pool of one can join.",
        "L’hôte coordonne d’autres hôtes : seul un pool d’un hôte peut en rejoindre un autre.",
    ),
    "JOINING_HOST_CONNECTION_FAILED": (
        _TROUBLE,
        "The host could not reach the pool.",
        "L’hôte n’a pas pu joindre le pool.",
    ),
    "JOINING_HOST_SERVICE_FAILED": (
        _TROUBLE,
        "A service of the pool did not answer the host.",
        "Un service du pool n’a pas répondu à l’hôte.",
    ),
    "XENAPI_MISSING_PLUGIN": (
        _CANNOT,
        "The host has no plugin {0}.",
        "L’hôte n’a pas le greffon {0}.",
    ),
    "UNKNOWN_XENAPI_PLUGIN_FUNCTION": (
        _CANNOT,
        "The host's plugin is too old for that ({0}).",
        "Le greffon de l’hôte est trop ancien pour cela ({0}).",
    ),
    "XENAPI_PLUGIN_FAILURE": (
        _TROUBLE,
        "A plugin of the host failed: {2}",
        "Un greffon de l’hôte a échoué : {2}",
    ),
    # what is brought in
    "IMPORT_ERROR": (_BAD, "The import failed: {0}", "L’importation a échoué : {0}"),
    "IMPORT_ERROR_PREMATURE_EOF": (
        _BAD,
        "The file ends too early, or is not an export of a VM.",
        "Le fichier se termine trop tôt, ou n’est pas une exportation de VM.",
    ),
    "IMPORT_ERROR_SOME_CHECKSUMS_FAILED": (
        _BAD,
        "The file is damaged: checksums are wrong.",
        "Le fichier est endommagé : des sommes de contrôle sont fausses.",
    ),
    "IMPORT_ERROR_UNEXPECTED_FILE": (
        _BAD,
        "The file is not an export of a VM: {1} where {0} was expected.",
        "Le fichier n’est pas une exportation de VM : {1} au lieu de {0}.",
    ),
    "IMPORT_ERROR_CANNOT_HANDLE_CHUNKED": (
        _BAD,
        "The pool needs to know the length: send Content-Length.",
        "Le pool doit connaître la longueur : envoyez Content-Length.",
    ),
    "IMPORT_ERROR_FAILED_TO_FIND_OBJECT": (
        _BAD,
        "The file speaks of something that it does not hold: {0}",
        "Le fichier parle d’un objet qu’il ne contient pas : {0}",
    ),
    "IMPORT_ERROR_ATTACHED_DISKS_NOT_FOUND": (
        _BAD,
        "The file lacks disks of the VM.",
        "Il manque des disques de la VM dans le fichier.",
    ),
    "IMPORT_INCOMPATIBLE_VERSION": (
        _BAD,
        "The export was made by a newer version of XenServer.",
        "L’exportation vient d’une version plus récente de XenServer.",
    ),
}

TABLE: Final[dict[str, Refusal]] = {code: Refusal(*row) for code, row in _ROWS.items()}

BACKEND: Final[dict[int, tuple[str, str]]] = {
    16: ("the storage device is in use", "le périphérique de stockage est utilisé"),
    24: ("the disk is in use", "le disque est utilisé"),
    37: ("the disk cannot be shrunk or resized so", "le disque ne peut pas être réduit ou redimensionné ainsi"),
    38: ("the disk is missing", "le disque est absent"),
    39: ("the disk is locked", "le disque est verrouillé"),
    40: ("the storage repository exists already", "le stockage existe déjà"),
    44: ("there is not enough space", "il n’y a pas assez de place"),
    46: ("the disk does not exist", "le disque n’existe pas"),
    47: ("the storage cannot be reached", "le stockage est injoignable"),
    48: ("there is not enough space", "il n’y a pas assez de place"),
    72: ("the address of the server is not valid", "l’adresse du serveur n’est pas valide"),
    73: ("the NFS export could not be mounted", "le partage NFS n’a pas pu être monté"),
    78: ("the disk could not be created", "le disque n’a pas pu être créé"),
    80: ("the disk could not be deleted", "le disque n’a pas pu être supprimé"),
    87: ("the LUN cannot be reached", "le LUN est injoignable"),
    88: ("the LUN could not be mapped", "le LUN n’a pas pu être attribué"),
    90: ("the address of the server is missing", "l’adresse du serveur manque"),
    96: ("the IQN of the target is missing", "l’IQN de la cible manque"),
    98: ("the initiator is not known", "l’initiateur n’est pas connu"),
    101: ("a parameter is missing", "un paramètre manque"),
    102: ("the address of the server is missing", "l’adresse du serveur manque"),
    103: ("the path on the server is missing", "le chemin sur le serveur manque"),
    107: ("the SCSI id of the LUN is missing", "l’identifiant SCSI du LUN manque"),
    108: ("there is no device of that name", "aucun périphérique ne porte ce nom"),
    109: ("the storage format is not known", "le format du stockage est inconnu"),
    111: ("the ISO share could not be mounted", "le partage ISO n’a pas pu être monté"),
    140: ("the host name or its address is wrong", "le nom ou l’adresse de l’hôte est faux"),
    141: ("the iSCSI target does not answer", "la cible iSCSI ne répond pas"),
    150: ("a parameter is not valid", "un paramètre n’est pas valide"),
    222: ("the share could not be mounted", "le partage n’a pas pu être monté"),
}
"""The numbers of SR_BACKEND_FAILURE_<n> that people meet; the driver's own words follow."""
