"""What a URL says, read strictly: whatever two programs might read differently is refused."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from invoice_capture.domain.errors import LinkForbidden
from invoice_capture.links.addresses import read_address

_DEFAULT_PORTS = MappingProxyType({"http": 80, "https": 443})
_MOST_CHARACTERS = 2048
_MOST_CHARACTERS_OF_A_HOST = 253
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]+)(?::(?P<port>[0-9]{0,5}))?")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_ASCII = bytes(range(128))


@dataclass(frozen=True)
class Link:
    """A URL in its parts. ``host`` is a name or an address: ASCII, lower case, no brackets, no dot at its end."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query as they are sent. The query may be a signature: it is never told to anybody else."""

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """What may be told of a URL: scheme, host and port."""
        return f"{self.scheme}://{self.authority}"

    def redirected(self, location: str, subject: str) -> Link:
        """Where a Location header leads from here; ``location`` as http.client has it. Raises as ``read_link`` does."""
        # Servers send UTF-8 as it is, and http.client takes every byte for a character.
        escaped = quote(location.encode("latin-1", "replace"), safe=_ASCII)
        try:
            joined = urljoin(self.origin + self.target, escaped)
        except ValueError as exc:
            raise _not_understood(subject) from exc
        return read_link(joined, subject)


def read_link(url: str, subject: str) -> Link:
    """An http or https URL in its parts; ``subject`` is the beginning of the message when it is refused.

    Raises:
        LinkForbidden: it is none, it can be read in more than one way, or it carries credentials.
    """
    if len(url) > _MOST_CHARACTERS:
        raise LinkForbidden(
            f"{subject} has {len(url):,} characters; the limit is {_MOST_CHARACTERS:,}. "
            "Give a shorter link, or upload the document."
        )
    if "\\" in url or any(map(_is_invisible, url)):
        raise LinkForbidden(
            f"{subject} contains a backslash, a blank or an invisible character. "
            "Write such characters as % and two digits."
        )
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise _not_understood(subject) from exc
    if parts.scheme not in _DEFAULT_PORTS:
        raise LinkForbidden(f"{subject} does not begin with https://. Give one that does, or upload the document.")
    if "@" in parts.netloc:
        raise LinkForbidden(
            f"{subject} carries a user name or a password, which is not sent anywhere. "
            "Give a link that works without, such as a signed one, or upload the document."
        )
    host, port = _host_and_port(parts, subject)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Link(parts.scheme, host, port, quote(target, safe=_ASCII))


def _host_and_port(parts: SplitResult, subject: str) -> tuple[str, int]:
    found = _AUTHORITY.fullmatch(parts.netloc)
    if found is None:
        raise _not_understood(subject)
    port = int(found["port"] or _DEFAULT_PORTS[parts.scheme])
    if not 1 <= port <= 65535:
        raise _not_understood(subject)
    if found["host"].startswith("["):
        return _ipv6(found["host"][1:-1], subject), port
    return _name_or_ipv4(found["host"], subject), port


def _ipv6(text: str, subject: str) -> str:
    try:
        address = read_address(text) if ":" in text else None
    except ValueError as exc:
        raise _unusual_address(subject) from exc
    if address is None:
        raise _unusual_address(subject)
    return str(address)


def _name_or_ipv4(text: str, subject: str) -> str:
    try:
        # Full-width digits and ideographic full stops become plain ones here, so that they cannot hide an address.
        host = text.encode("idna").decode("ascii").lower()
    except UnicodeError as exc:
        raise _not_understood(subject) from exc
    try:
        address = read_address(host)
    except ValueError as exc:
        raise _unusual_address(subject) from exc
    if address is not None:
        return str(address)
    name = host.removesuffix(".")
    if len(name) > _MOST_CHARACTERS_OF_A_HOST or not _NAME.fullmatch(name):
        raise _not_understood(subject)
    return name


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character).startswith("C")


def _not_understood(subject: str) -> LinkForbidden:
    return LinkForbidden(
        f"{subject} is not a URL that can be understood. "
        "Give one of the form https://host/path, with a host that is written plainly."
    )


def _unusual_address(subject: str) -> LinkForbidden:
    return LinkForbidden(
        f"{subject} writes its host as a number in an unusual way. Give a link with the name of the host."
    )
