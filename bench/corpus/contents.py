"""Bodies as a shop's API has them: JSON of a size that is asked for, forms, files."""

import json
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from bench.corpus.people import token

WORDS = (
    *("alpine", "basket", "canvas", "denim", "ember", "fabric", "garden", "harbor"),
    *("indigo", "jacket", "kettle", "linen", "marble", "nectar", "olive", "pepper"),
    *("quartz", "ribbon", "saddle", "timber", "umber", "velvet", "walnut", "yarrow"),
)
ITEMS, SMALLEST = 2000, 240
BOUNDARY = "----WebKitFormBoundaryx3Gq7PvT2kLmN8sD"


def uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def words(random: Random, count: int) -> str:
    return " ".join(random.choices(WORDS, k=count))


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def item(random: Random) -> dict[str, Any]:
    """One row of a list, some 300 bytes."""
    cents = random.randrange(199, 99_999)
    return {
        "id": uuid(random),
        "sku": f"SKU-{random.randrange(10**6):06}",
        "name": words(random, 3).title(),
        "description": words(random, random.randrange(4, 14)),
        "price": {"amount": cents / 100, "currency": random.choice(("EUR", "USD"))},
        "quantity": random.randrange(1, 40),
        "in_stock": random.random() < 0.8,
        "updated_at": moment(random),
    }


def moment(random: Random) -> str:
    return (
        f"2026-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}T"
        f"{random.randrange(24):02}:{random.randrange(60):02}:"
        f"{random.randrange(60):02}.{random.randrange(1000):03}Z"
    )


@cache
def _items() -> tuple[bytes, ...]:
    """What a shop sells; lists and orders show some of it."""
    random = Random(ITEMS)
    return tuple(compact(item(random)) for _ in range(ITEMS))


def _some(random: Random, size: int) -> bytes:
    """An array of different items, of *size* bytes or somewhat less."""
    chosen, left = [], size
    for each in random.sample(_items(), size // SMALLEST + 1):
        if len(each) + 1 > left:
            break
        chosen.append(each)
        left -= len(each) + 1
    return b"[" + b",".join(chosen) + b"]"


def listed(random: Random, size: int) -> bytes:
    """A page of a list, of about *size* bytes."""
    head = {
        "object": "list",
        "total": random.randrange(10**5),
        "next_cursor": token(random, 28),
    }
    return compact(head)[:-1] + b',"items":' + _some(random, size - 100) + b"}"


def detail(random: Random, size: int) -> bytes:
    """A thing and what belongs to it, of about *size* bytes."""
    found = {
        "id": uuid(random),
        "status": random.choice(("pending", "paid", "shipped", "returned")),
        "customer": {"id": uuid(random), "email": f"{token(random, 9)}@mail.example"},
        "created_at": moment(random),
    }
    lines = _some(random, max(size - 240, 2))
    found["note"] = words(random, max(size - 240 - len(lines), 0) // 8)
    return compact(found)[:-1] + b',"lines":' + lines + b"}"


def events(random: Random, size: int) -> bytes:
    """What analytics sends."""
    sent: dict[str, Any] = {"anonymous_id": uuid(random), "batch": []}
    while len(compact(sent)) < size:
        sent["batch"].append(
            {
                "event": random.choice(("viewed", "clicked", "scrolled")),
                "at": moment(random),
                "properties": {"path": f"/p/{words(random, 1)}", "ms": random.random()},
            }
        )
    return compact(sent)


def sign_in(random: Random) -> bytes:
    return compact(
        {
            "username": f"{token(random, 9)}@mail.example",
            "password": token(random, 16),
            "remember_me": True,
            "device": uuid(random),
        }
    )


def form(random: Random, size: int) -> bytes:
    """A file and two fields beside it, as a browser sends them."""
    name = f"{words(random, 1)}-{random.randrange(1000)}.jpg"
    before = (
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="title"\r\n\r\n'
        f"{words(random, 4)}\r\n--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="folder"\r\n\r\n'
        f"{uuid(random)}\r\n--{BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return before.encode() + random.randbytes(size) + f"\r\n--{BOUNDARY}--\r\n".encode()
