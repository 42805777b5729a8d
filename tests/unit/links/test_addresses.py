"""Which addresses are public, and that no spelling of one that is not gets through."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from invoice_capture.domain.errors import LinkForbidden
from invoice_capture.links.addresses import is_public, read_address
from invoice_capture.links.urls import read_link

# First and last addresses of ranges, so that a mask that is one bit off is noticed.
FORBIDDEN = """
    0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.0 127.0.0.1
    127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0
    172.31.255.255 192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.1 192.168.0.0 192.168.255.255
    198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.0 203.0.113.255 224.0.0.1 239.255.255.255 240.0.0.0
    255.255.255.255
    :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1
    64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
    2001:2::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:a00:1::1 2002:808:808::1 3fff::1
    2606:2800:220:1:0:5efe:10.0.0.1 2606:2800:220:1:200:5efe:8.8.8.8 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
    fe80::1%eth0 2606:2800:220:1::1%1 fec0::1 feff::1 ff02::1 ff0e::1
"""
PUBLIC = """
    1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.215.14 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255
    192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255
    2606:2800:21f:cb07:6820:80da:af6b:8b2c 2001:200::1 2001:4860:4860::8888 2a00:1450:4001:82b::200e 64:ff9b::8.8.8.8
"""
UNUSUAL = """
    2130706433 0x7f000001 017700000001 127.1 127.0.1 0177.0.0.1 0x7f.0.0.1 127.0.0.01 127.0.0.0x1 127.0.0.1. 256.1.1.1
    1.2.3.4.5 0 0x 1. a.1 example.0x1 ::1%lo fe80::1%25eth0 1::2::3 :::1 ::127.1 12345::
"""


@pytest.mark.parametrize("text", FORBIDDEN.split())
def test_what_is_not_of_the_public_internet_is_forbidden(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC.split())
def test_what_is_public_is_allowed(text):
    assert is_public(ip_address(text))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_special(address):
    special = (
        not address.is_global
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )
    # Python has the whole of NAT64 among the reserved addresses.
    assume(address not in IPv6Network("64:ff9b::/96") if address.version == 6 else True)
    assert not (special and is_public(address))


@given(st.ip_addresses(v=4))
def test_an_address_inside_of_another_is_never_better_than_itself(address):
    number = int(address)
    assert is_public(IPv6Address((0x64_FF9B << 96) | number)) == is_public(address)
    for carrier in (number, 0xFFFF << 32 | number, 0xFFFF << 48 | number, 0x2002 << 112 | number << 80):
        assert not is_public(IPv6Address(carrier))
    teredo = 0x2001_0000 << 96 | number << 64 | (number ^ 0xFFFF_FFFF)
    assert not is_public(IPv6Address(teredo))


@pytest.mark.parametrize("name", ["example.com", "1e100.net", "a.b.c.d", "0x.example", "127.0.0.1.example", "xn--p1ai"])
def test_a_name_is_no_address(name):
    assert read_address(name) is None


@pytest.mark.parametrize(
    "host",
    UNUSUAL.split(),
)
def test_an_unusual_spelling_is_refused(host):
    with pytest.raises(ValueError, match=r"."):
        read_address(host)


# --- spellings -------------------------------------------------------------------------------------------------------

FORBIDDEN_IPV4 = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16
    198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
"""
FORBIDDEN_IPV6 = """
    ::/96 ::ffff:0:0/96 64:ff9b:1::/48 100::/64 2001::/32 2001:db8::/32 2002::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8
"""
FULL_WIDTH = str.maketrans("0123456789abcdefx.", "0123456789abcdefx。")


def _inside(networks):
    return st.sampled_from([ip_network(text) for text in networks.split()]).flatmap(
        lambda network: st.integers(int(network[0]), int(network[-1])).map(type(network[0]))
    )


@st.composite
def spellings_of_ipv4(draw):
    """A forbidden address and a way to write it that ``inet_aton`` understands: 1 to 4 numbers, each in any base."""
    address = draw(_inside(FORBIDDEN_IPV4))
    octets = list(address.packed)
    count = draw(st.integers(1, 4))
    numbers = [*octets[: count - 1], int.from_bytes(octets[count - 1 :], "big")]
    bases = draw(st.lists(st.sampled_from(["{:d}", "0{:o}", "0x{:x}", "0X{:X}", "000{:o}", "0x00{:x}"]), min_size=4))
    return address, ".".join(base.format(number) for base, number in zip(bases, numbers, strict=False))


@st.composite
def spellings_of_ipv6(draw):
    address = draw(_inside(FORBIDDEN_IPV6))
    tail = IPv4Address(int(address) & 0xFFFF_FFFF)
    head = ":".join(address.exploded.split(":")[:6])
    text = draw(st.sampled_from([str(address), address.exploded, f"{head}:{tail}", f"{address}%1", f"{address}%25lo"]))
    return draw(st.sampled_from([text, text.upper()]))


def _refused_or_known(url: str) -> None:
    """What is read must be known for the forbidden address it is: nothing of it may be left to a resolver."""
    try:
        link = read_link(url, "The link")
    except LinkForbidden:
        return
    address = read_address(link.host)
    assert address is not None, f"{url!r} would be looked up as a name"
    assert not is_public(address)


@given(spellings_of_ipv4(), st.booleans(), st.sampled_from(["", "."]), st.sampled_from(["", ":80", ":"]))
def test_no_spelling_of_a_forbidden_ipv4_address_passes(spelling, full_width, dot, port):
    address, text = spelling
    assert socket.inet_aton(text) == address.packed
    host = (text.translate(FULL_WIDTH) if full_width else text) + dot
    _refused_or_known(f"https://{host}{port}/invoice.pdf")


@given(spellings_of_ipv6(), st.sampled_from(["", ":80"]))
def test_no_spelling_of_a_forbidden_ipv6_address_passes(text, port):
    _refused_or_known(f"https://[{text}]{port}/invoice.pdf")
    _refused_or_known(f"https://{text}/invoice.pdf")
