"""Sign-ins through a provider, a real one, in the audit log."""

from tests.api.test_oidc import consent, depart, oidc_settings, person, provider, service
from tests.audit.conftest import newest, records
from tests.served import ADMIN, Service

__all__ = ["oidc_settings", "provider", "service"]
"""Fixtures."""


async def test_who_arrives_and_who_is_refused(service: Service, provider: str) -> None:
    person(provider, "fay-1", email="fay@example.org")
    person(provider, "mallory", email=ADMIN[0])
    async with service.client(auth=None) as browser, service.client() as admin:
        await records(admin)
        await browser.get(await consent(await depart(browser), "fay-1"))
        arrived = await newest(admin, "signedIn")
        assert (arrived["subject"]["userName"], arrived["data"]["how"]) == ("fay@example.org", "FinishOidcSignIn")
        browser.cookies.clear()
        await browser.get(await consent(await depart(browser), "mallory"))
        refused = await newest(admin, "signInFailed")
        assert refused["data"]["error"]["code"] == "sign-in-refused"
        count = len(await records(admin))
        assert (await browser.get("/rest/v0/auth/oidc/Mock/callback")).status_code == 303
        assert len(await records(admin)) == count
