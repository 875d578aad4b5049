"""Passwords that an LDAP directory checks: of the accounts that are its own, and of names that have no account here."""

from podium.identity.ldap import LdapDirectory
from podium.services.oidc import GroupSync
from podium.services.provider_users import ProviderUsers, is_admin
from podium.services.users import Credentials

PROVIDER = "ldap"


class LdapSignIn:
    """The Directory of `auth.py`. `admin_group`: the name or distinguished name of the administrators' group."""

    def __init__(
        self, directory: LdapDirectory, people: ProviderUsers, *, admin_group: str, groups: GroupSync | None = None
    ) -> None:
        self._directory = directory
        self._people = people
        self._admin_group = admin_group
        self._groups = groups

    async def check(self, name: str, password: str, known: Credentials | None) -> Credentials | None:  # noqa: ARG002
        """The account, by what the directory calls the person for ever: a name may pass to somebody else there.

        Raises ProviderUnavailable, SignInRefused.
        """
        person = await self._directory.check(name, password)
        if person is None:
            return None
        groups = person.groups
        said = None if groups is None else [*groups, *groups.values()]
        admin = is_admin(said, self._admin_group)
        account = await self._people.arrive(PROVIDER, person.subject, person.name, admin=admin)
        if self._groups is not None and groups is not None:
            await self._groups.sync(PROVIDER, account.user_id, groups)
        return account
