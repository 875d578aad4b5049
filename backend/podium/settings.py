"""What the operator decides: read once from `PODIUM_*` variables or flags, frozen, and handed down."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]

HOUR = 3600.0
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
DAY = 24 * HOUR


class Settings(BaseSettings):
    """Every field is the variable `PODIUM_<NAME>` and the flag `--<name>` of `podium serve`."""

    model_config = SettingsConfigDict(env_prefix="PODIUM_", frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = Field(
        default="",
        description="sqlite:///path or postgresql://user:password@host/name; SQLite in the data directory if empty",
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    data_dir: Path = Field(default=Path("var"), description="where the SQLite database and the secret key live")
    web_dir: Path | None = Field(default=None, description="the built web client; found beside the package if empty")

    secret_key: SecretStr | None = Field(
        default=None,
        description="encrypts stored passwords and signs tokens; made at first start (secret.key) if empty",
    )
    admin_email: str = Field(default="", max_length=255, description="first start: the administrator's name")
    admin_password: SecretStr | None = Field(
        default=None, description="first start: the administrator's password; a random one is printed once if empty"
    )
    session_lifetime_s: Seconds = Field(default=10 * HOUR, description="a browser's sign-in, until the browser closes")
    remembered_lifetime_s: Seconds = Field(default=30 * DAY, description="a browser's sign-in with 'remember me'")
    token_lifetime_s: Seconds = Field(default=30 * DAY, description="a token made without an expiry")
    token_max_lifetime_s: Seconds = Field(default=182.5 * DAY, description="the longest life a token may ask for")
    cookie_secure: Literal["auto", "always", "never"] = Field(
        default="auto", description="Secure flag of the session cookie; auto: when the request came over https"
    )
    password_memory_kib: int = Field(default=65536, ge=8, le=4 * 1024 * 1024, description="Argon2id memory, in KiB")
    password_time_cost: int = Field(default=3, ge=1, le=64, description="Argon2id passes")
    password_parallelism: int = Field(default=4, ge=1, le=64, description="Argon2id lanes")
    password_workers: int = Field(default=2, ge=1, le=64, description="passwords hashed at the same time")

    password_min_length: int = Field(default=8, ge=1, le=128, description="shortest password that may be chosen")
    password_refuse_common: bool = Field(default=True, description="refuse the commonest passwords")
    require_totp: Literal["none", "admins", "everybody"] = Field(
        default="none", description="who must use a second factor (TOTP) when signing in with a password"
    )
    signing_key_rotation_days: float = Field(
        default=90.0, ge=0, description="age at which the key that signs tokens is replaced, in days; 0: never"
    )

    public_url: str = Field(
        default="",
        max_length=2048,
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="where people reach the web client: for links in messages about alarms (none if empty), and for the"
        " way back from a sign-in provider (what the browser asked for if empty)",
    )
    create_users_on_first_sign_in: bool = Field(
        default=True, description="whom a provider vouches for gets an account, without any rights"
    )
    oidc_issuer: str = Field(default="", description="OpenID Connect: the provider's issuer, https://...")
    oidc_client_id: str = Field(default="", description="OpenID Connect: what the provider calls this service")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="OpenID Connect: what this service proves itself with; none for a public client"
    )
    oidc_name: str = Field(
        default="oidc", pattern=r"^[A-Za-z0-9_-]{1,32}$", description="OpenID Connect: the provider's name on the page"
    )
    oidc_scopes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("openid", "profile", "email"), description="OpenID Connect: what is asked for, comma-separated"
    )
    oidc_group_claim: str = Field(default="", description="OpenID Connect: the claim with the names of a user's groups")
    oidc_admin_group: str = Field(default="", description="OpenID Connect: members of this group are administrators")

    ldap_url: str = Field(default="", description="LDAP: the directory, ldaps://host or ldap://host (with StartTLS)")
    ldap_start_tls: bool = Field(
        default=True, description="LDAP: TLS from the first step on; without it only ldaps://, or this very machine"
    )
    ldap_ca_file: Path | None = Field(
        default=None, description="LDAP: certificates that the directory's is verified by; the system's if empty"
    )
    ldap_bind_dn: str = Field(default="", description="LDAP: the account to search with; anonymous if empty")
    ldap_bind_password: SecretStr | None = Field(default=None, description="LDAP: its password")
    ldap_base_dn: str = Field(default="", description="LDAP: where people are")
    ldap_user_filter: str = Field(
        default="(uid={name})", description="LDAP: how a person is found by name, e.g. (sAMAccountName={name})"
    )
    ldap_name_attribute: str = Field(default="uid", description="LDAP: what an account is called here")
    ldap_id_attribute: str = Field(
        default="entryUUID", description="LDAP: what never changes for a person, e.g. objectGUID"
    )
    ldap_group_base_dn: str = Field(default="", description="LDAP: where groups are; none are read if empty")
    ldap_group_filter: str = Field(
        default="(member={dn})", description="LDAP: how a person's groups are found, by {dn} or {name}"
    )
    ldap_group_name_attribute: str = Field(default="cn", description="LDAP: what a group is called here")
    ldap_admin_group: str = Field(default="", description="LDAP: members of this group (name or DN) are administrators")
    ldap_timeout_s: Seconds = Field(default=10.0, le=60.0, description="LDAP: the longest a check may take")

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="addresses or networks whose X-Forwarded-For and -Proto are believed, comma-separated"
    )
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, description="largest request body outside uploads")

    audit_required: bool = Field(
        default=False,
        description="refuse writes and sign-ins while the audit log cannot be written; without it they are logged",
    )
    audit_retention_days: float = Field(
        default=0, ge=0, le=36_500, description="older audit records are removed; 0 keeps them for ever"
    )

    poll_timeout_s: Seconds = Field(
        default=5.0, le=60.0, description="a pool is asked for events, and so for a sign of life, at least this often"
    )
    metrics_interval_s: float = Field(
        default=5.0, ge=0.0, le=60.0, description="each host is asked for its measurements so often; 0: never"
    )

    alarm_history_s: Seconds = Field(default=30 * DAY, description="how long alarms that have ended are remembered")

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe message logged"
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="console: for people; json: a line a message"
    )

    @field_validator("trusted_proxies", "oidc_scopes", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """A variable holds them comma-separated; the command line hands over a list."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters")
        return value

    @model_validator(mode="after")
    def _lifetimes(self) -> Self:
        if self.token_lifetime_s > self.token_max_lifetime_s:
            raise ValueError("token_lifetime_s must not exceed token_max_lifetime_s")
        return self

    @model_validator(mode="after")
    def _providers(self) -> Self:
        """Secrets go to these addresses: nobody between may read or answer in the provider's place."""
        if self.oidc_issuer:
            if not _is_safe(self.oidc_issuer, "https", "http"):
                raise ValueError("oidc_issuer must be an https address")
            if not self.oidc_client_id:
                raise ValueError("oidc_client_id is missing")
            if "openid" not in self.oidc_scopes:
                raise ValueError("oidc_scopes must contain openid")
        if self.ldap_url:
            if not _is_safe(self.ldap_url, "ldaps", "ldap", anywhere=self.ldap_start_tls):
                raise ValueError("ldap_url must be an ldaps or ldap address, and use TLS unless it is this machine")
            if "{name}" not in self.ldap_user_filter:
                raise ValueError("ldap_user_filter must have {name} in it")
            if not ("{dn}" in self.ldap_group_filter or "{name}" in self.ldap_group_filter):
                raise ValueError("ldap_group_filter must have {dn} or {name} in it")
        return self

    @property
    def database(self) -> str:
        """The database's URL; SQLite in the data directory unless another was given."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'podium.db'}"


def _is_safe(url: str, secure: str, plain: str, *, anywhere: bool = False) -> bool:
    """Whether `url` has the scheme `secure`, or `plain` on this very machine (`anywhere`: on any)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == secure or (parts.scheme == plain and (anywhere or host in _HERE)))
