"""What a log shows of why an app breaks behind a proxy."""

from typing import Any

import pytest

from monitor.logs.hints import hints_of
from monitor.logs.log import LogDetail
from tests.support.exchanges import a_log


def log(url: str, client_url: str | None = None, **fields: Any) -> LogDetail:
    return a_log(
        url=url,
        client_url=client_url,
        duration_ms=1.0,
        **{"status_code": 302, **fields},
    )


@pytest.mark.parametrize(
    ("origin", "host", "keeps_host", "offered"),
    [
        ("http://shop.localhost:8080", "shop.localhost:8080", False, True),
        ("http://shop.localhost", "SHOP.localhost:80", False, True),
        ("https://elsewhere.example", "shop.localhost:8080", False, False),
        ("null", "shop.localhost:8080", False, False),
        ("null", None, True, False),
        ("https://elsewhere.example", "shop.localhost:8080", True, False),
        ("http://up:3000", "shop.localhost:8080", True, False),
    ],
)
def test_a_403_whose_origin_is_not_of_the_host_that_was_sent_says_so(
    origin: str, host: str | None, keeps_host: bool, offered: bool
) -> None:
    headers = (("ORIGIN", origin), *([("host", host)] if host else []))
    refused = log(
        "http://up:3000/a",
        status_code=403,
        request_headers=headers,
        keeps_host=keeps_host,
    )
    [hint] = hints_of(refused)
    assert (hint.kind, hint.section) == ("origin", "origin")
    assert origin in hint.text
    assert (host if keeps_host and host else "up:3000") in hint.text
    assert ("preserve_host" in hint.text) is offered


@pytest.mark.parametrize(
    ("url", "origin", "host", "keeps_host"),
    [
        ("http://up:3000/a", "http://UP:3000", "shop.localhost", False),
        ("https://up/a", "https://up:443", "shop.localhost", False),
        ("http://up/a", "http://shop.localhost:80", "shop.localhost", True),
        ("http://unix:/run/a.sock:/a", "http://localhost", "shop.localhost", False),
        ("no url", "http://a", "b", False),
        ("http://up/a", None, "shop.localhost", False),
    ],
)
def test_a_403_of_another_cause_says_nothing(
    url: str, origin: str | None, host: str, keeps_host: bool
) -> None:
    headers = {"Host": host, **({"Origin": origin} if origin else {})}
    fields: dict[str, Any] = {"request_headers": headers, "keeps_host": keeps_host}
    assert hints_of(log(url, status_code=403, **fields)) == []
    assert hints_of(log("http://x/", request_headers={"Origin": "null"})) == []


@pytest.mark.parametrize(
    ("url", "client_url", "location", "kind"),
    [
        ("http://up/a?b", None, "https://up/a?b", "https_loop"),
        ("http://up:3000/a", None, "HTTPS://UP:3000/a#x", "https_loop"),
        ("http://up:3000/a", None, "https://up/a", "https_loop"),
        ("https://up/a", "http://me:8080/a", "https://up/a", "https_loop"),
        ("http://up/v/a", "http://me:8080/s/a", "https://me:8080/s/a", "https_loop"),
        ("http://up/v/a", "http://me:8080/s/a", "https://me:8080/v/a", "https_loop"),
        ("http://up", None, "https://up/", "https_loop"),
        ("http://up/a", None, "http://up:80/a", "redirect_loop"),
        ("https://up/a", "http://me/a", "/a", "redirect_loop"),
        ("https://up/a", "https://me/a", "https://up/a", "redirect_loop"),
        ("http://up/a/b?c", None, "b?c", "redirect_loop"),
        ("http://up/v/a", "http://me/s/a", "/s/a", "redirect_loop"),
        ("http://up/a", None, "/a/", None),
        ("http://up/a?t=***MASKED***", None, "/a?t=***MASKED***", None),
        ("http://up/a", None, "https://other/a", None),
        ("http://up/a", None, "https://up:444/a", None),
        ("http://up/a", None, "http://[bad/", None),
        ("no url", None, "mailto:a@b", None),
        ("http://up/a", None, "ftp://up:80/a", None),
        ("http://up:99999/a", "http://me/a", "", None),
    ],
)
def test_a_redirect_to_itself_is_named(
    url: str, client_url: str | None, location: str, kind: str | None
) -> None:
    for headers in ((("LOCATION", location),), {"Location": location}):
        found = hints_of(log(url, client_url, response_headers=headers))
        assert [hint.kind for hint in found] == ([kind] if kind else [])
        answered = log(url, client_url, response_headers=headers, status_code=200)
        assert hints_of(answered) == []
