"""Refusals: HA, joining a pool, clusters."""

from typing import Final

from podium.services.refusal_table.kinds import BUSY, CANNOT, TROUBLE, WRONG, Refusal

POOLS: Final[dict[str, Refusal]] = {
    "HA_IS_ENABLED": Refusal(
        WRONG, "HA is on: switch it off first.", "La haute disponibilité est active : désactivez-la d’abord."
    ),
    "HA_NOT_ENABLED": Refusal(WRONG, "HA is off.", "La haute disponibilité est désactivée."),
    "HA_NO_PLAN": Refusal(
        WRONG,
        "HA cannot protect the VMs: there are no other hosts for them.",
        "La haute disponibilité ne peut pas protéger les VM : il n’y a pas d’autres hôtes pour elles.",
    ),
    "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN": Refusal(
        WRONG,
        "HA could then not restart all protected VMs any more.",
        "La haute disponibilité ne pourrait alors plus redémarrer toutes les VM protégées.",
    ),
    "HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED": Refusal(
        WRONG,
        "HA needs shared storage, and {0} is not shared.",
        "La haute disponibilité demande un stockage partagé, et {0} ne l’est pas.",
    ),
    "HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED": Refusal(
        WRONG,
        "HA needs networks that all hosts have, and {0} is none.",
        "La haute disponibilité demande des réseaux communs à tous les hôtes, et {0} ne l’est pas.",
    ),
    "HA_TOO_FEW_HOSTS": Refusal(
        WRONG, "HA needs at least two hosts.", "La haute disponibilité demande au moins deux hôtes."
    ),
    "HA_HOST_IS_ARMED": Refusal(
        WRONG, "HA is armed on the host {0}.", "La haute disponibilité est armée sur l’hôte {0}."
    ),
    "CANNOT_CREATE_STATE_FILE": Refusal(
        WRONG,
        "No storage repository can hold the HA state file: shared NFS, iSCSI or HBA storage is needed.",
        "Aucun stockage ne peut contenir le fichier d’état : il faut un stockage partagé NFS, iSCSI ou HBA.",
    ),
    "NOT_SUPPORTED_DURING_UPGRADE": Refusal(
        WRONG,
        "That is not possible while the pool is being upgraded.",
        "Ce n’est pas possible pendant la mise à niveau du pool.",
    ),
    "HOSTS_NOT_HOMOGENEOUS": Refusal(WRONG, "The hosts are too different: {0}", "Les hôtes sont trop différents : {0}"),
    "POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION": Refusal(
        WRONG, "The host must have the same version as the pool.", "L’hôte doit avoir la même version que le pool."
    ),
    "JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS": Refusal(
        WRONG,
        "The host still has shared storage: forget it there first.",
        "L’hôte a encore un stockage partagé : oubliez-le d’abord.",
    ),
    "JOINING_HOST_CANNOT_HAVE_RUNNING_VMS": Refusal(
        WRONG,
        "The host still has running VMs: shut them down first.",
        "L’hôte a encore des VM en marche : arrêtez-les d’abord.",
    ),
    "JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS": Refusal(
        WRONG, "The host still has VMs that are busy.", "L’hôte a encore des VM occupées."
    ),
    "JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS": Refusal(
        WRONG,
        "The host is the coordinator of others: only a pool of one can join.",
        "L’hôte coordonne d’autres hôtes : seul un pool d’un hôte peut en rejoindre un autre.",
    ),
    "JOINING_HOST_CONNECTION_FAILED": Refusal(
        TROUBLE, "The host could not reach the pool.", "L’hôte n’a pas pu joindre le pool."
    ),
    "JOINING_HOST_SERVICE_FAILED": Refusal(
        TROUBLE, "A service of the pool did not answer the host.", "Un service du pool n’a pas répondu à l’hôte."
    ),
    "HA_ENABLE_IN_PROGRESS": Refusal(
        BUSY, "HA is being switched on.", "La haute disponibilité est en cours d’activation."
    ),
    "HA_DISABLE_IN_PROGRESS": Refusal(
        BUSY, "HA is being switched off.", "La haute disponibilité est en cours de désactivation."
    ),
    "HA_FAILED_TO_FORM_LIVESET": Refusal(
        TROUBLE,
        "HA could not be switched on, because the hosts do not reach each other by network and storage as it needs.",
        "La haute disponibilité n’a pas pu être activée : les hôtes ne se joignent pas par le réseau et le stockage.",
    ),
    "HA_HEARTBEAT_DAEMON_STARTUP_FAILED": Refusal(
        TROUBLE,
        "The HA service of a host could not be started.",
        "Le service de haute disponibilité d’un hôte n’a pas pu démarrer.",
    ),
    "HA_HOST_CANNOT_ACCESS_STATEFILE": Refusal(
        TROUBLE,
        "A host cannot reach the HA state file on the storage.",
        "Un hôte n’accède pas au fichier d’état sur le stockage.",
    ),
    "HA_LOST_STATEFILE": Refusal(
        TROUBLE, "The host has lost the HA state file.", "L’hôte a perdu le fichier d’état de la haute disponibilité."
    ),
    "HA_HOST_CANNOT_SEE_PEERS": Refusal(
        TROUBLE,
        "The host {0} does not see all other hosts: of {1} only {2}.",
        "L’hôte {0} ne voit pas tous les autres : de {1} seulement {2}.",
    ),
    "HA_NOT_INSTALLED": Refusal(
        CANNOT, "The host {0} has no HA software.", "L’hôte {0} n’a pas le logiciel de haute disponibilité."
    ),
    "HA_SHOULD_BE_FENCED": Refusal(
        TROUBLE,
        "The host {0} was cut off from its pool and must be rebooted.",
        "L’hôte {0} a été coupé de son pool et doit être redémarré.",
    ),
    "HA_ABORT_NEW_MASTER": Refusal(
        WRONG,
        "The host cannot become the coordinator now: {0}",
        "L’hôte ne peut pas devenir coordinateur maintenant : {0}",
    ),
    "HA_POOL_IS_ENABLED_BUT_HOST_IS_DISABLED": Refusal(
        WRONG,
        "The pool has HA on, and on this host it is off.",
        "Le pool a la haute disponibilité active, et cet hôte ne l’a pas.",
    ),
    "HA_CANNOT_CHANGE_BOND_STATUS_OF_MGMT_IFACE": Refusal(
        WRONG,
        "The bond of the management interface cannot change while HA is on.",
        "L’agrégat de l’interface d’administration ne peut pas changer quand la haute disponibilité est active.",
    ),
    "INCOMPATIBLE_STATEFILE_SR": Refusal(
        WRONG,
        "Storage of the type {0} cannot hold the HA state file.",
        "Un stockage du type {0} ne peut pas contenir le fichier d’état.",
    ),
    "INCOMPATIBLE_CLUSTER_STACK_ACTIVE": Refusal(
        WRONG,
        "The pool uses another kind of cluster ({0}) for HA.",
        "Le pool utilise un autre type de grappe ({0}) pour la haute disponibilité.",
    ),
    "REDO_LOG_IS_ENABLED": Refusal(
        WRONG,
        "The pool keeps a redo log: switch it off first.",
        "Le pool tient un journal de reprise : désactivez-le d’abord.",
    ),
    "CANNOT_ENABLE_REDO_LOG": Refusal(
        TROUBLE, "The redo log could not be switched on: {0}", "Le journal de reprise n’a pas pu être activé : {0}"
    ),
    "DESIGNATE_NEW_MASTER_IN_PROGRESS": Refusal(
        BUSY, "The pool is changing its coordinator.", "Le pool change de coordinateur."
    ),
    "POOL_SECRET_ROTATION_PENDING": Refusal(
        WRONG,
        "The pool's secret is being changed: finish that first.",
        "Le secret du pool est en cours de changement : terminez-le d’abord.",
    ),
    "HOSTS_NOT_COMPATIBLE": Refusal(WRONG, "The hosts do not fit together.", "Les hôtes ne sont pas compatibles."),
    "JOINING_HOST_CANNOT_HAVE_RUNNING_OR_SUSPENDED_VMS": Refusal(
        WRONG,
        "The host still has running or suspended VMs: shut them down first.",
        "L’hôte a encore des VM en marche ou suspendues : arrêtez-les d’abord.",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_PHYSICAL_MANAGEMENT_NIC": Refusal(
        WRONG,
        "The management interface of the host must be a physical one: not a bond, not a VLAN.",
        "L’interface d’administration de l’hôte doit être physique : ni agrégat, ni VLAN.",
    ),
    "POOL_JOINING_HOST_MUST_ONLY_HAVE_PHYSICAL_PIFS": Refusal(
        WRONG,
        "The host must have no bonds, VLANs or tunnels: remove them first.",
        "L’hôte ne doit avoir ni agrégat, ni VLAN, ni tunnel : retirez-les d’abord.",
    ),
    "POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH": Refusal(
        WRONG,
        "The management VLAN of the host ({0}) is not that of the pool ({1}).",
        "Le VLAN d’administration de l’hôte ({0}) n’est pas celui du pool ({1}).",
    ),
    "POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS": Refusal(
        WRONG,
        "The host has VLANs beside that of its management: remove them first.",
        "L’hôte a des VLAN autres que celui d’administration : retirez-les d’abord.",
    ),
    "POOL_JOINING_HOST_HAS_BONDS": Refusal(
        WRONG, "The host has bonds: remove them first.", "L’hôte a des agrégats : retirez-les d’abord."
    ),
    "POOL_JOINING_HOST_HAS_TUNNELS": Refusal(
        WRONG, "The host has tunnels: remove them first.", "L’hôte a des tunnels : retirez-les d’abord."
    ),
    "POOL_JOINING_HOST_HAS_NETWORK_SRIOVS": Refusal(
        WRONG, "The host has SR-IOV networks: remove them first.", "L’hôte a des réseaux SR-IOV : retirez-les d’abord."
    ),
    "POOL_JOINING_EXTERNAL_AUTH_MISMATCH": Refusal(
        WRONG,
        "The host and the pool use different directories of users.",
        "L’hôte et le pool utilisent des annuaires différents.",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION": Refusal(
        WRONG,
        "The host speaks the API version {0} and the pool {1}: update the older one first.",
        "L’hôte parle la version d’API {0} et le pool {1} : mettez d’abord à jour le plus ancien.",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA": Refusal(
        WRONG,
        "The host has the database version {0} and the pool {1}: update the older one first.",
        "L’hôte a la version de base {0} et le pool {1} : mettez d’abord à jour le plus ancien.",
    ),
    "POOL_JOINING_HOST_CA_CERTIFICATES_CONFLICT": Refusal(
        WRONG,
        "The host and the pool have different certificates of the same name: uninstall those of the host.",
        "L’hôte et le pool ont des certificats différents de même nom : retirez ceux de l’hôte.",
    ),
    "POOL_JOINING_HOST_TRUSTED_CERTIFICATES_CONFLICT": Refusal(
        WRONG,
        "The host and the pool have the same certificate for different purposes.",
        "L’hôte et le pool ont le même certificat pour des usages différents.",
    ),
    "POOL_JOINING_SM_FEATURES_INCOMPATIBLE": Refusal(
        WRONG,
        "The storage drivers of the host cannot do what those of the pool can.",
        "Les pilotes de stockage de l’hôte ne font pas ce que font ceux du pool.",
    ),
    "POOL_JOINING_POOL_CANNOT_ENABLE_CLUSTERING_ON_VLAN_NETWORK": Refusal(
        WRONG,
        "The pool's cluster is on the VLAN {0}, which a joining host cannot use.",
        "La grappe du pool est sur le VLAN {0}, inutilisable pour un hôte qui rejoint le pool.",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_ONLY_ONE_IP_ON_CLUSTERING_NETWORK": Refusal(
        WRONG,
        "The host must have exactly one address on the cluster's network.",
        "L’hôte doit avoir exactement une adresse sur le réseau de la grappe.",
    ),
    "POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH": Refusal(
        WRONG,
        "The host could not verify the certificates of the pool.",
        "L’hôte n’a pas pu vérifier les certificats du pool.",
    ),
    "POOL_JOINING_MASTER_CERTIFICATE_NOT_IN_POOL_BUNDLE": Refusal(
        TROUBLE,
        "The coordinator's own certificate is missing among those of its pool.",
        "Le certificat du coordinateur manque parmi ceux de son pool.",
    ),
    "POOL_JOINING_POOL_BUNDLE_EMPTY_AFTER_IMPORT": Refusal(
        TROUBLE,
        "The certificates of the pool did not reach the host.",
        "Les certificats du pool ne sont pas arrivés sur l’hôte.",
    ),
    "POOL_AUTH_ALREADY_ENABLED": Refusal(
        WRONG, "The host {0} has an external directory of users already.", "L’hôte {0} a déjà un annuaire externe."
    ),
    "POOL_AUTH_ENABLE_FAILED": Refusal(
        TROUBLE,
        "The external directory could not be set up on {0}: {1}",
        "L’annuaire externe n’a pas pu être configuré sur {0} : {1}",
    ),
    "COULD_NOT_IMPORT_DATABASE": Refusal(
        TROUBLE,
        "The pool's database could not be restored: {0}",
        "La base de données du pool n’a pas pu être restaurée : {0}",
    ),
    "COULD_NOT_UPDATE_IGMP_SNOOPING_EVERYWHERE": Refusal(
        TROUBLE,
        "IGMP snooping could not be set on all hosts.",
        "L’IGMP snooping n’a pas pu être réglé sur tous les hôtes.",
    ),
    "TLS_VERIFICATION_NOT_ENABLED_IN_POOL": Refusal(
        WRONG,
        "The pool does not verify certificates between its hosts: switch that on first.",
        "Le pool ne vérifie pas les certificats entre ses hôtes : activez-le d’abord.",
    ),
    "TLS_VERIFICATION_ENABLE_IN_PROGRESS": Refusal(
        BUSY,
        "The verification of certificates is being switched on.",
        "La vérification des certificats est en cours d’activation.",
    ),
    "CLUSTERING_ENABLED": Refusal(
        WRONG,
        "The cluster is on for {0}: switch it off first.",
        "La grappe est active pour {0} : désactivez-la d’abord.",
    ),
    "CLUSTERING_DISABLED": Refusal(WRONG, "The cluster is off for {0}.", "La grappe est désactivée pour {0}."),
    "CLUSTER_ALREADY_EXISTS": Refusal(WRONG, "The pool has a cluster already.", "Le pool a déjà une grappe."),
    "CLUSTER_CREATE_IN_PROGRESS": Refusal(BUSY, "The cluster is being made.", "La grappe est en cours de création."),
    "CLUSTER_STACK_IN_USE": Refusal(
        WRONG, "The cluster is in use by storage.", "La grappe est utilisée par un stockage."
    ),
    "NO_CLUSTER_HOSTS_REACHABLE": Refusal(
        TROUBLE, "No other host of the cluster answers.", "Aucun autre hôte de la grappe ne répond."
    ),
}
