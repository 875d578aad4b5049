"""Refusals: networks, interfaces, bonds and VLANs."""

from typing import Final

from podium.services.refusal_table.kinds import BAD, CANNOT, GONE, TROUBLE, WRONG, Refusal

NETWORK: Final[dict[str, Refusal]] = {
    "MAC_INVALID": Refusal(BAD, "{0} is not a MAC address.", "{0} n’est pas une adresse MAC."),
    "MAC_STILL_EXISTS": Refusal(
        WRONG,
        "The network card with the MAC address {0} is still in the host.",
        "La carte réseau d’adresse MAC {0} est encore dans l’hôte.",
    ),
    "DUPLICATE_MAC_SEED": Refusal(
        WRONG, "Another VM has the same MAC addresses ({0}).", "Une autre VM a les mêmes adresses MAC ({0})."
    ),
    "NETWORK_CONTAINS_PIF": Refusal(
        WRONG,
        "Interfaces of hosts are on the network ({0}): remove them first.",
        "Des interfaces d’hôtes sont sur ce réseau ({0}) : retirez-les d’abord.",
    ),
    "NETWORK_CONTAINS_VIF": Refusal(
        WRONG,
        "VMs are connected to the network: disconnect them first.",
        "Des VM sont connectées au réseau : déconnectez-les d’abord.",
    ),
    "NETWORK_ALREADY_CONNECTED": Refusal(
        WRONG, "The host {0} has the network already.", "L’hôte {0} a déjà ce réseau."
    ),
    "CANNOT_DESTROY_SYSTEM_NETWORK": Refusal(
        WRONG,
        "This network belongs to the system and cannot be deleted.",
        "Ce réseau appartient au système et ne peut pas être supprimé.",
    ),
    "BRIDGE_NAME_EXISTS": Refusal(WRONG, "There is already a bridge {0}.", "Il existe déjà un pont {0}."),
    "PIF_IS_PHYSICAL": Refusal(WRONG, "{0} is a physical interface.", "{0} est une interface physique."),
    "PIF_ALREADY_BONDED": Refusal(WRONG, "{0} is part of a bond already.", "{0} fait déjà partie d’un agrégat."),
    "PIF_VLAN_EXISTS": Refusal(WRONG, "The VLAN exists already on {0}.", "Le VLAN existe déjà sur {0}."),
    "PIF_VLAN_STILL_EXISTS": Refusal(
        WRONG, "There are still VLANs on {0}: remove them first.", "Il reste des VLAN sur {0} : retirez-les d’abord."
    ),
    "PIF_IS_MANAGEMENT_INTERFACE": Refusal(
        WRONG,
        "{0} is the management interface: the host would be lost.",
        "{0} est l’interface d’administration : l’hôte serait perdu.",
    ),
    "PIF_IS_VLAN": Refusal(
        WRONG,
        "{0} is a VLAN itself: use the interface or bond below it.",
        "{0} est lui-même un VLAN : utilisez l’interface ou l’agrégat dessous.",
    ),
    "PIF_HAS_NO_NETWORK_CONFIGURATION": Refusal(
        WRONG, "{0} has no IP configuration.", "{0} n’a pas de configuration IP."
    ),
    "PIF_DOES_NOT_ALLOW_UNPLUG": Refusal(WRONG, "{0} must not be disconnected.", "{0} ne doit pas être déconnectée."),
    "PIF_CANNOT_BOND_CROSS_HOST": Refusal(
        BAD,
        "The interfaces of a bond must be on one host.",
        "Les interfaces d’un agrégat doivent être sur un même hôte.",
    ),
    "PIF_BOND_NEEDS_MORE_MEMBERS": Refusal(
        BAD, "A bond needs at least two interfaces.", "Un agrégat demande au moins deux interfaces."
    ),
    "VLAN_TAG_INVALID": Refusal(
        BAD, "{0} is not a VLAN tag: 0 to 4094.", "{0} n’est pas un numéro de VLAN : 0 à 4094."
    ),
    "INVALID_IP_ADDRESS_SPECIFIED": Refusal(
        BAD, "The value of {0} is not a valid IP address.", "La valeur de {0} n’est pas une adresse IP valable."
    ),
    "MAC_DOES_NOT_EXIST": Refusal(
        BAD,
        "The host has no network card with the MAC address {0}.",
        "L’hôte n’a pas de carte réseau d’adresse MAC {0}.",
    ),
    "INVALID_CIDR_ADDRESS_SPECIFIED": Refusal(
        BAD,
        "The value of {0} is not an address with the length of its prefix (10.0.0.1/24).",
        "La valeur de {0} n’est pas une adresse avec la longueur de son préfixe (10.0.0.1/24).",
    ),
    "ADDRESS_VIOLATES_LOCKING_CONSTRAINT": Refusal(
        WRONG,
        "The interface is locked to other addresses than {0}.",
        "L’interface est verrouillée sur d’autres adresses que {0}.",
    ),
    "NETWORK_UNMANAGED": Refusal(
        WRONG, "The network {0} is not managed by the pool.", "Le réseau {0} n’est pas géré par le pool."
    ),
    "NETWORK_INCOMPATIBLE_PURPOSES": Refusal(
        WRONG, "The purpose {0} does not go together with {1}.", "L’usage {0} ne va pas avec {1}."
    ),
    "NETWORK_INCOMPATIBLE_WITH_SRIOV": Refusal(
        WRONG, "The network {0} cannot be used for SR-IOV.", "Le réseau {0} ne convient pas à SR-IOV."
    ),
    "NETWORK_INCOMPATIBLE_WITH_VLAN_ON_BRIDGE": Refusal(
        WRONG, "The network {0} cannot have this VLAN.", "Le réseau {0} ne peut pas avoir ce VLAN."
    ),
    "NETWORK_INCOMPATIBLE_WITH_BOND": Refusal(
        WRONG, "The network {0} cannot be on a bond.", "Le réseau {0} ne peut pas être sur un agrégat."
    ),
    "NETWORK_INCOMPATIBLE_WITH_TUNNEL": Refusal(
        WRONG, "The network {0} cannot be a tunnel.", "Le réseau {0} ne peut pas être un tunnel."
    ),
    "NETWORK_SRIOV_INSUFFICIENT_CAPACITY": Refusal(
        WRONG,
        "No virtual function (SR-IOV) of the network {0} is free.",
        "Aucune fonction virtuelle (SR-IOV) du réseau {0} n’est libre.",
    ),
    "NETWORK_SRIOV_ALREADY_ENABLED": Refusal(WRONG, "SR-IOV is on for {0} already.", "SR-IOV est déjà actif pour {0}."),
    "NETWORK_SRIOV_ENABLE_FAILED": Refusal(
        TROUBLE, "SR-IOV could not be switched on for {0}: {1}", "SR-IOV n’a pas pu être activé pour {0} : {1}"
    ),
    "NETWORK_SRIOV_DISABLE_FAILED": Refusal(
        TROUBLE, "SR-IOV could not be switched off for {0}: {1}", "SR-IOV n’a pas pu être désactivé pour {0} : {1}"
    ),
    "PIF_IS_NOT_PHYSICAL": Refusal(WRONG, "{0} is not a physical interface.", "{0} n’est pas une interface physique."),
    "PIF_IS_SRIOV_LOGICAL": Refusal(
        WRONG,
        "{0} belongs to an SR-IOV network: use the physical interface.",
        "{0} appartient à un réseau SR-IOV : utilisez l’interface physique.",
    ),
    "VLAN_IN_USE": Refusal(WRONG, "The VLAN {1} on {0} is in use.", "Le VLAN {1} sur {0} est utilisé."),
    "PIF_BOND_MORE_THAN_ONE_IP": Refusal(
        WRONG,
        "Only one interface of a bond may have an IP configuration.",
        "Une seule interface d’un agrégat peut avoir une configuration IP.",
    ),
    "PIF_CONFIGURATION_ERROR": Refusal(
        TROUBLE, "{0} could not be configured: {1}", "{0} n’a pas pu être configurée : {1}"
    ),
    "PIF_NOT_PRESENT": Refusal(
        WRONG, "The host {0} has no interface on the network {1}.", "L’hôte {0} n’a pas d’interface sur le réseau {1}."
    ),
    "PIF_ALLOWS_UNPLUG": Refusal(
        WRONG,
        "{0} may be disconnected, and must not for that.",
        "{0} peut être déconnectée, ce qui ne doit pas être possible ici.",
    ),
    "REQUIRED_PIF_IS_UNPLUGGED": Refusal(
        WRONG, "{0} is disconnected: connect it first.", "{0} est déconnectée : connectez-la d’abord."
    ),
    "PIF_HAS_FCOE_SR_IN_USE": Refusal(WRONG, "{0} carries the FCoE storage {1}.", "{0} porte le stockage FCoE {1}."),
    "PIF_UNMANAGED": Refusal(WRONG, "{0} is not managed by the pool.", "{0} n’est pas gérée par le pool."),
    "PIF_IS_NOT_SRIOV_CAPABLE": Refusal(CANNOT, "{0} cannot do SR-IOV.", "{0} ne permet pas SR-IOV."),
    "PIF_HAS_NO_V6_NETWORK_CONFIGURATION": Refusal(
        WRONG, "{0} has no IPv6 configuration.", "{0} n’a pas de configuration IPv6."
    ),
    "PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE": Refusal(
        WRONG,
        "{0} has another kind of main address (IPv4, IPv6).",
        "{0} a un autre type d’adresse principale (IPv4, IPv6).",
    ),
    "PIF_SRIOV_STILL_EXISTS": Refusal(
        WRONG, "There is still an SR-IOV network on {0}.", "Il reste un réseau SR-IOV sur {0}."
    ),
    "PIF_TUNNEL_STILL_EXISTS": Refusal(WRONG, "There is still a tunnel on {0}.", "Il reste un tunnel sur {0}."),
    "PIF_DEVICE_NOT_FOUND": Refusal(GONE, "The host has no such interface.", "L’hôte n’a pas cette interface."),
    "DUPLICATE_PIF_DEVICE_NAME": Refusal(
        WRONG, "There is already an interface {0}.", "Il existe déjà une interface {0}."
    ),
    "CANNOT_PLUG_BOND_SLAVE": Refusal(
        WRONG,
        "{0} is part of a bond and cannot be connected alone.",
        "{0} fait partie d’un agrégat et ne peut pas être connectée seule.",
    ),
    "CANNOT_ADD_VLAN_TO_BOND_SLAVE": Refusal(
        WRONG,
        "{0} is part of a bond: put the VLAN on the bond.",
        "{0} fait partie d’un agrégat : mettez le VLAN sur l’agrégat.",
    ),
    "CANNOT_ADD_TUNNEL_TO_BOND_SLAVE": Refusal(
        WRONG,
        "{0} is part of a bond: put the tunnel on the bond.",
        "{0} fait partie d’un agrégat : mettez le tunnel sur l’agrégat.",
    ),
    "CANNOT_CHANGE_PIF_PROPERTIES": Refusal(
        WRONG, "The settings of {0} cannot change.", "Les réglages de {0} ne peuvent pas changer."
    ),
    "INCOMPATIBLE_PIF_PROPERTIES": Refusal(
        WRONG,
        "These interfaces have different settings and cannot form a bond.",
        "Ces interfaces ont des réglages différents et ne peuvent pas former un agrégat.",
    ),
    "VIF_IN_USE": Refusal(WRONG, "A VM is connected to the network {0}.", "Une VM est connectée au réseau {0}."),
    "CANNOT_PLUG_VIF": Refusal(
        WRONG, "The interface {0} cannot be connected.", "L’interface {0} ne peut pas être connectée."
    ),
    "BRIDGE_NOT_AVAILABLE": Refusal(
        WRONG, "The host has no bridge {0}, which the VM needs.", "L’hôte n’a pas le pont {0}, nécessaire à la VM."
    ),
    "OPENVSWITCH_NOT_ACTIVE": Refusal(
        WRONG,
        "All hosts of the pool must use Open vSwitch for that.",
        "Tous les hôtes du pool doivent utiliser Open vSwitch pour cela.",
    ),
    "TRANSPORT_PIF_NOT_CONFIGURED": Refusal(
        WRONG, "{0} has no IP address, which the tunnel needs.", "{0} n’a pas d’adresse IP, nécessaire au tunnel."
    ),
    "IS_TUNNEL_ACCESS_PIF": Refusal(WRONG, "{0} is the end of a tunnel.", "{0} est l’extrémité d’un tunnel."),
}
