"""Which addresses a document may be fetched from: those of the public internet, and no others.

IPv6 is a list of what is allowed, because nearly all of it is not in use. IPv4 is a list of what is not. Neither
leaves it to ``ipaddress.is_global``, whose answers differ between versions of Python.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address

_FORBIDDEN_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 itself reaches the own machine
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by the customers of a carrier; metadata of some clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the platform's own service, seen from inside of Azure
        "169.254.0.0/16",  # link-local; metadata and credentials of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; metadata of some clouds
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112, answers of the network itself
        "192.52.193.0/24",  # multicast relays
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Everything outside is loopback, private (fc00::/7), link-local, site-local, multicast, unspecified, IPv4-mapped,
# IPv4-compatible, local NAT64 (64:ff9b:1::/48), or belongs to nobody.
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_FORBIDDEN_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, overlay identifiers
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# A name service in a network that has only IPv6 makes these up from the public IPv4 address of a name.
_NAT64 = IPv6Network("64:ff9b::/96")
# The second half of an ISATAP address, which carries an IPv4 address, under whatever prefix.
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
_LOWEST_32_BITS = 0xFFFF_FFFF

# Where its last label is a number, resolvers take a host for an IPv4 address: 127.1, 0x7f000001, 0177.0.0.1.
_LAST_LABEL_IS_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.*", re.DOTALL)


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet, so that everybody can reach what we would reach there."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _FORBIDDEN_IPV4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & _LOWEST_32_BITS))
    if int(address) >> 32 & _LOWEST_32_BITS in _ISATAP:
        return False
    return address in _GLOBAL_IPV6 and not any(address in network for network in _FORBIDDEN_IPV6)


def read_address(host: str) -> IPAddress | None:
    """The address that a host is, without the brackets of a URL; None when it is a name.

    Raises:
        ValueError: it is an address in an unusual spelling (decimal, octal, hexadecimal, shortened, with a zone), of
            which different programs make different addresses, or none at all.
    """
    if ":" in host:
        address = IPv6Address(host)
        if address.scope_id is not None:
            raise ValueError("an address with a zone")
        return address
    return IPv4Address(host) if _LAST_LABEL_IS_A_NUMBER.fullmatch(host) else None
