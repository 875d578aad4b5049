"""What is asked of whoever has a password here: that it is a good one, and of some a second factor beside it.

A good one is long enough, not one of the first that anybody tries, and not the account's name. No rule asks for kinds
of characters or for changes every so often: NIST SP 800-63B, 3.1.1.2, advises against both.
"""

import re
from typing import Final

from podium.errors import InvalidParameters
from podium.settings import Settings

_WORDS: Final = """
000000 111111 112233 121212 123123 123321 1234 12345 123456 1234567 12345678 123456789 1234567890 123qwe 1q2w3e
1q2w3e4r 1q2w3e4r5t 1qaz2wsx 222222 333333 444444 555555 654321 666666 777777 888888 87654321 987654321 999999
aa123456 abc abc123 abcd1234 abcdef abcdefg abcdefgh access admin administrator administrateur alexander andrew
asdasd asdf asdfasdf asdfgh asdfghjkl ashley azerty azertyuiop bailey baseball batman bonjour calvin charlie
changeit changeme chelsea chocolate citrix computer corvette cowboys dallas daniel default doudou dragon dubsmash
flower football freedom george ginger guest hammer hannah harley hello hockey hunter iloveyou internet jennifer
jessica jordan jordan23 joshua juventus killer klaster letmein liverpool login london loulou love lovely loveme
maggie manager marseille martin master matrix matthew merlin michael michelle monkey motdepasse mustang mynoob
naruto newpass nicole oracle orchestra p@ssw0rd pa55word pass passw0rd password password1 pepper podium pokemon
princess q1w2e3r4 qazwsx qwaszx qwe123 qweqwe qwer1234 qwerty qwertyuiop ranger robert root samsung secret service
server shadow soccer soleil solo starwars startrek sunshine superman support sysadmin system taylor test testing
thomas thunder tigger toor trustno1 user vagrant virtual vmware welcome whatever william winter xcp-ng
xenorchestra xenserver xensource yankees zaq12wsx zxcvbn zxcvbnm
"""
"""The commonest in lists of leaked ones, and those that machines of this kind come with, all lower case."""
_COMMON: Final = frozenset(_WORDS.split())

_TAIL: Final = re.compile(r"[\d\W_]+$")


def require_good(password: str, *, name: str, settings: Settings) -> None:
    """Raises InvalidParameters, in words, for a password that the account `name` may not have."""
    if len(password) < settings.password_min_length:
        raise InvalidParameters(f"the password must have at least {settings.password_min_length} characters")
    if not settings.password_refuse_common:
        return
    plain = password.casefold()
    core = _TAIL.sub("", plain)  # Password123! is password
    names = {one for one in (name.casefold(), name.casefold().partition("@")[0]) if one}
    if plain in names or core in names:
        raise InvalidParameters("the password must not be the account's name")
    if plain in _COMMON or core in _COMMON or len(set(plain)) < 3:
        raise InvalidParameters("that password is one of the first that anybody tries")


def totp_required(settings: Settings, permission: str, provider: str | None) -> bool:
    """Whether such a user has to have a second factor. Whoever comes through OpenID Connect has his provider's."""
    if provider == "oidc" or settings.require_totp == "none":
        return False
    return settings.require_totp == "everybody" or permission == "admin"
