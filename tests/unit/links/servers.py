"""Servers on the loopback interface that say what they like, an internet to find them in, and certificates."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from invoice_capture.links.fetcher import LinkFetcher
from tests.waiting import PATIENCE_SECONDS

NAME = "march.pdf"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.1 200 OK\r\n\r\n"
PUBLIC = "93.184.215.14"
PUBLIC_IPV6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"

Script = Callable[[socket.socket], None]


@dataclass
class Server:
    port: int
    requests: list[str] = field(default_factory=list)
    """The heads of the requests that came."""
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(*scripts: Script | bytes, tls: ssl.SSLContext | None = None, listens: bool = True) -> Iterator[Server]:
    """A server whose n-th connection is answered by the n-th script, and all further ones by the last.

    ``listens``: it waits for the head of a request before it says anything.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, server, scripts, tls, listens), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Closing does not wake a thread that accepts; shutting down does.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=PATIENCE_SECONDS)


def _serve(
    listener: socket.socket,
    server: Server,
    scripts: Sequence[Script | bytes],
    tls: ssl.SSLContext | None,
    listens: bool,
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        script = scripts[min(server.connections, len(scripts) - 1)]
        server.connections += 1
        # A client that gives up in the middle is what many tests are about.
        with suppress(OSError):
            connection.settimeout(PATIENCE_SECONDS)
            if tls:
                connection = tls.wrap_socket(connection, server_side=True)
            with connection:
                if listens:
                    server.requests.append(_head(connection))
                if isinstance(script, bytes):
                    connection.sendall(script)
                    if tls:
                        connection.unwrap()
                else:
                    script(connection)


def _head(connection: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n") and (portion := connection.recv(4096)):
        head += portion
    return head.decode("latin-1")


def answer(content: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """An answer with a Content-Length, unless another one is given; an underscore stands for a hyphen."""
    lines = {"Content-Length": str(len(content))} | {name.replace("_", "-"): text for name, text in headers.items()}
    head = "".join(f"{name}: {text}\r\n" for name, text in lines.items() if text)
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + content


def redirect(location: str, status: int = 302) -> bytes:
    return answer(status=status, Location=location)


def trusting(server: Server, *, maximum_bytes: int = 1000, seconds: float = PATIENCE_SECONDS) -> LinkFetcher:
    return LinkFetcher(maximum_bytes=maximum_bytes, seconds=seconds, trusted_origins=frozenset({server.url}))


def fetch(server: Server, *, maximum_bytes: int = 1000, seconds: float = PATIENCE_SECONDS) -> bytes:
    fetcher = trusting(server, maximum_bytes=maximum_bytes, seconds=seconds)
    return content_of(fetcher, f"{server.url}/a?signature=s3cret")


def content_of(fetcher: LinkFetcher, url: str) -> bytes:
    with fetcher.fetch(url, NAME) as file:
        return file.read()


class Internet:
    """Name service and routes of a test: what is asked and connected to is remembered.

    ``names`` are the answers to each name, one after the other, the last one for ever. ``routes`` lead an address and
    port to the local port that stands for it; what has no route refuses the connection.
    """

    def __init__(
        self,
        names: Mapping[str, Sequence[Sequence[str]]] | None = None,
        routes: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        self._names = {name: list(answers) for name, answers in (names or {}).items()}
        self._routes = dict(routes or {})
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []

    def resolve(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        answers = self._names.get(name)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connected.append((address, port))
        if (address, port) not in self._routes:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self._routes[address, port]), timeout=seconds)


class Authority:
    """A certificate authority of its own; ``file`` is what clients trust it by."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
        certificate = (
            self._builder(self._name, self._key, days=30)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, *, days: int = 30) -> ssl.SSLContext:
        """What a server needs to prove that it is ``name``, for so many days from yesterday on."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternative = (
            x509.IPAddress(ipaddress.ip_address(name)) if name.replace(".", "").isdigit() else x509.DNSName(name)
        )
        certificate = (
            self._builder(subject, key, days)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._folder / f"{name}-{days}.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
        yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(yesterday)
            .not_valid_after(yesterday + datetime.timedelta(days=days))
        )
