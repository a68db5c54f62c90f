"""A throw-away certificate authority, and what it makes for the tests of TLS."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One certificate and its key, as files."""

    certificate: Path
    key: Path

    def client_keys(self) -> dict[str, object]:
        """Return what a target's table says of it."""
        return {"client_cert_file": str(self.certificate), "client_key_file": str(self.key)}


class Authority:
    """Signs whatever a test asks for, below `directory`."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory / name
        self._directory.mkdir()
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} (made up)")])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = self._directory / "ca.pem"
        own = self._signed(self._name, self._key, until=datetime.now(UTC) + YEAR, hosts=())
        self.path.write_bytes(b"A line for people: \xe5\xa5\xbd\n" + own.public_bytes(serialization.Encoding.PEM))

    def paper(self, name: str, *hosts: str, until: datetime | None = None, passphrase: bytes = b"") -> Paper:
        """Make a certificate, for a server where it names hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(subject, key, until=until or datetime.now(UTC) + YEAR, hosts=hosts)
        made = Paper(certificate=self._directory / f"{name}.pem", key=self._directory / f"{name}.key")
        made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption(),
            )
        )
        return made

    def _signed(
        self, subject: x509.Name, key: EllipticCurvePrivateKey, *, until: datetime, hosts: tuple[str, ...]
    ) -> x509.Certificate:
        own = subject == self._name
        usage = x509.KeyUsage(
            digital_signature=not own,
            key_cert_sign=own,
            crl_sign=own,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - 2 * YEAR)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if hosts:
            certificate = certificate.add_extension(x509.SubjectAlternativeName(map(_host, hosts)), critical=False)
        return certificate.sign(self._key, hashes.SHA256())


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def serving_with(paper: Paper, *, clients_of: Authority | None = None) -> ssl.SSLContext:
    """Return a server's context; it demands a certificate of the authority's, where one is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper.certificate, paper.key)
    if clients_of is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients_of.path)
    return context
