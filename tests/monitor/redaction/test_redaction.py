"""Nothing that is to be masked gets past the redaction."""

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.redaction.redaction import Redaction, valid_field
from monitor.settings import load
from monitor.traffic.exchange import Body, BodyState
from monitor.traffic.fields import HeadFields
from monitor.traffic.line import line
from monitor.traffic.mask import MASK
from tests.support.exchanges import an_exchange

SETTINGS = load({})
REDACTION = Redaction(
    headers=SETTINGS.sensitive_headers, parameters=SETTINGS.sensitive_parameters
)
SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("http://u:p@h/x", f"http://{MASK}@h/x"),
        ("http://h/x?token=1&a=2", f"http://h/x?token={MASK}&a=2"),
        ("http://h/x?a=2;API_KEY=1", f"http://h/x?a=2;API_KEY={MASK}"),
        ("http://h/x?%74oken=1", f"http://h/x?%74oken={MASK}"),
        ("http://h/x?user[password]=1", f"http://h/x?user[password]={MASK}"),
        ("http://h/x?token[]=1&token[]=2", f"http://h/x?token[]={MASK}&token[]={MASK}"),
        ("http://h/x#access_token=1", f"http://h/x#access_token={MASK}"),
        ("/a?secret=", f"/a?secret={MASK}"),
        ("/a?x=%zz&&=;?", "/a?x=%zz&&=;?"),
        ("/token=1", "/token=1"),
        ("mailto:a@b", "mailto:a@b"),
        ("/cb?next=/x?token=1&a=2", f"/cb?next=/x?token={MASK}&a=2"),
        ("/a?token=1;2&a=3", f"/a?token={MASK}&a=3"),
        ("/a?token=1;b=2", f"/a?token={MASK};b=2"),
        ("/a?to%6ben=1", f"/a?to%6ben={MASK}"),
        ("/a?+token=1", f"/a?+token={MASK}"),
        ("/a?next=http://u:p@h/b", f"/a?next=http://{MASK}@h/b"),
        ("/a?x=http://h&cc=a@b", "/a?x=http://h&cc=a@b"),
        ("http://u p:q@r@h/x", f"http://{MASK}@h/x"),
        ("//a@b/c;token=1", f"//a@b/c;token={MASK}"),
    ],
)
def test_urls(url: str, masked: str) -> None:
    assert REDACTION.url(url) == masked


@given(st.text(max_size=60))
def test_any_text_is_taken_as_a_url_without_an_error(text: str) -> None:
    REDACTION.url(text)


def test_a_long_query_without_a_parameter_takes_no_more_than_linear_time() -> None:
    # At quadratic time this would take minutes, past the limit of a test.
    for query in ("a" * 1_000_000, "&" * 1_000_000, "token=" + ";a" * 500_000):
        assert "a=1" in REDACTION.url(f"/?{query}&a=1")


plain = st.text("abcxyz0159-._~%+:/!*'(),", max_size=12)
plain_pairs = st.lists(st.tuples(st.sampled_from(["page", "q", "to", "x"]), plain))


@given(plain_pairs, st.sampled_from("&;"))
def test_a_url_with_nothing_sensitive_is_the_same_object(
    pairs: list[tuple[str, str]], separator: str
) -> None:
    query = separator.join(f"{name}={value}" for name, value in pairs)
    url = f"https://example.org//a%2Fb/@x?{query}#part"
    assert REDACTION.url(url) is url


def test_an_exchange_with_nothing_sensitive_is_the_same_object() -> None:
    given = an_exchange(request_headers=(("Accept", "*/*"), ("Referer", "http://x/")))
    assert REDACTION.apply(given) is given


spelled = st.sampled_from(
    [
        str,
        str.upper,
        "{}[]".format,
        "user[{}]".format,
        lambda name: "".join(f"%{ord(character):02x}" for character in name),
    ]
)


@given(
    st.sampled_from(SETTINGS.sensitive_parameters),
    st.sampled_from(SETTINGS.sensitive_headers),
    spelled,
    st.sampled_from(["?", "?a=1&", "?a=1;", "#", "?a=1#", "?next=/b?"]),
    st.text("!$'()*+,-./:@_~%|\\ ", max_size=8),
    st.booleans(),
)
def test_no_planted_secret_survives_in_any_field(
    parameter: str,
    header: str,
    spell: Any,
    begin: str,
    noise: str,
    as_object: bool,
) -> None:
    secret = f"{noise}{SECRET}{noise}"
    tail = f"/a{begin}{spell(parameter)}={secret}"
    word = f"{spell(parameter)}={SECRET}"
    pairs = (
        (header.title(), secret),
        ("Referer", f"http://x{tail}"),
        ("Location", f"//u:{SECRET}@x{tail}"),
        ("Link", f"<http://x/?{word}>; rel=next, </b?{word}>"),
        ("Refresh", f"0; url=/b?{word}"),
    )
    headers: Any = {name: [value] for name, value in pairs} if as_object else pairs
    found = REDACTION.apply(
        an_exchange(
            url=f"http://u:{SECRET}@x{tail}",
            path=tail,
            client_url=f"http://y{tail}",
            query_params={spell(parameter): secret, "a": f"1;{word}"},
            error=f"GET http://u:{SECRET}@x/a?{word} failed",
            request_headers=headers,
            response_headers=headers,
        )
    )
    assert SECRET not in repr(found)


