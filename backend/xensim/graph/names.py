"""What people call their machines, and what they write beside them."""

from xensim.graph.mint import Mint

ROLES = (
    "web", "db", "api", "cache", "mail", "dns", "git", "ci-runner", "k8s-worker", "k8s-master", "proxy", "vpn", "ldap",
    "backup", "files", "print", "grafana", "build", "redis", "mongo", "search", "queue", "auth", "billing", "erp",
    "crm", "wiki", "jump", "syslog", "ntp", "render", "etl", "bi", "pos", "cam", "voip", "license", "test-agent",
)  # fmt: skip
STAGES = ("prod", "prod", "prod", "staging", "dev", "test", "qa")
SITES = ("ams", "par", "nyc", "zrh", "hel", "sin")
PEOPLE = ("Anna", "Björn", "Chloé", "Dmitri", "Elif", "François", "Grete", "Hiroshi", "Inês", "Zoë")

LONG_NAME = (
    "a machine whose owner was asked to give it a meaningful name and who has taken the request more seriously than "
    "anybody expected, so that every list, card and heading has to decide what to do about a name that does not end "
    "where names usually end and carries on until it has nothing left to say about itself, which is about here"
)
SPECIAL = (
    'Buchhaltung "alt" – nicht löschen!',
    "会計サーバー 01",
    "Почта (резерв)",
    "<b>bold</b> & <script>alert('vm')</script>",
    LONG_NAME,
    " leading and trailing spaces ",
    "🐧 penguin-farm",
    "مخدم الويب",
    "WEB-01",
    "",
)
DESCRIPTIONS = (
    "", "", "", "Managed by Ansible", "Ask the platform team before touching", "Created from the golden image",
    "Migrated from VMware", "Temporary, delete after the audit", "Owner: {person}", "Cluster node, part of {role}",
    "Line one\nLine two\twith a tab \\ and \"quotes\" <i>&amp;</i>", "Café – naïve façade ✓",
)  # fmt: skip
TAGS = (
    "production", "staging", "dev", "linux", "windows", "backup:daily", "backup:weekly", "tier/1", "tier/2", "pci-dss",
    "team=web", "team=data", "team=ops", "do-not-migrate", "équipe réseau", "legacy",
)  # fmt: skip
FOLDERS = ("/Production", "/Production/Web", "/Production/Data", "/Staging", "/Labs", "/Customers/Acme & Co")


def vm_name(mint: Mint, number: int, windows: bool) -> str:
    """The name of the `number`-th VM; the first few are the awkward ones."""
    if number < len(SPECIAL):
        return SPECIAL[number]
    role, roll = mint.pick(ROLES), mint.rng.random()
    if windows:
        if roll < 0.25:
            return f"{mint.pick(PEOPLE)}'s desktop"
        return f"win-{mint.pick(('2016', '2019', '2022', '11'))}-{role}{number % 97:02d}"
    if roll < 0.55:
        return f"{role}-{mint.pick(STAGES)}-{number % 997}"
    if roll < 0.8:
        return f"{role}-{number % 100:02d}"
    if roll < 0.95:
        return f"{mint.pick(SITES)}-{role}-{number % 1000:03d}"
    return f"{role} of {mint.pick(PEOPLE)}"


def description(mint: Mint) -> str:
    return mint.pick(DESCRIPTIONS).format(person=mint.pick(PEOPLE), role=mint.pick(ROLES))


def tags(mint: Mint) -> list[str]:
    """None for half of the objects, else one to three."""
    if mint.chance(0.5):
        return []
    return sorted({mint.pick(TAGS) for _ in range(mint.rng.randrange(1, 4))})
