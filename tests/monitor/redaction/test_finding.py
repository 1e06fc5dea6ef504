"""What is said quickly of a body is never less than what is found in it at length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.redaction.names import Names
from monitor.redaction.spelled import HIDDEN, fold
from monitor.settings import load

FIELDS = load({}).sensitive_fields
STANDING = Names(FIELDS, is_standing=True)
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


def test_own_names_of_a_service_are_found_as_well() -> None:
    own = STANDING.also(["Kontonummer"])
    assert own.may_be_quoted_in(b'{"konto_nummer":1}')
    assert [name.folded for name, _ in own.quoted_in(b'{"konto_nummer":1}')] == [
        b'"kontonummer"'
    ]
