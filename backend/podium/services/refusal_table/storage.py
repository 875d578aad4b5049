"""Refusals: storage repositories."""

from typing import Final

from podium.services.refusal_table.kinds import BAD, CANNOT, LATER, TROUBLE, WRONG, Refusal

STORAGE: Final[dict[str, Refusal]] = {
    "SR_FULL": Refusal(
        WRONG,
        "The storage repository is full: {0} is needed, {1} is there.",
        "Le stockage est plein : il faut {0}, il y a {1}.",
    ),
    "SR_HAS_NO_PBDS": Refusal(
        WRONG,
        "No host is connected to the storage repository {0}: connect one first.",
        "Aucun hôte n’est connecté au stockage {0} : connectez-en un d’abord.",
    ),
    "SR_HAS_PBD": Refusal(
        WRONG,
        "Hosts are connected to the storage repository {0}: disconnect them first.",
        "Des hôtes sont connectés au stockage {0} : déconnectez-les d’abord.",
    ),
    "SR_HAS_MULTIPLE_PBDS": Refusal(
        WRONG,
        "More than one host is connected to the storage repository {0}.",
        "Plusieurs hôtes sont connectés au stockage {0}.",
    ),
    "SR_NOT_EMPTY": Refusal(
        WRONG,
        "There are still disks on the storage repository: delete or move them first.",
        "Il reste des disques sur le stockage : supprimez-les ou déplacez-les d’abord.",
    ),
    "SR_INDESTRUCTIBLE": Refusal(
        WRONG,
        "The storage repository {0} is marked as indestructible.",
        "Le stockage {0} est marqué comme indestructible.",
    ),
    "SR_NOT_ATTACHED": Refusal(
        WRONG, "The storage repository {0} is not connected.", "Le stockage {0} n’est pas connecté."
    ),
    "SR_NOT_SHARABLE": Refusal(
        WRONG,
        "The storage repository {0} cannot be shared between hosts.",
        "Le stockage {0} ne peut pas être partagé entre hôtes.",
    ),
    "SR_OPERATION_NOT_SUPPORTED": Refusal(
        CANNOT, "The kind of storage of {0} cannot do that.", "Le type de stockage de {0} ne le permet pas."
    ),
    "SR_DOES_NOT_SUPPORT_MIGRATION": Refusal(
        CANNOT,
        "Disks cannot be moved from or to {0} while they are in use.",
        "Les disques de {0} ne peuvent pas être déplacés pendant leur utilisation.",
    ),
    "SR_UNKNOWN_DRIVER": Refusal(
        BAD,
        "The pool has no driver for the storage type {0}.",
        "Le pool n’a pas de pilote pour le type de stockage {0}.",
    ),
    "SR_BACKEND_FAILURE": Refusal(TROUBLE, "The storage failed: {1} {2}", "Le stockage a échoué : {1} {2}"),
    "SR_UUID_EXISTS": Refusal(
        WRONG, "The pool has the storage repository {0} already.", "Le pool a déjà le stockage {0}."
    ),
    "SR_DEVICE_IN_USE": Refusal(
        WRONG,
        "The device is in use by another storage repository.",
        "Le périphérique est utilisé par un autre stockage.",
    ),
    "PBD_EXISTS": Refusal(WRONG, "The host {1} is connected to {0} already.", "L’hôte {1} est déjà connecté à {0}."),
    "TOO_MANY_STORAGE_MIGRATES": Refusal(
        LATER,
        "The host is moving {0} disks already: try again when one is done.",
        "L’hôte déplace déjà {0} disques : réessayez quand l’un d’eux est terminé.",
    ),
    "SR_ATTACHED": Refusal(
        WRONG,
        "The storage repository is still connected: disconnect it first.",
        "Le stockage est encore connecté : déconnectez-le d’abord.",
    ),
    "SR_NOT_SHARED": Refusal(
        WRONG,
        "The storage repository is not shared between the hosts.",
        "Le stockage n’est pas partagé entre les hôtes.",
    ),
    "SR_ATTACH_FAILED": Refusal(
        TROUBLE, "The storage repository {0} could not be connected.", "Le stockage {0} n’a pas pu être connecté."
    ),
    "SR_SOURCE_SPACE_INSUFFICIENT": Refusal(
        WRONG,
        "The storage repository {0} has too little room for what is needed meanwhile.",
        "Le stockage {0} n’a pas la place nécessaire pendant l’opération.",
    ),
    "SR_SUSPEND_SPACE_INSUFFICIENT": Refusal(
        WRONG,
        "The storage repository {0} has too little room for the memory of the VM.",
        "Le stockage {0} n’a pas la place pour la mémoire de la VM.",
    ),
    "SR_REQUIRES_UPGRADE": Refusal(
        WRONG, "The storage repository {0} must be upgraded first.", "Le stockage {0} doit d’abord être mis à niveau."
    ),
    "SR_VDI_LOCKING_FAILED": Refusal(
        LATER,
        "The disks are locked by the storage just now. Try again in a moment.",
        "Les disques sont verrouillés par le stockage. Réessayez dans un instant.",
    ),
    "SR_IS_CACHE_SR": Refusal(
        WRONG, "The storage repository is the cache of the host {0}.", "Le stockage est le cache de l’hôte {0}."
    ),
    "SR_UNHEALTHY": Refusal(
        TROUBLE, "The storage repository {0} is not well ({1}). {2}", "Le stockage {0} va mal ({1}). {2}"
    ),
    "CLUSTERED_SR_DEGRADED": Refusal(
        TROUBLE, "The clustered storage repository {0} is degraded.", "Le stockage en grappe {0} est dégradé."
    ),
    "SM_PLUGIN_COMMUNICATION_FAILURE": Refusal(
        TROUBLE, "The storage driver {0} does not answer.", "Le pilote de stockage {0} ne répond pas."
    ),
    "DEFAULT_SR_NOT_FOUND": Refusal(
        WRONG,
        "The pool has no default storage repository, or it is gone: choose one.",
        "Le pool n’a pas de stockage par défaut, ou il a disparu : choisissez-en un.",
    ),
    "NO_LOCAL_STORAGE": Refusal(WRONG, "The host has no local storage.", "L’hôte n’a pas de stockage local."),
}
