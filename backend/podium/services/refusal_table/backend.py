"""Refusals: what storage drivers fail with: SR_BACKEND_FAILURE_<n>.

The numbers are those of xapi-project/sm, drivers/XE_SR_ERRORCODES.xml; `{1}` are the driver's own words.
"""

from typing import Final

from podium.services.refusal_table.kinds import BAD, CANNOT, LATER, TROUBLE, WRONG, Refusal

BACKEND: Final[dict[str, Refusal]] = {
    "SR_BACKEND_FAILURE_1": Refusal(
        BAD, "The storage does not accept a value: {1}", "Le stockage n’accepte pas une valeur : {1}"
    ),
    "SR_BACKEND_FAILURE_2": Refusal(
        BAD,
        "There is a character in the settings that the storage does not accept: {1}",
        "Un caractère des réglages n’est pas accepté par le stockage : {1}",
    ),
    "SR_BACKEND_FAILURE_16": Refusal(
        WRONG, "The storage device is in use: {1}", "Le périphérique de stockage est utilisé : {1}"
    ),
    "SR_BACKEND_FAILURE_19": Refusal(BAD, "There is no such device: {1}", "Ce périphérique n’existe pas : {1}"),
    "SR_BACKEND_FAILURE_20": Refusal(
        TROUBLE,
        "The password of the storage is not kept in the pool any more: {1}",
        "Le mot de passe du stockage n’est plus dans le pool : {1}",
    ),
    "SR_BACKEND_FAILURE_24": Refusal(WRONG, "The disk is in use: {1}", "Le disque est utilisé : {1}"),
    "SR_BACKEND_FAILURE_37": Refusal(
        LATER,
        "The storage is locked by another operation. Try again in a moment. {1}",
        "Le stockage est verrouillé par une autre opération. Réessayez dans un instant. {1}",
    ),
    "SR_BACKEND_FAILURE_38": Refusal(
        CANNOT, "This kind of storage cannot do that: {1}", "Ce type de stockage ne le permet pas : {1}"
    ),
    "SR_BACKEND_FAILURE_39": Refusal(
        WRONG, "There are still disks on the storage: {1}", "Il reste des disques sur le stockage : {1}"
    ),
    "SR_BACKEND_FAILURE_40": Refusal(
        TROUBLE, "The storage could not be scanned: {1}", "Le stockage n’a pas pu être analysé : {1}"
    ),
    "SR_BACKEND_FAILURE_42": Refusal(
        WRONG, "There is already a storage repository: {1}", "Il existe déjà un stockage : {1}"
    ),
    "SR_BACKEND_FAILURE_43": Refusal(WRONG, "There is already such a disk: {1}", "Ce disque existe déjà : {1}"),
    "SR_BACKEND_FAILURE_44": Refusal(
        WRONG, "There is not enough space on the storage: {1}", "Il n’y a pas assez de place sur le stockage : {1}"
    ),
    "SR_BACKEND_FAILURE_46": Refusal(TROUBLE, "The disk is not available: {1}", "Le disque n’est pas disponible : {1}"),
    "SR_BACKEND_FAILURE_47": Refusal(
        TROUBLE,
        "The storage is not available: check its server and its cables. {1}",
        "Le stockage n’est pas disponible : vérifiez son serveur et ses câbles. {1}",
    ),
    "SR_BACKEND_FAILURE_48": Refusal(
        BAD, "The pool does not know this type of storage: {1}", "Le pool ne connaît pas ce type de stockage : {1}"
    ),
    "SR_BACKEND_FAILURE_50": Refusal(
        TROUBLE, "The volume could not be made: {1}", "Le volume n’a pas pu être créé : {1}"
    ),
    "SR_BACKEND_FAILURE_51": Refusal(
        TROUBLE, "The volume could not be deleted: {1}", "Le volume n’a pas pu être supprimé : {1}"
    ),
    "SR_BACKEND_FAILURE_52": Refusal(
        TROUBLE, "The volume could not be activated: {1}", "Le volume n’a pas pu être activé : {1}"
    ),
    "SR_BACKEND_FAILURE_53": Refusal(
        TROUBLE, "The volume could not be released: {1}", "Le volume n’a pas pu être libéré : {1}"
    ),
    "SR_BACKEND_FAILURE_54": Refusal(
        TROUBLE, "The volume could not be written: {1}", "Le volume n’a pas pu être écrit : {1}"
    ),
    "SR_BACKEND_FAILURE_55": Refusal(
        TROUBLE, "The device could not be partitioned: {1}", "Le périphérique n’a pas pu être partitionné : {1}"
    ),
    "SR_BACKEND_FAILURE_56": Refusal(WRONG, "The partition is in use: {1}", "La partition est utilisée : {1}"),
    "SR_BACKEND_FAILURE_57": Refusal(
        TROUBLE, "The file system could not be made: {1}", "Le système de fichiers n’a pas pu être créé : {1}"
    ),
    "SR_BACKEND_FAILURE_58": Refusal(
        TROUBLE,
        "Only the coordinator may do that to this storage: {1}",
        "Seul le coordinateur peut faire cela sur ce stockage : {1}",
    ),
    "SR_BACKEND_FAILURE_59": Refusal(
        TROUBLE, "The volume could not be resized: {1}", "Le volume n’a pas pu être redimensionné : {1}"
    ),
    "SR_BACKEND_FAILURE_60": Refusal(
        BAD, "The volume cannot have this size: {1}", "Le volume ne peut pas avoir cette taille : {1}"
    ),
    "SR_BACKEND_FAILURE_61": Refusal(
        TROUBLE, "The storage repository could not be made: {1}", "Le stockage n’a pas pu être créé : {1}"
    ),
    "SR_BACKEND_FAILURE_64": Refusal(
        TROUBLE, "The disk could not be removed: {1}", "Le disque n’a pas pu être retiré : {1}"
    ),
    "SR_BACKEND_FAILURE_65": Refusal(TROUBLE, "The disk could not be read: {1}", "Le disque n’a pas pu être lu : {1}"),
    "SR_BACKEND_FAILURE_66": Refusal(
        BAD, "The storage does not know this type of disk: {1}", "Le stockage ne connaît pas ce type de disque : {1}"
    ),
    "SR_BACKEND_FAILURE_67": Refusal(
        TROUBLE, "The iSCSI device did not appear: {1}", "Le périphérique iSCSI n’est pas apparu : {1}"
    ),
    "SR_BACKEND_FAILURE_68": Refusal(
        TROUBLE,
        "The iSCSI target refuses the host: check what its initiator may access, and the CHAP password. {1}",
        "La cible iSCSI refuse l’hôte : vérifiez les droits de son initiateur et le mot de passe CHAP. {1}",
    ),
    "SR_BACKEND_FAILURE_69": Refusal(
        TROUBLE,
        "The host could not sign out of the iSCSI target: {1}",
        "L’hôte n’a pas pu quitter la cible iSCSI : {1}",
    ),
    "SR_BACKEND_FAILURE_70": Refusal(
        TROUBLE, "The iSCSI initiator could not be set: {1}", "L’initiateur iSCSI n’a pas pu être fixé : {1}"
    ),
    "SR_BACKEND_FAILURE_71": Refusal(
        TROUBLE,
        "The iSCSI service of the host could not be started: {1}",
        "Le service iSCSI de l’hôte n’a pas pu démarrer : {1}",
    ),
    "SR_BACKEND_FAILURE_72": Refusal(
        CANNOT,
        "The NFS server does not offer this version of NFS: {1}",
        "Le serveur NFS n’offre pas cette version de NFS : {1}",
    ),
    "SR_BACKEND_FAILURE_73": Refusal(
        TROUBLE, "The NFS export could not be mounted: {1}", "Le partage NFS n’a pas pu être monté : {1}"
    ),
    "SR_BACKEND_FAILURE_74": Refusal(
        TROUBLE, "The NFS export could not be unmounted: {1}", "Le partage NFS n’a pas pu être démonté : {1}"
    ),
    "SR_BACKEND_FAILURE_75": Refusal(
        WRONG, "The NFS export is mounted already: {1}", "Le partage NFS est déjà monté : {1}"
    ),
    "SR_BACKEND_FAILURE_77": Refusal(
        TROUBLE, "The volume group could not be made: {1}", "Le groupe de volumes n’a pas pu être créé : {1}"
    ),
    "SR_BACKEND_FAILURE_78": Refusal(
        TROUBLE, "The disk could not be created: {1}", "Le disque n’a pas pu être créé : {1}"
    ),
    "SR_BACKEND_FAILURE_79": Refusal(
        BAD, "The disk cannot have this size: {1}", "Le disque ne peut pas avoir cette taille : {1}"
    ),
    "SR_BACKEND_FAILURE_80": Refusal(
        TROUBLE, "The disk could not be deleted: {1}", "Le disque n’a pas pu être supprimé : {1}"
    ),
    "SR_BACKEND_FAILURE_81": Refusal(
        TROUBLE, "The disk could not be cloned: {1}", "Le disque n’a pas pu être cloné : {1}"
    ),
    "SR_BACKEND_FAILURE_82": Refusal(
        TROUBLE, "The disk could not be snapshotted: {1}", "L’instantané du disque a échoué : {1}"
    ),
    "SR_BACKEND_FAILURE_83": Refusal(
        TROUBLE, "No iSCSI target was found there: {1}", "Aucune cible iSCSI n’a été trouvée : {1}"
    ),
    "SR_BACKEND_FAILURE_84": Refusal(
        BAD,
        "The iSCSI target has another IQN than the one given: {1}",
        "La cible iSCSI a un autre IQN que celui indiqué : {1}",
    ),
    "SR_BACKEND_FAILURE_85": Refusal(
        TROUBLE, "The iSCSI target could not be released: {1}", "La cible iSCSI n’a pas pu être libérée : {1}"
    ),
    "SR_BACKEND_FAILURE_86": Refusal(
        TROUBLE, "The iSCSI service of the host does not answer: {1}", "Le service iSCSI de l’hôte ne répond pas : {1}"
    ),
    "SR_BACKEND_FAILURE_87": Refusal(BAD, "Say which LUN is meant (LUNid): {1}", "Indiquez le LUN (LUNid) : {1}"),
    "SR_BACKEND_FAILURE_88": Refusal(
        TROUBLE, "The NFS storage could not be made: {1}", "Le stockage NFS n’a pas pu être créé : {1}"
    ),
    "SR_BACKEND_FAILURE_89": Refusal(BAD, "Say which LUN is meant (LUNid): {1}", "Indiquez le LUN (LUNid) : {1}"),
    "SR_BACKEND_FAILURE_90": Refusal(
        BAD, "Say which device is meant (device): {1}", "Indiquez le périphérique (device) : {1}"
    ),
    "SR_BACKEND_FAILURE_91": Refusal(
        BAD, "The device is not a valid path: {1}", "Le chemin du périphérique n’est pas valable : {1}"
    ),
    "SR_BACKEND_FAILURE_92": Refusal(TROUBLE, "The volume cannot be found: {1}", "Le volume est introuvable : {1}"),
    "SR_BACKEND_FAILURE_94": Refusal(
        BAD, "Say where the storage is (location): {1}", "Indiquez l’emplacement du stockage (location) : {1}"
    ),
    "SR_BACKEND_FAILURE_95": Refusal(
        BAD, "Say the address of the iSCSI target (target): {1}", "Indiquez l’adresse de la cible iSCSI (target) : {1}"
    ),
    "SR_BACKEND_FAILURE_96": Refusal(
        BAD,
        "The IQN of the target is missing or not right (targetIQN): {1}",
        "L’IQN de la cible manque ou est faux (targetIQN) : {1}",
    ),
    "SR_BACKEND_FAILURE_97": Refusal(
        WRONG,
        "The host has no iSCSI name (IQN): set one first. {1}",
        "L’hôte n’a pas de nom iSCSI (IQN) : fixez-en un d’abord. {1}",
    ),
    "SR_BACKEND_FAILURE_98": Refusal(
        BAD, "The serial number of the LUN is missing: {1}", "Le numéro de série du LUN manque : {1}"
    ),
    "SR_BACKEND_FAILURE_99": Refusal(
        WRONG, "Shared LVM storage takes one LUN only: {1}", "Un stockage LVM partagé ne prend qu’un LUN : {1}"
    ),
    "SR_BACKEND_FAILURE_100": Refusal(TROUBLE, "The volume cannot be found: {1}", "Le volume est introuvable : {1}"),
    "SR_BACKEND_FAILURE_101": Refusal(
        BAD, "Say the path on the server (serverpath): {1}", "Indiquez le chemin sur le serveur (serverpath) : {1}"
    ),
    "SR_BACKEND_FAILURE_102": Refusal(
        BAD, "Say the address of the server (server): {1}", "Indiquez l’adresse du serveur (server) : {1}"
    ),
    "SR_BACKEND_FAILURE_103": Refusal(
        BAD,
        "The path on the server is not valid (serverpath): {1}",
        "Le chemin sur le serveur n’est pas valable (serverpath) : {1}",
    ),
    "SR_BACKEND_FAILURE_105": Refusal(
        WRONG,
        "The host itself is installed on this device: it cannot hold VMs. {1}",
        "L’hôte est installé sur ce périphérique : il ne peut pas contenir de VM. {1}",
    ),
    "SR_BACKEND_FAILURE_106": Refusal(BAD, "This is not an IQN: {1}", "Ce n’est pas un IQN : {1}"),
    "SR_BACKEND_FAILURE_107": Refusal(BAD, "Say which LUN is meant (SCSIid): {1}", "Indiquez le LUN (SCSIid) : {1}"),
    "SR_BACKEND_FAILURE_108": Refusal(
        TROUBLE, "There is no NFS service at this address: {1}", "Il n’y a pas de service NFS à cette adresse : {1}"
    ),
    "SR_BACKEND_FAILURE_109": Refusal(
        WRONG,
        "The disk has too long a chain of snapshots: delete some, wait until they are coalesced, and try again. {1}",
        "La chaîne d’instantanés du disque est trop longue : supprimez-en, attendez leur fusion et réessayez. {1}",
    ),
    "SR_BACKEND_FAILURE_110": Refusal(
        TROUBLE, "The disk could not be resized: {1}", "Le disque n’a pas pu être redimensionné : {1}"
    ),
    "SR_BACKEND_FAILURE_111": Refusal(
        TROUBLE, "The SMB share could not be mounted: {1}", "Le partage SMB n’a pas pu être monté : {1}"
    ),
    "SR_BACKEND_FAILURE_112": Refusal(
        TROUBLE, "The SMB share could not be unmounted: {1}", "Le partage SMB n’a pas pu être démonté : {1}"
    ),
    "SR_BACKEND_FAILURE_113": Refusal(
        WRONG, "The SMB share is mounted already: {1}", "Le partage SMB est déjà monté : {1}"
    ),
    "SR_BACKEND_FAILURE_115": Refusal(
        BAD, "Not all that the storage needs was given: {1}", "Il manque des réglages pour ce stockage : {1}"
    ),
    "SR_BACKEND_FAILURE_116": Refusal(
        TROUBLE, "The SMB storage could not be made: {1}", "Le stockage SMB n’a pas pu être créé : {1}"
    ),
    "SR_BACKEND_FAILURE_140": Refusal(
        BAD, "The name of the server is not known (DNS): {1}", "Le nom du serveur est inconnu (DNS) : {1}"
    ),
    "SR_BACKEND_FAILURE_141": Refusal(
        TROUBLE, "The iSCSI target does not answer: {1}", "La cible iSCSI ne répond pas : {1}"
    ),
    "SR_BACKEND_FAILURE_142": Refusal(
        BAD,
        "The iSCSI port must be a number from 1 to 65535: {1}",
        "Le port iSCSI doit être un nombre de 1 à 65535 : {1}",
    ),
    "SR_BACKEND_FAILURE_144": Refusal(
        TROUBLE, "The disk is missing on the storage: {1}", "Le disque est absent du stockage : {1}"
    ),
    "SR_BACKEND_FAILURE_150": Refusal(
        TROUBLE,
        "The storage driver cannot speak to the pool: {1}",
        "Le pilote de stockage ne peut pas parler au pool : {1}",
    ),
    "SR_BACKEND_FAILURE_152": Refusal(
        TROUBLE,
        "The storage driver could not read how the hosts are connected: {1}",
        "Le pilote n’a pas pu lire les connexions des hôtes : {1}",
    ),
    "SR_BACKEND_FAILURE_153": Refusal(
        TROUBLE,
        "The storage driver could not read something from the pool: {1}",
        "Le pilote n’a pas pu lire un objet du pool : {1}",
    ),
    "SR_BACKEND_FAILURE_180": Refusal(
        WRONG,
        "The storage is full: more was promised to disks than it has. {1}",
        "Le stockage est plein : il a été promis aux disques plus qu’il ne possède. {1}",
    ),
    "SR_BACKEND_FAILURE_181": Refusal(
        TROUBLE,
        "The metadata of the storage could not be read or written: {1}",
        "Les métadonnées du stockage n’ont pas pu être lues ou écrites : {1}",
    ),
    "SR_BACKEND_FAILURE_200": Refusal(
        TROUBLE, "The storage could not be read or written: {1}", "Le stockage n’a pas pu être lu ou écrit : {1}"
    ),
    "SR_BACKEND_FAILURE_201": Refusal(
        LATER,
        "The storage is busy. Try again in a moment. {1}",
        "Le stockage est occupé. Réessayez dans un instant. {1}",
    ),
    "SR_BACKEND_FAILURE_202": Refusal(
        TROUBLE, "The storage driver failed: {1}", "Le pilote de stockage a échoué : {1}"
    ),
    "SR_BACKEND_FAILURE_220": Refusal(
        BAD, "Say where the ISO images are (location): {1}", "Indiquez où se trouvent les images ISO (location) : {1}"
    ),
    "SR_BACKEND_FAILURE_221": Refusal(
        BAD, "The name of an ISO image must end with .iso: {1}", "Le nom d’une image ISO doit finir par .iso : {1}"
    ),
    "SR_BACKEND_FAILURE_222": Refusal(
        TROUBLE,
        "The share of ISO images could not be mounted: {1}",
        "Le partage d’images ISO n’a pas pu être monté : {1}",
    ),
    "SR_BACKEND_FAILURE_223": Refusal(
        TROUBLE,
        "The share of ISO images could not be unmounted: {1}",
        "Le partage d’images ISO n’a pas pu être démonté : {1}",
    ),
    "SR_BACKEND_FAILURE_224": Refusal(
        TROUBLE,
        "The share of ISO images is not there, or the host may not read it: {1}",
        "Le partage d’images ISO est absent, ou l’hôte ne peut pas le lire : {1}",
    ),
    "SR_BACKEND_FAILURE_225": Refusal(
        BAD,
        "The location must be SERVER:PATH for NFS, or the path of a share for SMB: {1}",
        "L’emplacement doit être SERVEUR:CHEMIN pour NFS, ou le chemin d’un partage SMB : {1}",
    ),
    "SR_BACKEND_FAILURE_226": Refusal(
        BAD, "There is no such folder on the host: {1}", "Ce dossier n’existe pas sur l’hôte : {1}"
    ),
    "SR_BACKEND_FAILURE_227": Refusal(
        BAD, "The version of SMB must be 1.0 or 3.0: {1}", "La version de SMB doit être 1.0 ou 3.0 : {1}"
    ),
    "SR_BACKEND_FAILURE_430": Refusal(
        TROUBLE,
        "The multipath service of the host does not answer: {1}",
        "Le service multipath de l’hôte ne répond pas : {1}",
    ),
    "SR_BACKEND_FAILURE_431": Refusal(TROUBLE, "Multipathing failed: {1}", "Le multipath a échoué : {1}"),
    "SR_BACKEND_FAILURE_446": Refusal(
        BAD,
        "SMB paths and passwords may only have plain characters here: {1}",
        "Les chemins et mots de passe SMB n’admettent ici que des caractères simples : {1}",
    ),
    "SR_BACKEND_FAILURE_453": Refusal(
        TROUBLE,
        "The disk's process on the host (tapdisk) failed: {1}",
        "Le processus du disque sur l’hôte (tapdisk) a échoué : {1}",
    ),
    "SR_BACKEND_FAILURE_454": Refusal(
        CANNOT,
        "The licence of the host does not include SMB storage: {1}",
        "La licence de l’hôte n’inclut pas le stockage SMB : {1}",
    ),
    "SR_BACKEND_FAILURE_456": Refusal(
        WRONG, "The host's CD drive is empty: {1}", "Le lecteur de CD de l’hôte est vide : {1}"
    ),
    "SR_BACKEND_FAILURE_457": Refusal(
        TROUBLE,
        "Changed block tracking could not be switched on: {1}",
        "Le suivi des blocs modifiés n’a pas pu être activé : {1}",
    ),
    "SR_BACKEND_FAILURE_458": Refusal(
        TROUBLE,
        "Changed block tracking could not be switched off: {1}",
        "Le suivi des blocs modifiés n’a pas pu être désactivé : {1}",
    ),
    "SR_BACKEND_FAILURE_459": Refusal(
        TROUBLE, "The record of changed blocks is damaged: {1}", "Le relevé des blocs modifiés est endommagé : {1}"
    ),
    "SR_BACKEND_FAILURE_460": Refusal(
        TROUBLE,
        "The changed blocks could not be found out: {1}",
        "Les blocs modifiés n’ont pas pu être déterminés : {1}",
    ),
    "SR_BACKEND_FAILURE_1200": Refusal(
        TROUBLE, "The storage driver failed: {1}", "Le pilote de stockage a échoué : {1}"
    ),
}
