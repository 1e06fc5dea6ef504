"""What is asked of a shop's API: each endpoint, how often, and what it answers."""

from collections.abc import Callable
from random import Random

from bench.corpus import contents
from bench.corpus.contents import BOUNDARY, compact, listed, moment, uuid, words
from bench.corpus.exchange import ANSWER_ID, Answer, Exchange, Kind
from bench.corpus.people import CLIENTS, User, token

Fields = tuple[tuple[str, str], ...]
Make = Callable[[Random, User], Exchange]
JSON = (("Content-Type", "application/json"),)
# When every file of the upstream was changed: an ETag of nginx is this and the size.
CHANGED = 1_780_000_000
AN_ID = ANSWER_ID.decode()
CREATED = {
    Kind.MOVED: b"<html>\r\n<head><title>302 Found</title></head>\r\n<body>\r\n"
    b"<center><h1>302 Found</h1></center>\r\n<hr><center>nginx</center>\r\n"
    b"</body>\r\n</html>\r\n",
    Kind.MISSING: compact(
        {
            "error": {
                "code": "not_found",
                "message": "There is no such resource, or it is not yours to see.",
                "documentation": "https://docs.shop.example/errors#not_found",
                "request_id": AN_ID,
            }
        }
    ),
    Kind.FAILED: compact(
        {
            "error": {
                "code": "internal",
                "message": "Something went wrong on our side; it has been reported.",
                "documentation": "https://docs.shop.example/errors#internal",
                "request_id": AN_ID,
                "retry_after_s": 2,
            }
        }
    ),
    Kind.ORDERED: compact(
        {
            "id": AN_ID,
            "status": "pending",
            "links": {
                "self": f"/v1/orders/{AN_ID}",
                "payment": f"/v1/orders/{AN_ID}/payment",
                "cancel": f"/v1/orders/{AN_ID}/cancel",
            },
            "total": {"amount": 184.4, "currency": "EUR"},
            "note": "We confirm by mail as soon as it is paid.",
        }
    ),
    Kind.TAKEN: compact(
        {
            "accepted": True,
            "batch": AN_ID,
            "rejected": [],
            "warnings": [],
            "sampling": {"rate": 1.0, "until": "2026-12-31T00:00:00Z"},
            "next_at": "within a minute",
            "schema": "https://docs.shop.example/schemas/events-7.json",
        }
    ),
    Kind.SIGNED_IN: compact(
        {
            "access_token": f"at_{AN_ID}{AN_ID}",
            "refresh_token": f"rt_{AN_ID}",
            "token_type": "Bearer",
            "expires_in": 3600,
            "user": {"id": AN_ID, "locale": "de", "roles": ["customer"]},
        }
    ),
    Kind.UPLOADED: compact(
        {
            "file": AN_ID,
            "state": "scanned",
            "url": f"https://files.shop.example/{AN_ID}",
            "thumbnails": [f"/t/{AN_ID}-128", f"/t/{AN_ID}-512"],
            "expires": None,
        }
    ),
}


def _get(
    target: str, random: Random, user: User, kind: Kind, content: bytes, *more: str
) -> Exchange:
    fields = random.choice(CLIENTS)(user)
    takes_gzip = any("gzip" in value for name, value in fields if "Encoding" in name)
    if kind is Kind.GZIP and not takes_gzip:
        # The same for who takes no coding has an address of its own here.
        kind = Kind.JSON
    condition = tuple(("If-None-Match", tag) for tag in more)
    return Exchange(
        method="GET",
        target=target,
        fields=fields + condition,
        body=b"",
        answer=Answer(kind=kind, content=content),
    )


def _send(
    method: str, target: str, random: Random, user: User, kind: Kind, body: bytes
) -> Exchange:
    fields = random.choice(CLIENTS)(user) + JSON
    answer = Answer(kind=kind, content=CREATED[kind])
    return Exchange(
        method=method, target=target, fields=fields, body=body, answer=answer
    )


def _page(random: Random) -> str:
    return f"page={random.randrange(1, 90)}&per_page={random.choice((20, 50, 100))}"


def orders(random: Random, user: User) -> Exchange:
    since = moment(random).replace(":", "%3A")
    target = f"/v1/orders?status=paid,shipped&since={since}&{_page(random)}"
    return _get(target, random, user, Kind.JSON, listed(random, _size(random, 4, 29)))


def orders_coded(random: Random, user: User) -> Exchange:
    target = f"/v1/orders?customer={uuid(random)}&{_page(random)}&sort=-created_at"
    return _get(target, random, user, Kind.GZIP, listed(random, _size(random, 6, 29)))


def order(random: Random, user: User) -> Exchange:
    target = f"/v1/orders/{random.randrange(10**5, 10**8)}?expand=lines,customer"
    content = contents.detail(random, _size(random, 1, 6))
    return _get(target, random, user, Kind.JSON, content)


