"""Refusals: disks, drives and how they hang at VMs."""

from typing import Final

from podium.services.refusal_table.kinds import BAD, TROUBLE, WRONG, Refusal

DISKS: Final[dict[str, Refusal]] = {
    "DEVICE_ALREADY_ATTACHED": Refusal(WRONG, "{0} is connected already.", "{0} est déjà connecté."),
    "DEVICE_ALREADY_DETACHED": Refusal(WRONG, "{0} is disconnected already.", "{0} est déjà déconnecté."),
    "DEVICE_ALREADY_EXISTS": Refusal(WRONG, "The place {0} is taken.", "La place {0} est prise."),
    "DEVICE_DETACH_REJECTED": Refusal(
        WRONG,
        "The guest refuses to let the device go: {2}",
        "Le système invité refuse de libérer le périphérique : {2}",
    ),
    "DEVICE_DETACH_TIMEOUT": Refusal(
        WRONG,
        "The guest did not let the device go in time.",
        "Le système invité n’a pas libéré le périphérique à temps.",
    ),
    "VBD_IS_EMPTY": Refusal(WRONG, "The drive is empty.", "Le lecteur est vide."),
    "VBD_NOT_EMPTY": Refusal(
        WRONG, "There is something in the drive: eject it first.", "Le lecteur n’est pas vide : éjectez d’abord."
    ),
    "VBD_NOT_REMOVABLE_MEDIA": Refusal(WRONG, "This is not a CD drive.", "Ce n’est pas un lecteur de CD."),
    "VBD_NOT_UNPLUGGABLE": Refusal(
        WRONG,
        "This disk cannot be disconnected while the VM runs.",
        "Ce disque ne peut pas être déconnecté quand la VM fonctionne.",
    ),
    "VBD_TRAY_LOCKED": Refusal(
        WRONG, "The guest holds the CD drive closed.", "Le système invité garde le lecteur fermé."
    ),
    "VBD_MISSING": Refusal(TROUBLE, "The drive is missing.", "Le lecteur est absent."),
    "VBD_CDS_MUST_BE_READONLY": Refusal(BAD, "A CD can only be read.", "Un CD est en lecture seule."),
    "INVALID_DEVICE": Refusal(BAD, "There is no place {0}.", "Il n’y a pas de place {0}."),
    "VDI_IN_USE": Refusal(WRONG, "The disk {0} is in use.", "Le disque {0} est utilisé."),
    "VDI_READONLY": Refusal(WRONG, "The disk {0} can only be read.", "Le disque {0} est en lecture seule."),
    "VDI_NOT_MANAGED": Refusal(
        WRONG, "The disk {0} is not managed by the pool.", "Le disque {0} n’est pas géré par le pool."
    ),
    "VDI_NOT_AVAILABLE": Refusal(WRONG, "The disk {0} is not available.", "Le disque {0} n’est pas disponible."),
    "VDI_IS_A_PHYSICAL_DEVICE": Refusal(WRONG, "{0} is a physical device.", "{0} est un périphérique physique."),
    "VDI_IS_NOT_ISO": Refusal(BAD, "{0} is not an ISO image.", "{0} n’est pas une image ISO."),
    "VDI_IS_SHARABLE": Refusal(WRONG, "The disk {0} is shared between VMs.", "Le disque {0} est partagé entre des VM."),
    "VDI_MISSING": Refusal(
        TROUBLE,
        "The disk {1} is missing on {0}: scan the storage repository.",
        "Le disque {1} est absent de {0} : analysez le stockage.",
    ),
    "VDI_TOO_SMALL": Refusal(
        BAD, "The disk {0} is too small: it needs at least {1}.", "Le disque {0} est trop petit : il faut au moins {1}."
    ),
    "VDI_TOO_LARGE": Refusal(
        BAD, "The disk {0} is too large: at most {1}.", "Le disque {0} est trop grand : au plus {1}."
    ),
    "VDI_NOT_SPARSE": Refusal(
        WRONG,
        "The disk {0} is not stored in a sparse format.",
        "Le disque {0} n’est pas enregistré dans un format creux.",
    ),
    "VDI_INCOMPATIBLE_TYPE": Refusal(
        WRONG,
        "That does not go with the disk {0}, which is of the type {1}.",
        "Ce n’est pas possible avec le disque {0}, de type {1}.",
    ),
    "VDI_CBT_ENABLED": Refusal(
        WRONG,
        "Changed block tracking is on for {0}: switch it off first.",
        "Le suivi des blocs modifiés est actif pour {0} : désactivez-le d’abord.",
    ),
    "VDI_NO_CBT_METADATA": Refusal(
        WRONG, "There is no record of changed blocks for {0}.", "Il n’y a pas de relevé des blocs modifiés pour {0}."
    ),
    "VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION": Refusal(
        WRONG,
        "A disk that is reset at each start does not allow that.",
        "Un disque remis à zéro à chaque démarrage ne le permet pas.",
    ),
    "VDI_NOT_IN_MAP": Refusal(BAD, "Say where the disk {0} is to go.", "Indiquez où le disque {0} doit aller."),
    "VIF_NOT_IN_MAP": Refusal(
        BAD, "Say to which network the interface {0} is to go.", "Indiquez à quel réseau l’interface {0} doit aller."
    ),
    "MIRROR_FAILED": Refusal(TROUBLE, "The disk {0} could not be copied.", "Le disque {0} n’a pas pu être copié."),
    "VDI_IO_ERROR": Refusal(
        TROUBLE, "A disk could not be read or written: {0}", "Un disque n’a pas pu être lu ou écrit : {0}"
    ),
    "VTPM_MAX_AMOUNT_REACHED": Refusal(WRONG, "The VM has a vTPM already.", "La VM a déjà un vTPM."),
    "DEVICE_ATTACH_TIMEOUT": Refusal(
        WRONG, "The guest did not take the device in time.", "Le système invité n’a pas pris le périphérique à temps."
    ),
    "DEVICE_NOT_ATTACHED": Refusal(WRONG, "{0} is not connected to the VM.", "{0} n’est pas connecté à la VM."),
    "VDI_HAS_RRDS": Refusal(
        WRONG, "The disk {0} holds measurements of the pool.", "Le disque {0} contient des mesures du pool."
    ),
    "VDI_LOCATION_MISSING": Refusal(
        TROUBLE,
        "There is no disk at {1} on the storage repository {0}: scan it.",
        "Il n’y a pas de disque à {1} sur le stockage {0} : analysez-le.",
    ),
    "LOCATION_NOT_UNIQUE": Refusal(
        WRONG, "The storage repository {0} has a disk at {1} already.", "Le stockage {0} a déjà un disque à {1}."
    ),
    "VDI_IS_ENCRYPTED": Refusal(WRONG, "The disk {0} is encrypted.", "Le disque {0} est chiffré."),
    "VDI_COPY_FAILED": Refusal(TROUBLE, "The disk could not be copied.", "Le disque n’a pas pu être copié."),
    "VDI_CONTENT_ID_MISSING": Refusal(
        TROUBLE,
        "The disk has no mark of its content, which that needs.",
        "Le disque n’a pas la marque de contenu nécessaire.",
    ),
    "VDI_NEEDS_VM_FOR_MIGRATE": Refusal(
        WRONG,
        "The disk {0} can only be moved in use, and no running VM uses it.",
        "Le disque {0} ne peut être déplacé qu’en service, et aucune VM en marche ne l’utilise.",
    ),
    "VDI_CONTAINS_METADATA_OF_THIS_POOL": Refusal(
        WRONG,
        "The disk {0} holds the metadata of this very pool.",
        "Le disque {0} contient les métadonnées de ce pool même.",
    ),
    "SUSPEND_VDI_REPLACEMENT_IS_NOT_IDENTICAL": Refusal(
        WRONG,
        "The new saved memory is not the same as the old one.",
        "La nouvelle mémoire enregistrée diffère de l’ancienne.",
    ),
    "PUSB_VDI_CONFLICT": Refusal(
        WRONG, "The disk of this USB device ({1}) is in use.", "Le disque de ce périphérique USB ({1}) est utilisé."
    ),
}