def test_values_that_are_no_strings_are_masked_or_stay() -> None:
    given: Any = {"Cookie": None, "Set-Cookie": [1, None], "Referer": None, "Age": 3}
    found = REDACTION.apply(an_exchange(request_headers=given, query_params={"a": 1}))
    masked = {**given, "Cookie": MASK, "Set-Cookie": [MASK, MASK]}
    assert found.request_headers == masked
    assert found.query_params == {"a": 1}


@given(st.sampled_from(SETTINGS.sensitive_headers), st.booleans(), st.booleans())
def test_a_sensitive_header_is_masked_in_every_form(
    name: str, upper: bool, as_object: bool
) -> None:
    shown = name.upper() if upper else name
    headers: Any = {shown: [SECRET, SECRET]} if as_object else ((shown, SECRET),)
    found = REDACTION.apply(
        an_exchange(request_headers=headers, response_headers=headers)
    )
    assert SECRET not in repr(found)
    assert MASK in repr(found.request_headers)
    assert MASK in repr(found.response_headers)


@given(st.sampled_from(SETTINGS.sensitive_parameters))
def test_a_sensitive_parameter_is_masked_wherever_a_url_stands(name: str) -> None:
    query = f"a=1&{name}={SECRET}"
    found = REDACTION.apply(
        an_exchange(
            url=f"http://u:{SECRET}@x/a?{query}",
            path=f"/a?{query}",
            client_url=f"http://x/a?{query}",
            query_params={name: [SECRET], "a": "1"},
            error=f"could not reach http://u:{SECRET}@x/",
            request_headers=(("Referer", f"http://x/?{query}"),),
            response_headers=(("Location", f"/b?{query}"),),
        )
    )
    assert SECRET not in repr(found)
    assert "a=1" in found.url
    assert found.query_params["a"] == "1"


JSON = (("Content-Type", "application/json"),)


def masked_body(content: bytes, rules: tuple[str, ...], headers: Any = JSON) -> Body:
    body = Body(kept=content, size=len(content))
    found = REDACTION.apply(
        an_exchange(response_body=body, response_headers=headers), rules
    ).response_body
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rule", "content", "masked"),
    [
        ("$.a.b", '{"a":{"b":1,"c":1.10}}', f'{{"a":{{"b":"{MASK}","c":1.10}}}}'),
        ("$.a[*].b", '{"a":[{"b":1},{"b":2}]}', None),
        ("$.a[1]", '{"a":[1,2]}', f'{{"a":[1,"{MASK}"]}}'),
        ("$..pin", '[{"pin":1},{"x":{"pin":[2]}}]', None),
        ("$['a b']", '{"a b":1}', f'{{"a b":"{MASK}"}}'),
        ("$.gone", '{"a":1e400}', '{"a":1e400}'),
        ("$..a.b", '{"a":{"b":1,"a":{"b":2}}}', None),
        ("$.*.b", '{"x":{"b":1},"y":{"b":2}}', None),
        ("$.a", '\ufeff{"a":1}', f'{{"a":"{MASK}"}}'),
        ("$.a", '{"a":1,"b":"\\ud800"}', f'{{"a":"{MASK}","b":"\\ud800"}}'),
    ],
)
def test_json_paths(rule: str, content: str, masked: str | None) -> None:
    found = masked_body(content.encode(), (rule,))
    assert found.state is BodyState.REDACTED
    assert not found.truncated
    if masked is None:
        assert found.kept.decode().count(MASK) == 2
    else:
        assert found.kept.decode() == masked


def test_a_coded_body_is_decoded_to_be_masked() -> None:
    headers = (*JSON, ("Content-Encoding", "gzip"))
    found = masked_body(gzip.compress(b'{"pin":1234}'), ("$.pin",), headers)
    assert found.kept == f'{{"pin":"{MASK}"}}'.encode()


