"""A real directory: OpenLDAP's slapd with a database of the test's own, on free ports, with TLS."""

import datetime as dt
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SLAPD: Final = shutil.which("slapd", path="/usr/sbin:/usr/lib/openldap:/usr/libexec:/usr/local/libexec:/usr/bin")
BASE: Final = "dc=example,dc=org"
SERVICE: Final = (f"cn=podium,{BASE}", "the service's own")
_SCHEMA: Final = Path("/etc/ldap/schema")
_MODULES: Final = Path("/usr/lib/ldap")

_LDIF: Final = f"""\
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: {SERVICE[0]}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: podium
userPassword: {SERVICE[1]}

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: uid=ada,ou=people,{BASE}
objectClass: inetOrgPerson
uid: ada
cn: Ada
sn: Lovelace
mail: ada@example.org
userPassword: engine of analysis

dn: cn=Odd \\28name\\29\\2c \\2a,ou=people,{BASE}
objectClass: inetOrgPerson
uid: o)(uid=*
cn: Odd (name), *
sn: Odd
userPassword: odd one

dn: cn=one,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin
cn: one
sn: Twin
userPassword: twins

dn: cn=two,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin
cn: two
sn: Twin
userPassword: twins

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: cn=staff,ou=groups,{BASE}
objectClass: groupOfNames
cn: staff
member: uid=ada,ou=people,{BASE}
member: cn=Odd \\28name\\29\\2c \\2a,ou=people,{BASE}

dn: cn=root,ou=groups,{BASE}
objectClass: groupOfNames
cn: root
member: cn=one,ou=people,{BASE}
"""


class Directory(msgspec.Struct):
    """`plain`: ldap://, with StartTLS; `tls`: ldaps://. `ca`: the certificate that it is verified by."""

    plain: str
    tls: str
    ca: Path

    def modify(self, ldif: str) -> None:
        """Change something, as its administrator."""
        subprocess.run(
            ["ldapmodify", "-x", "-H", self.plain, "-D", f"cn=admin,{BASE}", "-w", "admin"],
            input=ldif, text=True, check=True, capture_output=True,
        )  # fmt: skip


@contextmanager
def directory(home: Path) -> Iterator[Directory]:
    """Start it, fill it, stop it."""
    assert SLAPD is not None
    ports = [_free_port(), _free_port()]
    found = Directory(f"ldap://127.0.0.1:{ports[0]}", f"ldaps://127.0.0.1:{ports[1]}", home / "ca.pem")
    _certificate(home)
    (home / "data").mkdir()
    config = home / "slapd.conf"
    config.write_text(
        f"""\
include {_SCHEMA}/core.schema
include {_SCHEMA}/cosine.schema
include {_SCHEMA}/inetorgperson.schema
pidfile {home}/slapd.pid
modulepath {_MODULES}
moduleload back_mdb
TLSCertificateFile {home}/ca.pem
TLSCertificateKeyFile {home}/key.pem
disallow bind_anon
database mdb
suffix "{BASE}"
rootdn "cn=admin,{BASE}"
rootpw admin
directory {home}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn.base="{SERVICE[0]}" read by * none
"""
    )
    (home / "all.ldif").write_text(_LDIF)
    slapadd = [SLAPD, "-T", "add", "-f", str(config), "-l", str(home / "all.ldif")]
    subprocess.run(slapadd, check=True, capture_output=True)
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [SLAPD, "-d", "0", "-f", str(config), "-h", f"{found.plain} {found.tls}"], stdout=log, stderr=log
        )
    try:
        _until_answering(ports, process)
        yield found
    finally:
        process.terminate()
        process.wait()


def _until_answering(ports: list[int], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    for port in ports:
        while True:
            assert process.poll() is None, "slapd has ended"
            assert time.monotonic() < end, "slapd does not answer"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _certificate(home: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory of a test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (home / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (home / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
