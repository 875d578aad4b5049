"""Refusals: the session, the call itself, licences and plugins."""

from typing import Final

from podium.services.refusal_table.kinds import (
    ABORTED,
    BAD,
    BUSY,
    CANNOT,
    GONE,
    LATER,
    REFUSED,
    TROUBLE,
    UNREACHABLE,
    WRONG,
    Refusal,
)

CALLS: Final[dict[str, Refusal]] = {
    "SESSION_AUTHENTICATION_FAILED": Refusal(
        REFUSED,
        "The pool refused the user name or password that Podium uses for it: correct them in the server's settings.",
        "Le pool a refusé le nom d’utilisateur ou le mot de passe que Podium utilise : corrigez-les dans le serveur.",
    ),
    "SESSION_AUTHORIZATION_FAILED": Refusal(
        REFUSED,
        "The account that Podium uses at the pool has no access to it.",
        "Le compte que Podium utilise n’a pas accès à ce pool.",
    ),
    "SESSION_INVALID": Refusal(
        UNREACHABLE,
        "The session at the pool has ended; a new one begins. Try again in a moment.",
        "La session auprès du pool est terminée ; une nouvelle commence. Réessayez dans un instant.",
    ),
    "SESSION_NOT_REGISTERED": Refusal(
        TROUBLE,
        "The pool does not know our subscription to its events.",
        "Le pool ne connaît pas notre abonnement à ses événements.",
    ),
    "HOST_IS_SLAVE": Refusal(
        UNREACHABLE,
        "The pool has another coordinator now ({0}). Try again in a moment.",
        "Le pool a maintenant un autre coordinateur ({0}). Réessayez dans un instant.",
    ),
    "HOST_STILL_BOOTING": Refusal(
        LATER, "The host is still starting. Try again in a moment.", "L’hôte démarre encore. Réessayez dans un instant."
    ),
    "HOST_BROKEN": Refusal(
        LATER,
        "The host is in emergency mode or starting: it takes no commands now.",
        "L’hôte est en mode d’urgence ou démarre : il ne prend pas de commandes.",
    ),
    "HOST_IN_EMERGENCY_MODE": Refusal(
        LATER,
        "The host has lost its pool and is in emergency mode.",
        "L’hôte a perdu son pool et se trouve en mode d’urgence.",
    ),
    "HOST_UNKNOWN_TO_MASTER": Refusal(
        TROUBLE, "The coordinator does not know the host {0}.", "Le coordinateur ne connaît pas l’hôte {0}."
    ),
    "HOST_MASTER_CANNOT_TALK_BACK": Refusal(
        TROUBLE,
        "The coordinator cannot reach the host back at {0}.",
        "Le coordinateur ne peut pas joindre l’hôte à l’adresse {0}.",
    ),
    "HOST_OFFLINE": Refusal(TROUBLE, "The host {0} does not answer its pool.", "L’hôte {0} ne répond pas à son pool."),
    "CANNOT_CONTACT_HOST": Refusal(
        TROUBLE, "The pool cannot reach the host {0}.", "Le pool ne peut pas joindre l’hôte {0}."
    ),
    "HOST_HAS_NO_MANAGEMENT_IP": Refusal(
        TROUBLE, "The host has no management address.", "L’hôte n’a pas d’adresse d’administration."
    ),
    "RBAC_PERMISSION_DENIED": Refusal(
        REFUSED,
        "The account that Podium uses at the pool may not do this ({0}): use one with a higher role.",
        "Le compte que Podium utilise n’a pas ce droit ({0}) : utilisez un compte de rôle supérieur.",
    ),
    "PERMISSION_DENIED": Refusal(REFUSED, "The pool does not permit this: {0}", "Le pool ne permet pas cela : {0}"),
    "MESSAGE_METHOD_UNKNOWN": Refusal(
        CANNOT, "This version of XenServer does not know {0}.", "Cette version de XenServer ne connaît pas {0}."
    ),
    "MESSAGE_PARAMETER_COUNT_MISMATCH": Refusal(
        CANNOT,
        "This version of XenServer takes {0} with {1} parameters, not {2}.",
        "Cette version de XenServer attend {1} paramètres pour {0}, et non {2}.",
    ),
    "MESSAGE_REMOVED": Refusal(
        CANNOT, "This version of XenServer does not do that any more.", "Cette version de XenServer ne fait plus cela."
    ),
    "MESSAGE_DEPRECATED": Refusal(
        CANNOT, "This version of XenServer does not do that any more.", "Cette version de XenServer ne fait plus cela."
    ),
    "NOT_IMPLEMENTED": Refusal(CANNOT, "The pool does not do {0}.", "Le pool ne fait pas {0}."),
    "INTERNAL_ERROR": Refusal(
        TROUBLE,
        "The pool itself failed: {0}. Its log (xensource.log) says more.",
        "Le pool lui-même a échoué : {0}. Son journal (xensource.log) en dit plus.",
    ),
    "INVALID_VALUE": Refusal(
        BAD, "The pool does not accept the value {1} for {0}.", "Le pool n’accepte pas la valeur {1} pour {0}."
    ),
    "VALUE_NOT_SUPPORTED": Refusal(
        BAD, "The value {1} is not supported for {0}: {2}", "La valeur {1} n’est pas admise pour {0} : {2}"
    ),
    "FIELD_TYPE_ERROR": Refusal(BAD, "The value of {0} has the wrong type.", "La valeur de {0} n’a pas le bon type."),
    "MAP_DUPLICATE_KEY": Refusal(
        WRONG,
        "Somebody else set {3} in {1} at the same moment. Try again.",
        "Quelqu’un d’autre a modifié {3} dans {1} au même moment. Réessayez.",
    ),
    "HANDLE_INVALID": Refusal(GONE, "This {0} does not exist any more.", "Cet objet ({0}) n’existe plus."),
    "UUID_INVALID": Refusal(GONE, "There is no {0} {1}.", "Il n’y a pas de {0} {1}."),
    "DB_UNIQUENESS_CONSTRAINT_VIOLATION": Refusal(
        WRONG, "There is already a {0} whose {1} is {2}.", "Il existe déjà un objet {0} dont {1} vaut {2}."
    ),
    "EVENTS_LOST": Refusal(
        LATER,
        "The pool lost events; everything is being loaded again.",
        "Le pool a perdu des événements ; tout est en cours de rechargement.",
    ),
    "EVENT_FROM_TOKEN_PARSE_FAILURE": Refusal(
        TROUBLE,
        "The pool does not understand our place in its events.",
        "Le pool ne comprend pas notre position dans ses événements.",
    ),
    "EVENT_SUBSCRIPTION_PARSE_FAILURE": Refusal(
        TROUBLE, "The pool does not understand the subscription {0}.", "Le pool ne comprend pas l’abonnement {0}."
    ),
    "TASK_CANCELLED": Refusal(ABORTED, "It was cancelled.", "L’opération a été annulée."),
    "TOO_MANY_PENDING_TASKS": Refusal(
        LATER, "The pool has too much to do. Try again later.", "Le pool a trop à faire. Réessayez plus tard."
    ),
    "OTHER_OPERATION_IN_PROGRESS": Refusal(
        BUSY,
        "{1} is busy: {2} is under way. Wait for its end and try again.",
        "{1} est occupé : {2} est en cours. Attendez la fin et réessayez.",
    ),
    "OPERATION_NOT_ALLOWED": Refusal(WRONG, "This is not possible now: {0}", "Ce n’est pas possible maintenant : {0}"),
    "OPERATION_BLOCKED": Refusal(
        WRONG,
        "Somebody has blocked this operation on {0}: {1}. Unblock it in its settings first.",
        "Cette opération est bloquée sur {0} : {1}. Débloquez-la d’abord dans ses réglages.",
    ),
    "OPERATION_PARTIALLY_FAILED": Refusal(
        TROUBLE, "Only a part of {0} succeeded.", "Une partie seulement de {0} a réussi."
    ),
    "LICENCE_RESTRICTION": Refusal(
        CANNOT, "The pool's licence does not include this: {0}", "La licence du pool n’inclut pas cela : {0}"
    ),
    "LICENSE_EXPIRED": Refusal(CANNOT, "The licence of the host has expired.", "La licence de l’hôte a expiré."),
    "LICENSE_CHECKOUT_ERROR": Refusal(
        TROUBLE, "The licence server gives no licence: {1}", "Le serveur de licences n’accorde pas de licence : {1}"
    ),
    "XENAPI_MISSING_PLUGIN": Refusal(CANNOT, "The host has no plugin {0}.", "L’hôte n’a pas le greffon {0}."),
    "UNKNOWN_XENAPI_PLUGIN_FUNCTION": Refusal(
        CANNOT, "The host's plugin is too old for that ({0}).", "Le greffon de l’hôte est trop ancien pour cela ({0})."
    ),
    "XENAPI_PLUGIN_FAILURE": Refusal(
        TROUBLE, "A plugin of the host failed: {2}", "Un greffon de l’hôte a échoué : {2}"
    ),
    "TOO_BUSY": Refusal(
        LATER, "The host has too much to do. Try again later.", "L’hôte a trop à faire. Réessayez plus tard."
    ),
    "OBJECT_NOLONGER_EXISTS": Refusal(GONE, "The object does not exist any more.", "L’objet n’existe plus."),
    "XMLRPC_UNMARSHAL_FAILURE": Refusal(
        TROUBLE,
        "The pool does not understand the call: it expected {0} and received {1}.",
        "Le pool ne comprend pas l’appel : il attendait {0} et a reçu {1}.",
    ),
    "UNIMPLEMENTED_IN_SM_BACKEND": Refusal(
        CANNOT, "The storage's driver cannot do that: {0}", "Le pilote du stockage ne le permet pas : {0}"
    ),
    "CHANGE_PASSWORD_REJECTED": Refusal(
        BAD, "The host does not accept the new password: {0}", "L’hôte n’accepte pas le nouveau mot de passe : {0}"
    ),
    "USER_IS_NOT_LOCAL_SUPERUSER": Refusal(
        REFUSED, "Only root of the host may do that: {0}", "Seul root de l’hôte a ce droit : {0}"
    ),
    "TLS_CONNECTION_FAILED": Refusal(
        TROUBLE,
        "The hosts cannot reach each other by TLS at {0}, port {1}.",
        "Les hôtes ne peuvent pas se joindre par TLS à l’adresse {0}, port {1}.",
    ),
    "SSL_VERIFY_ERROR": Refusal(
        TROUBLE,
        "The pool does not trust the certificate of the other side: {0}",
        "Le pool ne fait pas confiance au certificat de l’autre côté : {0}",
    ),
    "XAPI_HOOK_FAILED": Refusal(
        TROUBLE, "The script {0} on the host failed: {1} {2}", "Le script {0} de l’hôte a échoué : {1} {2}"
    ),
    "LICENSE_PROCESSING_ERROR": Refusal(
        TROUBLE, "The host could not read its licence.", "L’hôte n’a pas pu lire sa licence."
    ),
    "LICENSE_DOES_NOT_SUPPORT_POOLING": Refusal(
        CANNOT,
        "The licence of the host does not let it join a pool.",
        "La licence de l’hôte ne lui permet pas de rejoindre un pool.",
    ),
    "LICENSE_HOST_POOL_MISMATCH": Refusal(
        WRONG,
        "The host and the pool have licences that do not go together.",
        "L’hôte et le pool ont des licences incompatibles.",
    ),
    "LICENSE_DOES_NOT_SUPPORT_XHA": Refusal(
        CANNOT,
        "The licence of the host does not include HA.",
        "La licence de l’hôte n’inclut pas la haute disponibilité.",
    ),
    "LICENSE_CANNOT_DOWNGRADE_WHILE_IN_POOL": Refusal(
        WRONG,
        "The licence cannot be lowered while the host is in a pool.",
        "La licence ne peut pas être réduite tant que l’hôte est dans un pool.",
    ),
    "FEATURE_RESTRICTED": Refusal(
        CANNOT, "The pool's licence does not include this.", "La licence du pool n’inclut pas cela."
    ),
    "INVALID_EDITION": Refusal(BAD, "There is no edition {0}.", "Il n’y a pas d’édition {0}."),
    "V6D_FAILURE": Refusal(
        TROUBLE, "The host's licence service does not answer.", "Le service de licences de l’hôte ne répond pas."
    ),
    "MISSING_CONNECTION_DETAILS": Refusal(
        BAD,
        "The address or the port of the licence server is missing.",
        "L’adresse ou le port du serveur de licences manque.",
    ),
    "SYSTEM_STATUS_RETRIEVAL_FAILED": Refusal(
        TROUBLE, "The host could not collect its logs: {0}", "L’hôte n’a pas pu rassembler ses journaux : {0}"
    ),
    "EXTENSION_PROTOCOL_FAILURE": Refusal(
        TROUBLE, "An extension of the host failed.", "Une extension de l’hôte a échoué."
    ),
    "XEN_INCOMPATIBLE": Refusal(
        TROUBLE,
        "Xen and the toolstack of the host do not fit together: reboot the host after its update.",
        "Xen et les outils de l’hôte ne vont pas ensemble : redémarrez l’hôte après sa mise à jour.",
    ),
}
