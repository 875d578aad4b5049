"""Refusals: hosts, their updates, certificates and directories of users."""

from typing import Final

from podium.services.refusal_table.kinds import BAD, BUSY, CANNOT, GONE, TROUBLE, WRONG, Refusal

HOSTS: Final[dict[str, Refusal]] = {
    "NO_HOSTS_AVAILABLE": Refusal(
        WRONG,
        "No host of the pool can take the VM: none has the memory, the storage and the networks that it needs.",
        "Aucun hôte du pool ne peut accueillir la VM : il manque la mémoire, le stockage ou les réseaux nécessaires.",
    ),
    "HOST_NOT_ENOUGH_FREE_MEMORY": Refusal(
        WRONG,
        "The host has too little free memory: {0} is needed, {1} is free. Stop or move a VM, or give this one less.",
        "L’hôte manque de mémoire : il faut {0}, il en reste {1}. Arrêtez ou déplacez une VM, ou donnez-en moins.",
    ),
    "HOST_NOT_ENOUGH_PCPUS": Refusal(
        WRONG,
        "The host has fewer CPUs ({1}) than the VM ({0}).",
        "L’hôte a moins de processeurs ({1}) que la VM ({0}).",
    ),
    "HOST_DISABLED": Refusal(
        WRONG,
        "The host {0} is disabled (maintenance): enable it first.",
        "L’hôte {0} est désactivé (maintenance) : activez-le d’abord.",
    ),
    "HOST_DISABLED_UNTIL_REBOOT": Refusal(
        WRONG,
        "The host {0} stays disabled until it is rebooted.",
        "L’hôte {0} reste désactivé jusqu’à son redémarrage.",
    ),
    "HOST_DISABLED_INDEFINITELY": Refusal(
        WRONG,
        "The host {0} stays disabled until somebody enables it.",
        "L’hôte {0} reste désactivé jusqu’à ce que quelqu’un l’active.",
    ),
    "HOST_NOT_DISABLED": Refusal(
        WRONG, "The host must be disabled (maintenance) first.", "L’hôte doit d’abord être désactivé (maintenance)."
    ),
    "HOST_NOT_LIVE": Refusal(WRONG, "The host is not running.", "L’hôte n’est pas en marche."),
    "HOST_IS_LIVE": Refusal(
        WRONG, "The host {0} is running: shut it down first.", "L’hôte {0} est en marche : arrêtez-le d’abord."
    ),
    "HOST_IN_USE": Refusal(
        WRONG,
        "The host {0} still has something on it: {2}. Move it away or shut it down first.",
        "L’hôte {0} a encore quelque chose : {2}. Déplacez-le ou arrêtez-le d’abord.",
    ),
    "HOST_HAS_RESIDENT_VMS": Refusal(
        WRONG, "The host {0} still has VMs on it.", "L’hôte {0} a encore des machines virtuelles."
    ),
    "HOST_CANNOT_ATTACH_NETWORK": Refusal(
        WRONG, "The host {0} cannot attach the network {1}.", "L’hôte {0} ne peut pas attacher le réseau {1}."
    ),
    "HOST_POWER_ON_MODE_DISABLED": Refusal(
        WRONG,
        "The host cannot be started from here: set its power-on mode (Wake-on-LAN, IPMI) first.",
        "L’hôte ne peut pas être démarré d’ici : réglez d’abord son mode d’allumage (Wake-on-LAN, IPMI).",
    ),
    "CANNOT_EVACUATE_HOST": Refusal(WRONG, "The host cannot be emptied: {0}", "L’hôte ne peut pas être vidé : {0}"),
    "HOST_EVACUATE_IN_PROGRESS": Refusal(
        BUSY, "The host {0} is being emptied already.", "L’hôte {0} est déjà en train d’être vidé."
    ),
    "HOST_EVACUATE_VM_NOT_HA_PROTECTED": Refusal(
        WRONG,
        "{0} is not protected by HA, and cannot be moved away so.",
        "{0} n’est pas protégée par la haute disponibilité et ne peut pas être déplacée ainsi.",
    ),
    "HOST_CANNOT_DESTROY_SELF": Refusal(
        WRONG,
        "{0} is the coordinator of its pool: make another host the coordinator first.",
        "{0} est le coordinateur de son pool : désignez d’abord un autre hôte.",
    ),
    "HOST_CANNOT_READ_METRICS": Refusal(
        TROUBLE, "The host cannot read its own measurements.", "L’hôte ne peut pas lire ses propres mesures."
    ),
    "HOST_NAME_INVALID": Refusal(BAD, "This name cannot be the host's: {0}", "L’hôte ne peut pas porter ce nom : {0}"),
    "HOST_ITS_OWN_SLAVE": Refusal(
        TROUBLE,
        "The host is a member of itself: its pool is badly set up.",
        "L’hôte est membre de lui-même : son pool est mal configuré.",
    ),
    "HOST_XAPI_VERSION_HIGHER_THAN_COORDINATOR": Refusal(
        WRONG,
        "The host runs a newer version ({0}) than its coordinator: update the coordinator first.",
        "L’hôte a une version ({0}) plus récente que son coordinateur : mettez d’abord celui-ci à jour.",
    ),
    "HOST_CD_DRIVE_EMPTY": Refusal(
        WRONG, "There is no CD in the host's drive.", "Il n’y a pas de CD dans le lecteur de l’hôte."
    ),
    "HOST_CANNOT_SEE_SR": Refusal(
        WRONG, "The host {0} does not see the storage repository {1}.", "L’hôte {0} ne voit pas le stockage {1}."
    ),
    "HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY": Refusal(
        WRONG,
        "The host {0} has to be rebooted or restarted after its update first.",
        "L’hôte {0} doit d’abord être redémarré après sa mise à jour.",
    ),
    "HOST_EVACUATION_IS_REQUIRED": Refusal(
        WRONG, "The host {0} must be emptied before it is updated.", "L’hôte {0} doit être vidé avant sa mise à jour."
    ),
    "INTERFACE_HAS_NO_IP": Refusal(
        WRONG, "The interface {0} has no IP address.", "L’interface {0} n’a pas d’adresse IP."
    ),
    "CPU_FEATURE_MASKING_NOT_SUPPORTED": Refusal(
        CANNOT,
        "The CPU of the host cannot hide features: {0}",
        "Le processeur de l’hôte ne peut pas masquer de fonctions : {0}",
    ),
    "INVALID_FEATURE_STRING": Refusal(
        BAD, "These are not CPU features: {0}", "Ce ne sont pas des fonctions de processeur : {0}"
    ),
    "NOT_IN_EMERGENCY_MODE": Refusal(
        WRONG, "The host is not in emergency mode.", "L’hôte n’est pas en mode d’urgence."
    ),
    "SLAVE_REQUIRES_MANAGEMENT_INTERFACE": Refusal(
        WRONG,
        "A member of a pool must keep its management interface: without it, it would be lost.",
        "Un membre du pool doit garder son interface d’administration : sans elle, il serait perdu.",
    ),
    "APPLY_UPDATES_IN_PROGRESS": Refusal(
        BUSY, "Updates are being applied already.", "Des mises à jour sont déjà en cours."
    ),
    "SYNC_UPDATES_IN_PROGRESS": Refusal(
        BUSY, "The list of updates is being fetched.", "La liste des mises à jour est en cours de lecture."
    ),
    "GET_UPDATES_IN_PROGRESS": Refusal(
        BUSY, "The list of updates is being made.", "La liste des mises à jour est en préparation."
    ),
    "APPLY_UPDATES_FAILED": Refusal(
        TROUBLE, "The host {0} could not be updated.", "L’hôte {0} n’a pas pu être mis à jour."
    ),
    "APPLY_GUIDANCE_FAILED": Refusal(
        TROUBLE,
        "The host {0} was updated, but what its update asks for failed.",
        "L’hôte {0} a été mis à jour, mais ce que la mise à jour demande a échoué.",
    ),
    "GET_HOST_UPDATES_FAILED": Refusal(
        TROUBLE,
        "The updates of the host {0} could not be listed.",
        "Les mises à jour de l’hôte {0} n’ont pas pu être listées.",
    ),
    "GET_UPDATES_FAILED": Refusal(
        TROUBLE, "The updates of the pool could not be listed.", "Les mises à jour du pool n’ont pas pu être listées."
    ),
    "REPOSYNC_FAILED": Refusal(
        TROUBLE, "The update repository could not be read.", "Le dépôt de mises à jour n’a pas pu être lu."
    ),
    "NO_REPOSITORY_ENABLED": Refusal(
        WRONG,
        "The pool has no update repository that is enabled.",
        "Aucun dépôt de mises à jour n’est actif dans ce pool.",
    ),
    "NO_REPOSITORIES_CONFIGURED": Refusal(
        WRONG, "The pool has no update repository.", "Ce pool n’a pas de dépôt de mises à jour."
    ),
    "REPOSITORY_IS_IN_USE": Refusal(WRONG, "The update repository is in use.", "Le dépôt de mises à jour est utilisé."),
    "INVALID_BASE_URL": Refusal(
        BAD, "{0} is not the address of an update repository.", "{0} n’est pas l’adresse d’un dépôt de mises à jour."
    ),
    "CANNOT_FIND_PATCH": Refusal(GONE, "There is no such patch.", "Ce correctif n’existe pas."),
    "CANNOT_FIND_UPDATE": Refusal(GONE, "There is no such update.", "Cette mise à jour n’existe pas."),
    "PATCH_ALREADY_APPLIED": Refusal(WRONG, "The patch {0} is applied already.", "Le correctif {0} est déjà appliqué."),
    "PATCH_APPLY_FAILED": Refusal(TROUBLE, "The patch failed: {0}", "Le correctif a échoué : {0}"),
    "UPDATE_ALREADY_APPLIED": Refusal(
        WRONG, "The update {0} is applied already.", "La mise à jour {0} est déjà appliquée."
    ),
    "UPDATE_APPLY_FAILED": Refusal(TROUBLE, "The update failed: {0}", "La mise à jour a échoué : {0}"),
    "OUT_OF_SPACE": Refusal(WRONG, "There is not enough space in {0}.", "Il n’y a pas assez de place dans {0}."),
    "CERTIFICATE_DOES_NOT_EXIST": Refusal(GONE, "There is no certificate {0}.", "Il n’y a pas de certificat {0}."),
    "CERTIFICATE_ALREADY_EXISTS": Refusal(
        WRONG, "There is already a certificate {0}.", "Il existe déjà un certificat {0}."
    ),
    "CERTIFICATE_CORRUPT": Refusal(BAD, "The certificate {0} cannot be read.", "Le certificat {0} est illisible."),
    "CERTIFICATE_NAME_INVALID": Refusal(
        BAD, "A certificate cannot be called {0}.", "Un certificat ne peut pas s’appeler {0}."
    ),
    "CA_CERTIFICATE_INVALID": Refusal(
        BAD, "This is not a certificate in PEM form.", "Ce n’est pas un certificat au format PEM."
    ),
    "CA_CERTIFICATE_EXPIRED": Refusal(BAD, "The certificate has expired.", "Le certificat a expiré."),
    "CA_CERTIFICATE_NOT_VALID_YET": Refusal(
        BAD, "The certificate is not valid yet.", "Le certificat n’est pas encore valable."
    ),
    "SERVER_CERTIFICATE_INVALID": Refusal(
        BAD, "This is not a certificate in PEM form.", "Ce n’est pas un certificat au format PEM."
    ),
    "SERVER_CERTIFICATE_KEY_INVALID": Refusal(
        BAD, "This is not a private key in PEM form (PKCS#8).", "Ce n’est pas une clé privée au format PEM (PKCS#8)."
    ),
    "SERVER_CERTIFICATE_KEY_MISMATCH": Refusal(
        BAD, "The private key does not belong to the certificate.", "La clé privée ne correspond pas au certificat."
    ),
    "SERVER_CERTIFICATE_EXPIRED": Refusal(BAD, "The certificate has expired ({1}).", "Le certificat a expiré ({1})."),
    "SERVER_CERTIFICATE_NOT_VALID_YET": Refusal(
        BAD, "The certificate is not valid before {1}.", "Le certificat n’est pas valable avant {1}."
    ),
    "SERVER_CERTIFICATE_CHAIN_INVALID": Refusal(
        BAD,
        "The intermediate certificates are not in PEM form.",
        "Les certificats intermédiaires ne sont pas au format PEM.",
    ),
    "AUTH_IS_DISABLED": Refusal(
        WRONG, "The pool has no external directory of users.", "Ce pool n’a pas d’annuaire externe."
    ),
    "AUTH_UNKNOWN_TYPE": Refusal(BAD, "There is no directory of the type {0}.", "Il n’y a pas d’annuaire du type {0}."),
    "AUTH_ALREADY_ENABLED": Refusal(
        WRONG, "The host has an external directory of users already ({1}).", "L’hôte a déjà un annuaire externe ({1})."
    ),
    "AUTH_ENABLE_FAILED": Refusal(
        TROUBLE, "The external directory could not be set up: {0}", "L’annuaire externe n’a pas pu être configuré : {0}"
    ),
    "AUTH_SERVICE_ERROR": Refusal(
        TROUBLE, "The external directory does not answer: {0}", "L’annuaire externe ne répond pas : {0}"
    ),
    "SUBJECT_CANNOT_BE_RESOLVED": Refusal(
        GONE, "The external directory does not know this name.", "L’annuaire externe ne connaît pas ce nom."
    ),
    "INVALID_NTP_CONFIG": Refusal(
        BAD,
        "These settings of the clock (NTP) are not valid: {0}",
        "Ces réglages de l’horloge (NTP) ne sont pas valables : {0}",
    ),
    "NOT_ALLOWED_WHEN_NTP_IS_ENABLED": Refusal(
        WRONG,
        "The clock of {0} follows NTP: switch that off first.",
        "L’horloge de {0} suit NTP : désactivez-le d’abord.",
    ),
    "WLB_NOT_INITIALIZED": Refusal(
        WRONG, "The pool has no workload balancing.", "Ce pool n’a pas d’équilibrage de charge."
    ),
    "WLB_DISABLED": Refusal(
        WRONG, "The pool's workload balancing is off.", "L’équilibrage de charge du pool est désactivé."
    ),
    "WLB_TIMEOUT": Refusal(
        TROUBLE, "The workload balancing server does not answer.", "Le serveur d’équilibrage de charge ne répond pas."
    ),
    "WLB_CONNECTION_REFUSED": Refusal(
        TROUBLE,
        "The workload balancing server refuses the connection.",
        "Le serveur d’équilibrage de charge refuse la connexion.",
    ),
}
