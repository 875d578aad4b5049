"""The classes few people meet: cluster, provisioning services, drivers, tracing, callers and repositories."""

from xensim.graph.site import Site
from xensim.schema import NULL_REF


def build(site: Site) -> None:
    """Add what belongs to the pool rather than to a VM."""
    _cluster(site)
    _provisioning(site)
    _drivers(site)
    _observability(site)
    _repositories(site)


def _cluster(site: Site) -> None:
    mint, count = site.mint, len(site.hosts)
    cluster = mint.add(
        "Cluster",
        cluster_token="simulated", cluster_stack="corosync", cluster_stack_version=3, is_quorate=True,  # noqa: S106
        quorum=count // 2 + 1, live_hosts=count, expected_hosts=count, pool_auto_join=True, token_timeout=20.0,
        token_timeout_coefficient=1.0, allowed_operations=["add", "enable", "disable"],
    )  # fmt: skip
    for host in site.hosts:
        mint.add(
            "Cluster_host",
            cluster=cluster, host=host.ref, enabled=True, PIF=host.nics[0], joined=True, live=True,
            last_update_live=mint.ago(0), allowed_operations=["enable", "disable"],
        )  # fmt: skip


def _provisioning(site: Site) -> None:
    mint = site.mint
    pvs = mint.add("PVS_site", name_label="Classrooms", name_description="Streamed desktops", PVS_uuid=mint.uuid())
    mint.add("PVS_server", addresses=["10.20.0.60", "10.20.0.61"], first_port=6910, last_port=6930, site=pvs)
    mint.add(
        "PVS_cache_storage", host=site.hosts[0].ref, SR=site.hosts[0].local_sr, site=pvs, size=10 << 30, VDI=NULL_REF
    )
    vif = next(iter(mint.db.refs("VIF")), None)
    if vif is not None:
        mint.add("PVS_proxy", site=pvs, VIF=vif, currently_attached=False, status="stopped")


def _drivers(site: Site) -> None:
    mint = site.mint
    for host in site.hosts:
        driver = mint.add(
            "Host_driver",
            host=host.ref, name="cisco-fnic", friendly_name="Cisco fNIC", type="network", description="Cisco fNIC",
            info="simulated",
        )  # fmt: skip
        variant = mint.add(
            "Driver_variant",
            name="generic", driver=driver, version="2.0.0.90", hardware_present=False, priority=30.0,
            status="production",
        )  # fmt: skip
        mint.db.set("Host_driver", driver, active_variant=variant, selected_variant=variant)


def _observability(site: Site) -> None:
    mint = site.mint
    mint.add(
        "Observer",
        name_label="traces", name_description="Spans to the collector", hosts=[host.ref for host in site.hosts],
        attributes={"deployment.environment": "lab"}, endpoints=["http://10.20.0.70:9411/api/v2/spans"],
        components=["xapi", "xenopsd"], enabled=False,
    )  # fmt: skip
    limit = mint.add("Rate_limit", name_label="scripts", burst_size=100.0, fill_rate=10.0)
    mint.add(
        "Caller",
        name_label="monitoring", user_agent="check_xen/1.4", client_ip="10.20.0.80", last_access=mint.date(0, 1),
        rate_limit=limit, auto_registered=True,
    )  # fmt: skip


def _repositories(site: Site) -> None:
    mint = site.mint
    refs = [
        mint.add(
            "Repository",
            name_label=label, name_description=f"Packages of {label}", update=label == "updates", origin="remote",
            binary_url=f"https://mirror.example.com/8.3/{label}", source_url=f"https://mirror.example.com/8.3/{label}-src",
            up_to_date=label == "base", hash=f"{mint.rng.getrandbits(256):064x}", gpgkey_path="RPM-GPG-KEY-simulated",
        )
        for label in ("base", "updates")
    ]  # fmt: skip
    mint.db.set("pool", site.pool, repositories=refs, last_update_sync=mint.date(0, 2))
    token = mint.add("secret", value=mint.uuid())
    mint.db.set("pool", site.pool, telemetry_uuid=token)
    blob = mint.add(
        "blob", name_label="banner", mime_type="text/plain", size=24, public=True, last_updated=mint.date(1, 9)
    )
    mint.db.set("pool", site.pool, blobs={"banner": blob})
    address = site.hosts[0].address
    mint.add(
        "Certificate",
        name="corporate-ca.pem", type="ca", not_before=mint.ago(900), not_after=mint.ago(900 - 3650),
        fingerprint=mint.fingerprint(), fingerprint_sha256=mint.fingerprint(), fingerprint_sha1=mint.fingerprint(20),
        purpose=["ldaps"] if address else [],
    )  # fmt: skip
