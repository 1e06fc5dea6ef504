"""Who sends: the header sets of browsers and SDKs, with credentials of many users."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Fields = tuple[tuple[str, str], ...]
USERS = 200
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
TRACE = ("traceparent", "00-{id}{id}-{id}-01")
REQUEST_ID = ("X-Request-Id", "{id}")


@dataclass(frozen=True, slots=True)
class User:
    """Each with credentials of its own, as long as real ones are."""

    bearer: str
    basic: str
    key: str
    cookie: str
    device: str


def users(random: Random) -> list[User]:
    return [_user(random, number) for number in range(USERS)]


def token(random: Random, size: int) -> str:
    """URL-safe, *size* characters."""
    return base64.urlsafe_b64encode(random.randbytes(size)).decode()[:size]


def _user(random: Random, number: int) -> User:
    claims = {
        "iss": "https://accounts.shop.example",
        "sub": f"user-{number:06}",
        "aud": ["api", "web"],
        "scope": "orders:read orders:write catalog:read",
        "exp": 1_800_000_000 + number,
        "jti": token(random, 22),
    }
    header = json.dumps({"alg": "RS256", "typ": "JWT", "kid": token(random, 8)})
    signed = ".".join(
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
        for part in (header, json.dumps(claims))
    )
    secret = f"client-{number}:{token(random, 32)}".encode()
    ga = f"GA1.1.{random.randrange(10**9)}.{random.randrange(10**10)}"
    return User(
        bearer=f"Bearer {signed}.{token(random, 342)}",
        basic=f"Basic {base64.b64encode(secret).decode()}",
        key=f"sk_live_{token(random, 40)}",
        cookie=f"_ga={ga}; theme=dark; consent=1; sid={token(random, 44)}",
        device=token(random, 22),
    )


def _chrome(user: User) -> Fields:
    return (
        ("Connection", "keep-alive"),
        ("sec-ch-ua-platform", '"Windows"'),
        ("User-Agent", CHROME),
        ("Accept", "application/json, text/plain, */*"),
        (
            "sec-ch-ua",
            '"Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"',
        ),
        ("sec-ch-ua-mobile", "?0"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Dest", "empty"),
        ("Referer", "https://www.shop.example/account/orders"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept-Language", "en-GB,en;q=0.9,de;q=0.8"),
        ("Cookie", user.cookie),
        TRACE,
    )


def _firefox(user: User) -> Fields:
    return (
        ("User-Agent", FIREFOX),
        ("Accept", "*/*"),
        ("Accept-Language", "de,en-US;q=0.7,en;q=0.3"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Referer", "https://www.shop.example/"),
        ("Authorization", user.bearer),
        ("Origin", "https://www.shop.example"),
        ("Connection", "keep-alive"),
        ("Sec-Fetch-Dest", "empty"),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Site", "same-site"),
        TRACE,
    )


def _safari(user: User) -> Fields:
    return (
        ("Accept", "application/json"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Cookie", user.cookie),
        ("Sec-Fetch-Mode", "cors"),
        ("Accept-Language", "fr-FR,fr;q=0.9"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("User-Agent", SAFARI),
        ("Referer", "https://m.shop.example/cart"),
        TRACE,
        ("Connection", "keep-alive"),
    )


def _requests(user: User) -> Fields:
    return (
        ("User-Agent", "shop-python/4.2.1 python-requests/2.32.3"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Accept", "application/json"),
        ("Connection", "keep-alive"),
        ("Authorization", user.bearer),
        REQUEST_ID,
        TRACE,
    )


def _axios(user: User) -> Fields:
    return (
        ("Accept", "application/json, text/plain, */*"),
        ("Authorization", user.basic),
        ("X-Request-Id", "{id}"),
        ("traceparent", "00-{id}{id}-{id}-01"),
        ("tracestate", "shop=t61rcWkgMzE"),
        ("User-Agent", "axios/1.7.9"),
        ("Accept-Encoding", "gzip, compress, deflate, br"),
        ("Connection", "keep-alive"),
    )


def _okhttp(user: User) -> Fields:
    return (
        ("X-App-Version", "8.14.0 (81400)"),
        ("X-Device-Id", user.device),
        ("Authorization", user.bearer),
        REQUEST_ID,
        ("Accept-Language", "en-US"),
        ("Connection", "Keep-Alive"),
        ("Accept-Encoding", "gzip"),
        ("User-Agent", "okhttp/4.12.0"),
    )


def _go(user: User) -> Fields:
    return (
        ("User-Agent", "shop-go/1.19.0 (linux; amd64) Go-http-client/1.1"),
        ("Accept", "application/json"),
        ("X-Api-Key", user.key),
        TRACE,
        REQUEST_ID,
        ("Accept-Encoding", "gzip"),
    )


def _curl(user: User) -> Fields:
    """Takes no coding."""
    return (
        ("User-Agent", "curl/7.88.1"),
        ("Accept", "*/*"),
        ("X-Api-Key", user.key),
        REQUEST_ID,
    )


CLIENTS: tuple[Callable[[User], Fields], ...] = (
    _chrome,
    _chrome,
    _firefox,
    _safari,
    _requests,
    _axios,
    _okhttp,
    _go,
    _curl,
)
