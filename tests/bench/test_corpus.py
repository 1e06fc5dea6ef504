"""The real exchanges of the bench are what the bench says of them."""

import gzip
import json
from collections import Counter

from bench.corpus.corpus import SEED, SIZE, corpus
from bench.corpus.exchange import ANSWER_ID, ID, Exchange, Kind
from monitor.traffic.endpoint import endpoint_of

KIB = 1024


def share(chosen: list[Exchange]) -> float:
    return len(chosen) / SIZE


def named(exchange: Exchange, name: str) -> str | None:
    return dict(exchange.fields).get(name)


def test_it_is_the_same_each_time_and_another_of_another_seed() -> None:
    once = corpus(1000)
    corpus.cache_clear()
    assert corpus(1000) == once
    assert corpus(1000, SEED + 1) != once
    assert (len(once), len(corpus())) == (1000, SIZE)


def test_it_is_thousands_of_addresses_over_a_dozen_endpoints() -> None:
    targets = {exchange.target for exchange in corpus()}
    assert len(targets) > 3500
    assert sum("?" in target for target in targets) > 2500
    endpoints = {(e.method, endpoint_of(e.target.split("?")[0])) for e in corpus()}
    assert len(endpoints) >= 12
    resources = {target.split("?")[0].split("/")[2] for target in targets}
    assert len(resources) == 10


def test_it_has_the_shares_that_services_have() -> None:
    made = corpus()
    assert share([e for e in made if e.method == "POST"]) == 0.1
    uploads = [e for e in made if e.answer.kind is Kind.UPLOADED]
    assert share(uploads) == 0.05
    assert all(8 * KIB <= len(e.body) <= 66 * KIB for e in uploads)
    assert 0.1 < share([e for e in made if e.answer.kind is Kind.GZIP]) < 0.25
    statuses = Counter(e.answer.status for e in made)
    assert {s: n / SIZE for s, n in statuses.items() if s not in (200, 201)} == {
        202: 0.02,
        302: 0.02,
        304: 0.04,
        404: 0.03,
        500: 0.01,
    }
    cookies = [e for e in made if e.answer.kind in (Kind.COOKIE, Kind.SIGNED_IN)]
    assert 0.05 < share(cookies) < 0.1


def test_its_answers_are_of_200_bytes_to_30_kib_and_json() -> None:
    for exchange in corpus():
        answer = exchange.answer
        if answer.kind is Kind.MOVED:
            continue
        content = answer.content.replace(ANSWER_ID, b"x" * 32)
        assert 0.2 * KIB <= len(content) <= 30 * KIB, exchange.target
        json.loads(content)
        if answer.kind is Kind.GZIP:
            assert gzip.decompress(answer.body) == answer.content
            assert "gzip" in (named(exchange, "Accept-Encoding") or "")
    sizes = sorted(len(e.answer.content) for e in corpus())
    assert sizes[len(sizes) // 2] > KIB
    assert sizes[-len(sizes) // 20] > 20 * KIB


def test_each_client_has_credentials_and_an_id_in_each_request() -> None:
    agents = Counter(named(e, "User-Agent") for e in corpus())
    assert len(agents) == 8
    secrets = set()
    for exchange in corpus():
        known = ("Authorization", "Cookie", "X-Api-Key")
        [secret] = [value for name, value in exchange.fields if name in known]
        secrets.add(secret)
        assert ID in exchange.head
        once, again = exchange.request("h", "1" * 16), exchange.request("h", "2" * 16)
        assert once != again
        assert once.partition(b"\r\n\r\n")[2] == exchange.body
        assert b"{" not in once.partition(b"\r\n\r\n")[0]
    assert len(secrets) > 500