def test_lines_of_json_are_masked_each() -> None:
    found = masked_body(b'{"pin":1}\n{"pin":2}\n', ("$.pin",))
    assert found.kept.count(MASK.encode()) == 2


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"pin":', JSON),
        (b"\xff\xfe", JSON),
        (b"no gzip", (*JSON, ("Content-Encoding", "gzip"))),
        (b"x", (*JSON, ("Content-Encoding", "odd"))),
        (b"[" * 5000, JSON),
        (b'{"pin":1,"pin":2}', JSON),
        (b'{"pin":1', ()),
        (b'{"pin":1', (("Content-Type", "text/plain"),)),
        (b"coded", (("Content-Encoding", "odd"),)),
        (
            gzip.compress(b"[1]", mtime=0) + b"more",
            (*JSON, ("Content-Encoding", "gzip")),
        ),
        (
            gzip.compress(b"[%s]" % (b" " * 3_000_000), mtime=0),
            (*JSON, ("Content-Encoding", "gzip")),
        ),
    ],
)
def test_what_cannot_be_parsed_whole_is_not_kept(content: bytes, headers: Any) -> None:
    found = masked_body(content, ("$.pin",), headers)
    assert found.state is BodyState.WITHHELD
    assert found.kept == b""
    assert found.size == len(content)


def test_a_truncated_body_that_a_rule_applies_to_is_not_kept() -> None:
    body = Body(kept=b'{"pin":1234', size=100)
    found = REDACTION.apply(
        an_exchange(request_body=body, request_headers=JSON), ("$.pin",)
    ).request_body
    assert found is not None
    assert found.state is BodyState.WITHHELD


def test_a_body_that_no_rule_applies_to_stays_as_it_passed() -> None:
    html = (("Content-Type", "text/html"),)
    assert masked_body(b"<p>", ("$.pin",), html).kept == b"<p>"
    assert masked_body(b'{"pin":1}', ()).kept == b'{"pin":1}'


def test_an_undeclared_body_that_looks_like_json_is_masked() -> None:
    for headers in ((), (("Content-Type", "text/plain"),)):
        assert masked_body(b' {"pin":1}', ("$.pin",), headers).kept == (
            f'{{"pin":"{MASK}"}}'.encode()
        )
    coded = (("Content-Encoding", "gzip"),)
    html = gzip.compress(b"<p>")
    assert masked_body(html, ("$.pin",), coded).kept == html


def test_an_ingested_body_is_not_decoded_whatever_its_header_says() -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    found = masked_body(b'{"pin":1}', ("$.pin",), headers)
    assert found.kept == f'{{"pin":"{MASK}"}}'.encode()


def test_a_stored_rule_that_is_no_path_masks_the_whole_body() -> None:
    assert masked_body(b'{"pin":1}', ("$pin",)).kept == f'"{MASK}"'.encode()


def test_in_a_form_only_an_ampersand_ends_a_value() -> None:
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    found = masked_body(b"pin=1#2;3?4&a=5#6", ("pin",), form)
    assert found.kept == f"pin={MASK}&a=5#6".encode()


def test_a_named_parameter_is_masked_in_urls_and_forms() -> None:
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    assert masked_body(b"a=1&PIN=2", ("pin",), form).kept == f"a=1&PIN={MASK}".encode()
    found = REDACTION.apply(an_exchange(url="http://x/?pin=1"), ("pin",))
    assert found.url == f"http://x/?pin={MASK}"


@pytest.mark.parametrize("rule", ["pin", "$.a", "$..a", "$.a[*].b", "$['a']", "$.a[0]"])
def test_a_rule_that_names_something_is_taken(rule: str) -> None:
    assert valid_field(rule) is None


@pytest.mark.parametrize(
    "rule",
    [
        *("", " ", "$", "$x", "$.", "$.a[", "$.a[x]", "$.a[-1]"),
        *("a=b", "a&b", "$..a..b..c", "$" + ".a" * 33),
    ],
)
def test_a_rule_that_says_nothing_is_refused(rule: str) -> None:
    assert valid_field(rule) is not None


def test_a_lines_mask_is_remembered_for_those_it_was_made_for() -> None:
    lines = [line("Accept", "*/*"), line("Referer", "/a?cut=1"), line("Cookie", "a=1")]
    shared = HeadFields(lines)
    exchange = an_exchange(request_headers=shared)
    plain = ("Accept", "*/*"), ("Referer", "/a?cut=1"), ("Cookie", MASK)
    masked = plain[0], ("Referer", f"/a?cut={MASK}"), plain[2]
    for rules, wanted in (((), plain), (("cut",), masked)) * 2:
        found = REDACTION.apply(exchange, rules).request_headers
        assert found == wanted
        assert isinstance(found, HeadFields)
        assert [part.pair for part in found.lines] == list(wanted)
        # What held itself, only the collector would free.
        assert lines[0].masked is None
    unmasked = HeadFields(lines[:1])
    exchange = an_exchange(request_headers=unmasked)
    assert REDACTION.apply(exchange).request_headers is unmasked
