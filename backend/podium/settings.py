"""What the operator decides: read once from `PODIUM_*` variables or flags, frozen, and handed down."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]

HOUR = 3600.0
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

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="addresses or networks whose X-Forwarded-For and -Proto are believed, comma-separated"
    )
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, description="largest request body outside uploads")

    poll_timeout_s: Seconds = Field(
        default=5.0, le=60.0, description="a pool is asked for events, and so for a sign of life, at least this often"
    )
    metrics_interval_s: float = Field(
        default=5.0, ge=0.0, le=60.0, description="each host is asked for its measurements so often; 0: never"
    )

    alarm_history_s: Seconds = Field(default=30 * DAY, description="how long alarms that have ended are remembered")
    public_url: str = Field(
        default="",
        max_length=2048,
        pattern=r"^(https?://[^\s\"<>]+)?$",
        description="where people reach the web client, for links in messages about alarms; no links if empty",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe message logged"
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="console: for people; json: a line a message"
    )

    @field_validator("trusted_proxies", mode="before")
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

    @property
    def database(self) -> str:
        """The database's URL; SQLite in the data directory unless another was given."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'podium.db'}"
