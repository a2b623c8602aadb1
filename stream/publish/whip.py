"""A WHIP session: FFmpeg sends the pictures, this side of it makes and ends the session."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from stream.errors import SinkError
from stream.publish import exchange
from stream.publish.credentials import parted
from stream.publish.target import WHIP

ENDS_S = 1.0
"""What the exchange's process may take to tell what came of it, once FFmpeg has done."""

HANDSHAKE_S = 3
"""ICE and DTLS have to be done within so long."""

NO_WAY = "it has opened a session, but takes no pictures: UDP may not pass between here and it"


class WhipLink:
    """A session with one server, as `stream.publish.link.Link`."""

    def __init__(self, url: str) -> None:
        """Prepare a session; nothing is sent yet.

        Args:
            url: of the server, checked.

        Raises:
            SinkError: this machine does not let it.
        """
        self.problem, self.way = "", WHIP
        endpoint, authorization = parted(url)
        _spare_loopback()
        try:
            self._folder = TemporaryDirectory(prefix="divergent-")
            self._exchange = subprocess.Popen(  # noqa: S603 - this project's own module
                [sys.executable, "-m", exchange.__name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        except OSError as problem:
            raise SinkError(f"this machine does not let it: {problem.strerror}") from None
        assert self._exchange.stdin is not None and self._exchange.stdout is not None
        self._session: dict[str, str | None] = {}
        asked = {"endpoint": endpoint, "authorization": authorization}
        print(json.dumps(asked), file=self._exchange.stdin, flush=True)
        certificate, key = _certificate(Path(self._folder.name))
        self.options: Mapping[str, str] = {
            "cert_file": str(certificate),
            "key_file": str(key),
            "handshake_timeout": str(1000 * HANDSHAKE_S),
        }
        self.address = self._exchange.stdout.readline().strip()

    def settle(self) -> None:
        """FFmpeg has connected, or has failed to: see what came of the exchange."""
        self._folder.cleanup()
        try:
            told, _ = self._exchange.communicate(timeout=ENDS_S)
        except subprocess.TimeoutExpired:
            self._exchange.kill()
            told, _ = self._exchange.communicate()
        self._session = json.loads(told or "{}")
        self.problem = self._session.get("problem") or (NO_WAY if self._session else "")

    def close(self) -> None:
        """End the session."""
        resource = self._session.pop("resource", None)
        if resource:
            exchange.end(resource, self._session.get("authorization"))


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Files with a certificate for one session, and its key.

    The one that FFmpeg makes by itself with GnuTLS is on a curve that OpenSSL and browsers refuse.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key, now, day = generate_private_key(SECP256R1()), datetime.now(UTC), timedelta(days=1)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "WebRTC")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + 30 * day)
        .sign(key, SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret


def _spare_loopback() -> None:
    """Keep FFmpeg from asking a proxy for this machine."""
    spared = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    if exchange.LOOPBACK not in spared:
        os.environ["no_proxy"] = ",".join(filter(None, (spared, exchange.LOOPBACK)))
