"""Refusals: what is brought in from a file."""

from typing import Final

from podium.services.refusal_table.kinds import BAD, TROUBLE, WRONG, Refusal

IMPORTS: Final[dict[str, Refusal]] = {
    "IMPORT_ERROR": Refusal(BAD, "The import failed: {0}", "L’importation a échoué : {0}"),
    "IMPORT_ERROR_PREMATURE_EOF": Refusal(
        BAD,
        "The file ends too early, or is not an export of a VM.",
        "Le fichier se termine trop tôt, ou n’est pas une exportation de VM.",
    ),
    "IMPORT_ERROR_SOME_CHECKSUMS_FAILED": Refusal(
        BAD,
        "The file is damaged: checksums are wrong.",
        "Le fichier est endommagé : des sommes de contrôle sont fausses.",
    ),
    "IMPORT_ERROR_UNEXPECTED_FILE": Refusal(
        BAD,
        "The file is not an export of a VM: {1} where {0} was expected.",
        "Le fichier n’est pas une exportation de VM : {1} au lieu de {0}.",
    ),
    "IMPORT_ERROR_CANNOT_HANDLE_CHUNKED": Refusal(
        BAD,
        "The pool needs to know the length: send Content-Length.",
        "Le pool doit connaître la longueur : envoyez Content-Length.",
    ),
    "IMPORT_ERROR_FAILED_TO_FIND_OBJECT": Refusal(
        BAD,
        "The file speaks of something that it does not hold: {0}",
        "Le fichier parle d’un objet qu’il ne contient pas : {0}",
    ),
    "IMPORT_ERROR_ATTACHED_DISKS_NOT_FOUND": Refusal(
        BAD, "The file lacks disks of the VM.", "Il manque des disques de la VM dans le fichier."
    ),
    "IMPORT_INCOMPATIBLE_VERSION": Refusal(
        BAD,
        "The export was made by a version of XenServer that this pool cannot read.",
        "L’exportation vient d’une version de XenServer que ce pool ne sait pas lire.",
    ),
    "RESTORE_INCOMPATIBLE_VERSION": Refusal(
        BAD,
        "The backup was made by a version of XenServer that this host cannot read.",
        "La sauvegarde vient d’une version de XenServer que cet hôte ne sait pas lire.",
    ),
    "RESTORE_TARGET_MISSING_DEVICE": Refusal(
        WRONG,
        "The host has no network interface {0}, which the backup speaks of.",
        "L’hôte n’a pas l’interface réseau {0} dont parle la sauvegarde.",
    ),
    "RESTORE_TARGET_MGMT_IF_NOT_IN_BACKUP": Refusal(
        WRONG,
        "The backup does not have the management interface of this host.",
        "La sauvegarde ne contient pas l’interface d’administration de cet hôte.",
    ),
    "RESTORE_SCRIPT_FAILED": Refusal(
        TROUBLE, "The host could not be restored: {0}", "L’hôte n’a pas pu être restauré : {0}"
    ),
    "BACKUP_SCRIPT_FAILED": Refusal(
        TROUBLE, "The host could not be backed up: {0}", "L’hôte n’a pas pu être sauvegardé : {0}"
    ),
    "CANNOT_FIND_STATE_PARTITION": Refusal(
        TROUBLE, "The host's partition for its state cannot be found.", "La partition d’état de l’hôte est introuvable."
    ),
}
