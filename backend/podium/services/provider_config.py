"""The settings as the providers' clients take them."""

from podium.identity.ldap import LdapConfig
from podium.identity.oidc import OidcConfig
from podium.settings import Settings


def oidc_config(settings: Settings) -> OidcConfig | None:
    """None: there is no such provider."""
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret
    return OidcConfig(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret="" if secret is None else secret.get_secret_value(),
        scopes=settings.oidc_scopes,
        group_claim=settings.oidc_group_claim,
    )


def ldap_config(settings: Settings) -> LdapConfig | None:
    """None: there is no directory."""
    if not settings.ldap_url:
        return None
    password = settings.ldap_bind_password
    return LdapConfig(
        url=settings.ldap_url,
        start_tls=settings.ldap_start_tls,
        ca_file="" if settings.ldap_ca_file is None else str(settings.ldap_ca_file),
        bind_dn=settings.ldap_bind_dn,
        bind_password="" if password is None else password.get_secret_value(),
        base_dn=settings.ldap_base_dn,
        user_filter=settings.ldap_user_filter,
        name_attribute=settings.ldap_name_attribute,
        id_attribute=settings.ldap_id_attribute,
        group_base_dn=settings.ldap_group_base_dn,
        group_filter=settings.ldap_group_filter,
        group_name_attribute=settings.ldap_group_name_attribute,
        timeout_s=settings.ldap_timeout_s,
    )
