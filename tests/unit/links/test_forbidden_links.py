"""Addresses and tricks by which a client might make us fetch what only we can reach. None of them is reached.

Each is tried as the link itself and as the target of a redirect, with http allowed, so that no trick is refused for its
scheme alone, and with a name service that is as obliging as the C library. What is asserted is not only the refusal but
that no connection was made.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from invoice_capture.domain.errors import LinkForbidden
from invoice_capture.links.fetcher import LinkFetcher
from tests.unit.links.servers import PUBLIC, PUBLIC_IPV6, Internet, answer, content_of, redirect, serving

ADDRESSES = """
    127.0.0.1 127.0.0.1:8080 127.255.255.254 0.0.0.0 10.0.0.5 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1
    100.100.100.200 168.63.129.16 169.254.169.254 169.254.170.2 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1
    198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
    [::] [::1] [::1]:8080 [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::127.0.0.1] [::ffff:127.0.0.1]
    [::ffff:7f00:1] [::FFFF:169.254.169.254] [::ffff:a9fe:a9fe] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1]
    [64:ff9b::a9fe:a9fe] [64:ff9b:1::10.0.0.1] [2002:7f00:1::] [2002:a9fe:a9fe::1] [2001:0:7f00:1::1]
    [2001:0:4136:e378:8000:63bf:5601:5601] [2606:2800:21f::5efe:10.0.0.1] [fc00::1] [fd00:ec2::254] [fe80::1]
    [fe80::1%25eth0] [fe80::1%eth0] [::1%25lo] [fec0::1] [ff02::1] [2001:db8::1] [3fff::1]
"""
SPELLINGS = """
    2130706433 017700000001 0x7f000001 0X7F000001 127.1 127.0.1 0177.0.0.1 0x7f.0.0.1 0x7f.1 00000177.0.0.1
    127.0.0.0x1 0 0x0 2852039166 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0251.0376.0251.0376 169.16689662 425.510.425.510
    4294967297 127.0.0.1. 2130706433. 127.0.0.1.. %31%32%37.0.0.1 127.0.0.%31 127%2e0%2e0%2e1 １２７.０.０.１
    127。0。0。1
    ①②⑦.0.0.1 ①⑥⑨｡②⑤④｡①⑥⑨｡②⑤④ 0x7f000001:80 [127.0.0.1] [0x7f000001] [::1]127.0.0.1 127.0.0.1[::1] [localhost]
"""
NAMES = {
    "localhost": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "127.0.0.1.wildcard.example": ["127.0.0.1"],
    "metadata.internal.example": ["169.254.169.254"],
    "intranet": ["10.1.2.3"],
    "mixed.example": [PUBLIC, "10.0.0.5"],
    "mixed-ipv6.example": [PUBLIC, PUBLIC_IPV6, "fd00:ec2::254"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "nat64.example": ["64:ff9b::127.0.0.1"],
    "zone.example": ["fe80::1%eth0"],
    "nonsense.example": ["not an address"],
    "nowhere.example": [],
}
URLS = [
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "s3://bucket/key",
    "ftp://127.0.0.1/x",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/stats",
    "data:text/plain,x",
    "jar:http://127.0.0.1!/x",
    "unix:///run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/x",
    "//127.0.0.1/x",
    "http:127.0.0.1/x",
    "http:/127.0.0.1/x",
    "http:///127.0.0.1/x",
    "http://user@127.0.0.1/x",
    "http://public.example@127.0.0.1/x",
    "http://127.0.0.1@public.example/x",
    "http://public.example:80@127.0.0.1/x",
    "http://127.0.0.1\\@public.example/x",
    "http://public.example\\@127.0.0.1/x",
    "http:\\\\127.0.0.1\\x",
    "http://127.0.0.1\t/x",
    "http://public.example&@127.0.0.1/x",
    "http://127.0.0.1:80:80/x",
    "http://127.0.0.1:/x",
    "http://127.0.0.1?x",
    "http://127.0.0.1#@public.example/",
    "http://127.0.0.1 .public.example/x",
    "HTTP://LOCALHOST./x",
    "http://local\u00adhost/x",
    "http://ｌｏｃａｌｈｏｓｔ/x",
    "http://public.example℀127.0.0.1/x",
]
TRICKS = [
    *(f"http://{host}/latest?signature=s3cret" for host in (*ADDRESSES.split(), *SPELLINGS.split(), *NAMES)),
    *URLS,
]


class ObligingInternet(Internet):
    """Its name service makes an address of everything that the C library makes one of."""

    def resolve(self, name: str) -> Sequence[str]:
        try:
            return [socket.inet_ntoa(socket.inet_aton(name.rstrip(".")))]
        except OSError:
            return super().resolve(name)


def internet(port: int | None = None) -> ObligingInternet:
    names = {"public.example": [PUBLIC], **NAMES}
    routes = {(PUBLIC, 80): port} if port else {}
    return ObligingInternet({name: [addresses] for name, addresses in names.items()}, routes)


def fetcher(world: Internet) -> LinkFetcher:
    return LinkFetcher(maximum_bytes=100, allow_http=True, seconds=5, resolve=world.resolve, connect=world.connect)


def test_there_are_enough_tricks():
    assert len(set(TRICKS)) >= 130


@pytest.mark.parametrize("url", TRICKS)
def test_no_trick_is_reached(url):
    world = internet()
    with pytest.raises(LinkForbidden) as caught:
        fetcher(world).fetch(url, "march.pdf")
    assert world.connected == []
    assert "march.pdf" in str(caught.value)
    assert "s3cret" not in str(caught.value)


# Relative to the page that redirects these are paths of the same host, so they lead nowhere else.
RELATIVE = {"http:127.0.0.1/x", "http:/127.0.0.1/x", "http:///127.0.0.1/x"}


@pytest.mark.parametrize("url", [url for url in TRICKS if url not in RELATIVE])
def test_no_trick_is_reached_by_a_redirect(url):
    location = url.encode().decode("latin-1")
    with serving(redirect(location)) as server:
        world = internet(server.port)
        with pytest.raises(LinkForbidden) as caught:
            fetcher(world).fetch("http://public.example/start", "march.pdf")
    assert world.connected == [(PUBLIC, 80)]
    assert "march.pdf" in str(caught.value)
    assert "s3cret" not in str(caught.value)


# Addresses and names of the own machine, as they are, with the system's own name service and real connections.
OWN_MACHINE = """
    127.0.0.1 127.1 127.0.1 127.8.8.8 0.0.0.0 0 2130706433 0x7f000001 0177.0.0.1 017700000001 0x7f.1 localhost LOCALHOST
    localhost. 127.0.0.1. [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] １２７.０.０.１ 127。0。0。1
    ｌocalhost
