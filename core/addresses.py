"""Which IP addresses the service may connect to on behalf of strangers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from core.errors import FieldError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All IPv6 addresses of hosts on the internet. Source: IANA, IPv6 global unicast assignments."""
SPECIAL: Final[tuple[IpNetwork, ...]] = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16", "2001::/23", "2001:db8::/32",
         "2002::/16", "3fff::/20"),
    )
)  # fmt: skip
"""Networks that not every version of Python knows to be special, 6to4 among them, whose addresses
hold IPv4 addresses; and Azure's services for virtual machines, which have a public address (the
metadata of other clouds are at link-local, shared or private ones).

Source: IANA, special-purpose address registries; Microsoft, "What is IP address 168.63.129.16?".
"""


def parse_networks(texts: Iterable[str], field: str) -> tuple[IpNetwork, ...]:
    """Returns networks.

    Args:
        texts: addresses with a length of the prefix, as ``10.1.0.0/16``.
        field: whose value they are.

    Raises:
        FieldError: one is none.
    """
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as error:
            allowed = "networks such as 10.1.0.0/16, separated by commas"
            raise FieldError(field, f"{field}: {error}", allowed=allowed, code="setting") from error
    return tuple(found)


def parse_address(text: str) -> IpAddress | None:
    """Returns the IP address that a text is; an IPv4 address within IPv6 as such; None: a name.

    >>> parse_address("::ffff:127.0.0.1"), parse_address("reader.example")
    (IPv4Address('127.0.0.1'), None)
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: IpAddress) -> bool:
    """Returns whether an address is one of the internet's, and no other network's.

    >>> [is_public(ipaddress.ip_address(a)) for a in ("9.9.9.9", "10.0.0.1", "169.254.169.254")]
    [True, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address) and address not in UNICAST:
        return False
    special = address.is_multicast or address.is_reserved or is_within(address, SPECIAL)
    return address.is_global and not special


def is_within(address: IpAddress, networks: Sequence[IpNetwork]) -> bool:
    """Returns whether an address lies in one of the networks."""
    return any(address in network for network in networks)