def customer(random: Random, user: User) -> Exchange:
    target = f"/v1/customers/{uuid(random)}"
    content = contents.detail(random, random.randrange(250, 900))
    return _get(target, random, user, Kind.JSON, content)


def search(random: Random, user: User) -> Exchange:
    asked = words(random, 2).replace(" ", "+")
    target = (
        f"/v1/products/search?q={asked}&category={words(random, 1)}"
        f"&min_price={random.randrange(50)}&limit=24&facets=brand,colour,size"
    )
    return _get(target, random, user, Kind.GZIP, listed(random, _size(random, 4, 29)))


def product(random: Random, user: User) -> Exchange:
    target = f"/v1/products/{uuid(random)}?currency=EUR&locale=de-DE"
    content = contents.detail(random, _size(random, 1, 8))
    return _get(target, random, user, Kind.TAGGED, content)


def product_again(random: Random, user: User) -> Exchange:
    """With the tag of what the client has."""
    target = f"/v1/products/{uuid(random)}?currency=EUR&locale=fr-FR"
    content = contents.detail(random, _size(random, 1, 8))
    tag = f'"{CHANGED:x}-{len(content):x}"'
    return _get(target, random, user, Kind.NOT_MODIFIED, content, tag)


def inventory(random: Random, user: User) -> Exchange:
    target = (
        f"/v1/inventory/levels?sku=SKU-{random.randrange(10**6):06}"
        f"&warehouse={random.choice(('BER', 'LYS', 'MXP'))}&at={random.random():.6f}"
    )
    content = contents.detail(random, random.randrange(230, 700))
    return _get(target, random, user, Kind.JSON, content)


def session(random: Random, user: User) -> Exchange:
    target = f"/v1/sessions/current?_={1_780_000_000_000 + random.randrange(10**9)}"
    content = contents.detail(random, random.randrange(250, 800))
    return _get(target, random, user, Kind.COOKIE, content)


def download(random: Random, user: User) -> Exchange:
    target = (
        f"/v1/downloads/{uuid(random)}?expires={random.randrange(10**9, 2 * 10**9)}"
        f"&signature={token(random, 43)}"
    )
    return _get(target, random, user, Kind.MOVED, CREATED[Kind.MOVED])


def missing(random: Random, user: User) -> Exchange:
    target = f"/v1/coupons/{token(random, 10)}?basket={random.randrange(10**7)}"
    return _get(target, random, user, Kind.MISSING, CREATED[Kind.MISSING])


def failed(random: Random, user: User) -> Exchange:
    target = f"/v1/reports/sales?from={moment(random)[:10]}&group={words(random, 1)}"
    return _get(target, random, user, Kind.FAILED, CREATED[Kind.FAILED])


def place_order(random: Random, user: User) -> Exchange:
    body = contents.detail(random, _size(random, 0.3, 4))
    return _send("POST", "/v1/orders", random, user, Kind.ORDERED, body)


def take_events(random: Random, user: User) -> Exchange:
    target = f"/v1/events?source={random.choice(('web', 'app', 'pos'))}&v=7"
    body = contents.events(random, _size(random, 0.2, 2))
    return _send("POST", target, random, user, Kind.TAKEN, body)


def sign_in(random: Random, user: User) -> Exchange:
    body = contents.sign_in(random)
    return _send("POST", "/v1/sessions", random, user, Kind.SIGNED_IN, body)


def upload_form(random: Random, user: User) -> Exchange:
    target = f"/v1/products/{uuid(random)}/images?position={random.randrange(9)}"
    body = contents.form(random, _size(random, 8, 64))
    made = _send("POST", target, random, user, Kind.UPLOADED, body)
    return _of_type(made, f"multipart/form-data; boundary={BOUNDARY}")


def upload_file(random: Random, user: User) -> Exchange:
    target = f"/v1/files/{uuid(random)}?name={words(random, 1)}.pdf"
    body = random.randbytes(_size(random, 8, 64))
    made = _send("PUT", target, random, user, Kind.UPLOADED, body)
    return _of_type(made, "application/pdf")


def _of_type(made: Exchange, kind: str) -> Exchange:
    return Exchange(
        method=made.method,
        target=made.target,
        fields=(*made.fields[:-1], ("Content-Type", kind)),
        body=made.body,
        answer=made.answer,
    )


def _size(random: Random, low: float, high: float) -> int:
    """In KiB given, bytes made; small ones more often than large ones."""
    return int(1024 * (low + (high - low) * random.random() ** 1.5))


# Of a thousand exchanges.
SHARES: dict[Make, int] = {
    orders: 80,
    orders_coded: 80,
    order: 180,
    customer: 110,
    search: 110,
    product: 90,
    product_again: 40,
    inventory: 70,
    session: 50,
    download: 20,
    missing: 30,
    failed: 10,
    place_order: 45,
    take_events: 20,
    sign_in: 15,
    upload_form: 20,
    upload_file: 30,
}
