"""The outside of tokens: signed JWTs that name a record, and nothing that is believed for its own sake."""

from typing import Any, Final

from jose import JWTError, jwt

from podium.db.token import TokenRow
from podium.errors import InvalidCredentials
from podium.services.signing_keys import FIRST, SigningKeys

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "podium"
_MAX_JWT: Final = 2048
_MAX_KID: Final = 36


def signed(row: TokenRow, key: tuple[str, bytes], *, now: float) -> str:
    """The JWT of a record. `key`: the kid and the secret to sign with; `now`: Unix time, in seconds."""
    kid, secret = key
    claims = {
        "iss": _ISSUER,
        "sub": row.user_id,
        "jti": row.id,
        "iat": int(now),
        "exp": int(row.expires.timestamp()),
    }
    return str(jwt.encode(claims, secret, algorithm=_ALGORITHM, headers={"kid": kid}))


async def opened(token: str, keys: SigningKeys, *, now: float) -> tuple[str, str, float]:
    """Token id, user id, expiry of a token we signed. Only our algorithm, issuer and keys are accepted.

    Of the head only `kid` is read, and only as a name in our own table: what else it says (another algorithm, a key,
    an address of keys) decides nothing. Raises InvalidCredentials.
    """
    if len(token) > _MAX_JWT:
        raise InvalidCredentials("the token is not valid")
    try:
        kid = jwt.get_unverified_header(token).get("kid", FIRST)
        if not isinstance(kid, str) or len(kid) > _MAX_KID:
            raise InvalidCredentials("the token is not valid")
        key = await keys.find(kid, now)
        if key is None:
            raise InvalidCredentials("the token is not valid, or not any more")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            options={"require_exp": True, "require_sub": True, "require_jti": True, "verify_exp": False},
        )
        token_id, user_id, expires = claims["jti"], claims["sub"], claims["exp"]
    except (JWTError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise InvalidCredentials("the token is not valid") from error
    if not (isinstance(token_id, str) and isinstance(user_id, str) and isinstance(expires, int)):
        raise InvalidCredentials("the token is not valid")
    if expires <= now:
        raise InvalidCredentials("the token has expired")
    return token_id, user_id, float(expires)
