"""Posting to an address that somebody has entered, from a server that stands inside: only http and https, no redirects,
and nothing on this machine or in the private network unless the installation allows it.

The address that was checked is the one that is connected to, so that a name cannot be resolved differently in between.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings

PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""For the whole answer, however slowly it comes in."""
IN_A_PATH = "/%:@!$&'()*+,;=~-._?"


class NotPosted(Exception):
    """It did not arrive, or was not accepted; the text says why."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send it, and return once it was accepted with a status of 2xx; NotPosted."""
    parts = checked(url)
    try:
        status = _status(parts, body, headers)
    except (OSError, HTTPException, ValueError) as failure:
        raise NotPosted(f"{parts.hostname} did not take it: {failure or type(failure).__name__}.") from failure
    if 300 <= status < 400:
        raise NotPosted(f"{parts.hostname} answered with status {status}; redirects are not followed.")
    if not 200 <= status < 300:
        raise NotPosted(f"{parts.hostname} answered with status {status}; expected one of 2xx.")


def checked(url: str) -> SplitResult:
    """The parts of an address that may be posted to as far as its text tells; NotPosted."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise NotPosted(f"Expected a URL, found '{url}': {error}.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise NotPosted(f"Expected a URL that begins with 'https://' or 'http://', found '{url}'.")
    if parts.username is not None:
        raise NotPosted("Expected a URL without user name and password; the signature tells who sends.")
    return parts


def why_unreachable(url: str) -> str:
    """Why it may not be posted to, as far as is known now; empty if nothing speaks against it.

    A name that cannot be resolved says nothing: it may be there later.
    """
    try:
        parts = checked(url)
        _addresses(parts)
    except NotPosted as refusal:
        return str(refusal)
    except OSError:
        return ""
    return ""


def _status(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    opened = _open(parts)
    connection = _connection(parts)
    connection.sock = opened
    alarm = threading.Timer(ANSWER_SECONDS, _shut, [opened])
    alarm.daemon = True
    alarm.start()
    try:
        connection.request("POST", _target(parts), body, dict(headers))
        return connection.getresponse().status
    finally:
        alarm.cancel()
        connection.close()


def _connection(parts: SplitResult) -> HTTPConnection:
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(str(parts.hostname), _port(parts))


def _open(parts: SplitResult) -> socket.socket:
    """A connection to the first of the checked addresses that answers."""
    failure = OSError("no address")
    for address in _addresses(parts):
        try:
            plain = socket.create_connection((address, _port(parts)), timeout=CONNECT_SECONDS)
        except OSError as error:
            failure = error
            continue
        plain.settimeout(ANSWER_SECONDS)
        return _secured(plain, parts) if parts.scheme == "https" else plain
    raise failure


def _secured(plain: socket.socket, parts: SplitResult) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
    except BaseException:
        plain.close()
        raise


def _shut(opened: socket.socket) -> None:
    """End a conversation that takes too long: whoever waits for an answer gets an error."""
    with suppress(OSError):
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _target(parts: SplitResult) -> str:
    return quote(f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/", safe=IN_A_PATH)


def _addresses(parts: SplitResult) -> list[str]:
    """What the name stands for; refused if any of it is not public."""
    found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if settings.FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES:
        return addresses
    for each in addresses:
        if not _is_public(each):
            raise NotPosted(
                f"'{parts.hostname}' is {each}, which is on this machine or in a private network. Webhooks go to public addresses,"
                " unless the installation is set up with FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES=1."
            )
    return addresses


def _is_public(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    return all(
        each.is_global and not each.is_multicast and not each.is_reserved for each in (address, *_inside(address))
    )


NAT64 = int(IPv6Address("64:ff9b::"))
LAST_32_BITS = 0xFFFF_FFFF


def _inside(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The old addresses that a new one may lead to."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if int(address) & ~LAST_32_BITS == NAT64:
        found.append(IPv4Address(int(address) & LAST_32_BITS))
    return [each for each in found if each is not None]


__all__ = ["NotPosted", "checked", "post", "why_unreachable"]