"""


def test_a_listener_on_the_own_machine_hears_nothing():
    with serving(answer(b"secret")) as server:
        real = LinkFetcher(maximum_bytes=100, allow_http=True, seconds=5)
        for host in OWN_MACHINE.split():
            with pytest.raises(LinkForbidden):
                real.fetch(f"http://{host}:{server.port}/", "march.pdf")
        assert server.connections == 0
        # The listener does count: the same address is reached once it is an origin of ours.
        trusting = LinkFetcher(maximum_bytes=100, trusted_origins=frozenset({server.url}), seconds=5)
        assert content_of(trusting, server.url) == b"secret"
        assert server.connections == 1


def test_a_listener_on_the_own_machine_hears_nothing_of_a_redirect_either():
    with serving(answer(b"secret")) as secret:
        targets = [f"http://{host}:{secret.port}/" for host in OWN_MACHINE.split() if host.isascii()]
        with serving(*map(redirect, targets)) as server:
            trusting = LinkFetcher(
                maximum_bytes=100, allow_http=True, trusted_origins=frozenset({server.url}), seconds=5
            )
            for _ in targets:
                with pytest.raises(LinkForbidden):
                    trusting.fetch(server.url, "march.pdf")
            assert server.connections == len(targets)
        assert secret.connections == 0


def test_a_name_that_changes_its_address_gains_nothing():
    """The name service answers a public address to the check, and would answer loopback to whoever asks again."""
    with serving(answer(b"document")) as server, serving(answer(b"secret")) as secret:
        world = Internet(
            {"rebinding.example": [[PUBLIC], ["127.0.0.1"]]},
            {(PUBLIC, 80): server.port, ("127.0.0.1", 80): secret.port},
        )
        assert content_of(fetcher(world), "http://rebinding.example/") == b"document"
        assert world.asked == ["rebinding.example"]
        assert world.connected == [(PUBLIC, 80)]
        assert secret.connections == 0


def test_a_name_that_changes_its_address_is_checked_again_at_a_redirect():
    with serving(redirect("/again")) as server, serving(answer(b"secret")) as secret:
        world = Internet(
            {"rebinding.example": [[PUBLIC], ["127.0.0.1"]]},
            {(PUBLIC, 80): server.port, ("127.0.0.1", 80): secret.port},
        )
        with pytest.raises(LinkForbidden):
            fetcher(world).fetch("http://rebinding.example/", "march.pdf")
        assert world.asked == ["rebinding.example"] * 2
        assert world.connected == [(PUBLIC, 80)]
        assert secret.connections == 0


def test_the_own_address_of_a_name_is_not_told():
    """Or we would be a name service for the network we are in."""
    with pytest.raises(LinkForbidden) as caught:
        fetcher(internet()).fetch("http://intranet/", "march.pdf")
    assert "intranet" in str(caught.value)
    assert "10.1.2.3" not in str(caught.value)
