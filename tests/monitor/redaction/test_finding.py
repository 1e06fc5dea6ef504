"""What is said quickly of a body is never less than what is found in it at length."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.redaction.names import Names
from monitor.redaction.redaction import Redaction
from monitor.redaction.spelled import HIDDEN, fold
from monitor.redaction.urls import UrlMask
from monitor.redaction.work import MaskingWork
from monitor.settings import load
from proxy.exchange.capture import _parameters
from tests.support.exchanges import an_exchange

FIELDS = load({}).sensitive_fields
STANDING = Names(FIELDS, in_bodies=True)
PLAINLY = Names(FIELDS)
FOLDED = sorted({fold(name) for name in FIELDS})
SIGNS = st.text("-_", max_size=2)
NOISE = st.text('"\\{}[]:,-_ \n\0upasword2d03', max_size=12)


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """One of the names, with signs and capitals wherever they may be."""
    name = draw(st.sampled_from(FOLDED))
    name = draw(st.sampled_from((name, name, name[:-1], f"{name}s")))
    many = draw(st.integers(0, 3))
    signs = {draw(st.integers(0, len(name))): draw(SIGNS) for _ in range(many)}
    made = "".join([signs.get(n, "") + name[n : n + 1] for n in range(len(name) + 1)])
    return draw(st.sampled_from((made, made.upper(), made.title())))


def stands_in(content: bytes) -> bool:
    """As it is found at length: in what is escaped too, and in UTF-16."""
    found = PLAINLY.quoted_in(content)
    return bool(found) or HIDDEN.search(content) is not None


@given(st.lists(st.tuples(NOISE, spelled(), st.sampled_from(('"', '"', "")), NOISE)))
def test_a_name_is_found_however_it_is_spelled(
    parts: list[tuple[str, str, str, str]],
) -> None:
    text = "".join([f"{a}{quote}{name}{quote}{b}" for a, name, quote, b in parts])
    for content in (text.encode(), text.encode("utf-16-le")):
        if stands_in(content):
            assert STANDING.may_be_quoted_in(content)
        assert STANDING.may_be_in(content) == PLAINLY.may_be_in(content)


def test_each_name_is_found_with_a_sign_anywhere() -> None:
    for name in FOLDED:
        for at in range(len(name) + 1):
            for sign in ("", "-", "__", "_-"):
                spelling = f'x"{name[:at]}{sign}{name[at:]}":1'.encode()
                assert PLAINLY.quoted_in(spelling), spelling
                assert STANDING.may_be_quoted_in(spelling), spelling


@pytest.mark.parametrize("escaped", [f"\\u00{n:02x}" for n in range(256)])
def test_what_may_be_a_letter_of_a_name_is_looked_at(escaped: str) -> None:
    for content in (escaped.encode(), escaped.replace("a", "A").encode()):
        if HIDDEN.search(content):
            assert STANDING.may_be_quoted_in(content)


def test_what_only_resembles_a_name_is_not_looked_at() -> None:
    """Else all of these would be read at length: most bodies have some of them."""
    names = (
        *("_id", "__v", "id", "user_id", "current_page", "access_level", "next_cursor"),
        *("password", "passwords_count", "old_price", "session-length", "idToken2"),
        *("client_id", "confirmed_at", "address_line", "auth", "author", "to_country"),
    )
    for name in names:
        content = f'{{"{name}":"\\u0026\\u003c\\u0022"}}'.encode()
        assert STANDING.may_be_quoted_in(content) == (name == "password"), name


OWN = ("Kontonummer", "iban", "größe", "_x-1")
WITH_OWN, OWN_AT_LENGTH = STANDING.also(OWN), Names([*FIELDS, *OWN])


@given(st.lists(st.tuples(NOISE, st.sampled_from(OWN), NOISE), max_size=4))
def test_own_names_of_a_service_are_found_as_well(
    parts: list[tuple[str, str, str]],
) -> None:
    for sign in ("", "-", "__"):
        names = [(a, f'"{sign}{name[:3]}{sign}{name[3:]}"', b) for a, name, b in parts]
        content = "".join(["".join(each) for each in names]).encode()
        if OWN_AT_LENGTH.quoted_in(content):
            assert WITH_OWN.may_be_quoted_in(content)
        assert WITH_OWN.may_be_in(content) == OWN_AT_LENGTH.may_be_in(content)
    assert not WITH_OWN.may_be_quoted_in(b'{"konto":1,"x_12":"ibans"}')


def test_of_many_own_names_none_is_missed() -> None:
    many = STANDING.also([f"name{n}" for n in range(1000)])
    for names in (many, many.also(["another"])):
        assert names.may_be_quoted_in(b'{"na_me999":1}')
        assert names.may_be_in(b"na_me999=1")


PARAMETERS = load({}).sensitive_parameters
REDACTION = Redaction(headers=(), parameters=PARAMETERS)
IN_URLS = Names(PARAMETERS, in_urls=True)
AT_LENGTH = Names(PARAMETERS)
ESCAPES = ("%5D", "%5b", "%74", "%2D", "%20", "%3D", "%253d", "%40", "%e2%84%aa", "%")
PIECE = st.one_of(
    st.sampled_from(
        [fold(name) for name in PARAMETERS] + ["code", "state", "x", "shopid"]
    ),
    st.sampled_from((*"?&;#=/.[]+-_@ \t:", "=", "&", "?", *ESCAPES, "ö", "\u212a")),
)


OTHERS = (IN_URLS.also(["shop_id"]), Names([*PARAMETERS, "shop_id"]))
FROM_NONE = (Names((), in_urls=True).also(["shop_id"]), Names(["shop_id"]))


@given(st.lists(PIECE, max_size=12), st.sampled_from(("", "http://h/?", "//h/;")))
def test_a_url_is_masked_as_it_is_at_length(pieces: list[str], begin: str) -> None:
    url = begin + "".join(pieces)
    for spelling in (url, url.upper(), url.replace("to", "t_o").replace("k", "%6B")):
        for quick, at_length in ((IN_URLS, AT_LENGTH), OTHERS, FROM_NONE):
            found = UrlMask(quick, MaskingWork(100_000)).reference(spelling)
            again = UrlMask(at_length, MaskingWork(100_000)).reference(spelling)
            assert found == again


@given(st.lists(st.tuples(PIECE, PIECE, PIECE), max_size=4))
def test_a_target_is_masked_as_it_is_at_length(triples: list[Any]) -> None:
    """With what is read of its query beside it."""
    query = "&".join([f"{a}{b}={c}" for a, b, c in triples])
    query = query.encode().decode("latin-1")
    given = an_exchange(
        url=f"http://up/a?{query}",
        client_url=f"http://h/x/a?{query}",
        path="/a",
        query_params=_parameters(query, 100),
    )
    # What is no plain name is not looked for quickly.
    own = ("surely ø nobody",)
    found, at_length = REDACTION.apply(given), REDACTION.apply(given, own)
    assert found.url == at_length.url
    assert found.client_url == at_length.client_url
    assert found.query_params == at_length.query_params


def test_what_only_resembles_a_parameter_is_not_looked_at() -> None:
    for url in (
        "http://shop/v1/design/side?page=2&per_page=50&sort=-price&q=red+shoes%2C%20blue",
        "http://shop/a?filter%5Bname%5D=x&tokens=1&passport=2&author=%C3%B6&s_id2=3",
    ):
        assert not IN_URLS.may_be_in_url(url), url
    assert IN_URLS.may_be_in_url("http://shop/a?filter%5BaccessToken%5D=x")
