"""Host names by which the app may be reached, as Host and ALLOWED_HOSTS spell them."""

import re
from ipaddress import IPv6Address, ip_address

# uri-host [":" port], RFC 9110 7.2; what is looser could hide another name.
HOST = re.compile(
    r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::[0-9]{0,5})?"
)


def host_name(host: str) -> str | None:
    """The name in a Host, without port and case; None where *host* is none."""
    found = HOST.fullmatch(host.lower())
    if found is None:
        return None
    name = found["name"]
    if not name.startswith("["):
        return name
    try:
        return f"[{IPv6Address(name[1:-1])}]"
    except ValueError:
        return None


def is_loopback_name(name: str) -> bool:
    """`localhost`, a name under it, or a loopback address; without a port."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
