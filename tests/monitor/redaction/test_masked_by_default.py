"""What is masked without being asked for, however it is spelled, sent and wrapped."""

import gzip
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.codec import decode, encode
from monitor.redaction.redaction import Redaction
from monitor.settings import load
from monitor.traffic.exchange import Body, BodyState
from monitor.traffic.mask import MASK
from monitor.traffic.message import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
)
from tests.support.exchanges import an_exchange

SETTINGS = load({})
REDACTION = Redaction(
    headers=SETTINGS.sensitive_headers,
    parameters=SETTINGS.sensitive_parameters,
    fields=SETTINGS.sensitive_fields,
)
CANARY = "hunter2-hunter2"
SPELLED = st.sampled_from(
    [
        str,
        str.upper,
        str.title,
        lambda name: name.replace("_", "-"),
        lambda name: name.replace("-", "_"),
        lambda name: name.replace("-", "").replace("_", ""),
    ]
)


def kept(
    content: bytes | str, content_type: str = "", coding: str = "", *rules: str
) -> Body:
    """What is kept of a body."""
    content = content.encode() if isinstance(content, str) else content
    headers = [("Content-Type", content_type)] if content_type else []
    headers += [("Content-Encoding", coding)] if coding else []
    given = Body(kept=content, size=len(content))
    found = REDACTION.apply(
        an_exchange(request_headers=tuple(headers), request_body=given), rules
    ).request_body
    assert found is not None
    return found


FORM_TYPE = "application/x-www-form-urlencoded"
TYPES = [
    "application/json",
    "application/problem+json; charset=utf-8",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "text/plain",
    "text/html",
    "application/xml",
    "image/png",
    "",
]


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("rules", [(), ("$.card",)])
def test_json_is_masked_whatever_its_type_says(
    content_type: str, rules: tuple[str, ...]
) -> None:
    content = f'{{"a": 1.0, "card": "{CANARY}x", "Pass-Word": "{CANARY}"}}'
    found = kept(content, content_type, "", *rules)
    assert f'"Pass-Word":"{MASK}"' in found.kept.decode().replace(": ", ":")
    assert found.state is BodyState.REDACTED
    assert (CANARY in found.kept.decode()) == (not rules)


@given(st.sampled_from(SETTINGS.sensitive_fields), SPELLED, st.sampled_from(TYPES))
def test_no_field_survives_in_any_kind_of_body(
    name: str, spell: Any, content_type: str
) -> None:
    name = spell(name)
    parts = (
        f'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--xyz\r\n'
        f'Content-Disposition: form-data; name="{name}"; filename="f"\r\n'
        f"Content-Type: text/plain\r\n\r\n{CANARY}\r\nx\r\n--xyz--\r\n"
    )
    documents = [
        json.dumps({"a": [{name: CANARY}]}),
        json.dumps({"a": {name: [CANARY, {"b": CANARY}]}}, indent=1),
        json.dumps([{name: CANARY}])[:-8],
        json.dumps({f"\\{name}": CANARY}).replace("\\\\", "\\u00") if 0 else "{}",
        "\n".join([json.dumps({name: CANARY})] * 2),
    ]
    for document in documents:
        for coding in ("", "gzip"):
            content = document.encode()
            sent = gzip.compress(content) if coding else content
            assert CANARY.encode() not in kept(sent, content_type, coding).kept
    form = urlencode([("a", "1"), (name, CANARY), (f"user[{name}]", CANARY)])
    if "form" in content_type or not content_type or "octet" in content_type:
        assert CANARY.encode() not in kept(form, content_type).kept
    for type_ in ("multipart/form-data; boundary=xyz", "multipart/form-data", ""):
        found = kept(parts, type_)
        assert CANARY.encode() not in found.kept
        assert b"\r\n\r\n1\r\n--xyz" in found.kept
        assert found.kept.endswith(b"\r\n--xyz--\r\n")


@pytest.mark.parametrize(
    "head",
    [
        'Content-Disposition: form-data; filename="a; name=b"; name="password"',
        'Content-Disposition: form-data;\r\n name="password"',
        'Content-Disposition: form-data ;\tname = "password"',
        "Content-Disposition: form-data; name='password'",
        "Content-Disposition: form-data; name*=UTF-8''password",
        'Content-Disposition : form-data; NAME="Pass_Word"; x=y',
        'Content-Type: text/plain\r\nContent-Disposition: x; name="user[password]"',
        "X: " + "content-disposition: name " * 300 + ';name="password"',
        "content-disposition:; " * 300 + 'name="password"',
    ],
)
def test_a_part_is_masked_however_its_name_is_written(head: str) -> None:
    content = f"--b\r\n{head}\r\n\r\n{CANARY}\r\n--b--\r\n"
    found = kept(content, "multipart/form-data; boundary=b")
    assert found.kept.decode() == content.replace(CANARY, MASK)


def test_json_in_a_part_is_read_where_its_names_have_escapes() -> None:
    part = f'content-disposition: x; name="a"\r\n\r\n{{"pass\\u0077ord":"{CANARY}"}}'
    found = kept(f"--b\r\n{part}\r\n--b--\r\n", "multipart/form-data; boundary=b")
    assert (found.state, CANARY.encode() in found.kept) == (BodyState.REDACTED, False)


def test_a_parameter_behind_a_semicolon_is_masked_apart_too() -> None:
    found = REDACTION.apply(
        an_exchange(
            url=f"http://x/?a=1&amp;token={CANARY}",
            query_params={"a": "1", "amp;token": CANARY},
            request_headers=(("X-Original-URI", f"/?token={CANARY}"),),
        )
    )
    assert CANARY not in repr(found)


def test_a_name_with_escapes_is_read() -> None:
    for name in ("\\u0070assword", "pass\\u005fword", "P\\u0041SSWORD"):
        found = kept(f'{{"a":"\\u00e9","{name}":"{CANARY}"}}', "application/json")
        assert CANARY.encode() not in found.kept
        assert found.state is BodyState.REDACTED
        cut = kept(f'{{"{name}":"{CANARY}', "application/json")
        assert cut.state is BodyState.WITHHELD


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ('{"a" : 1.0,\n "b":"\\u00e9\\u003c"}', "application/json"),
        ('{"page_token":"x","tokens":3,"message":"the password: \\"x\\""}', ""),
        ('{"code":4,"state":"ok"}', "application/json"),
        ("a=1&b=%20&tokens=2", "application/x-www-form-urlencoded"),
        ("code=1", "application/x-www-form-urlencoded"),
        ("<p>password=1</p>", "text/html"),
        ("password: is a word", "text/plain"),
        (b"\xff\xd8\xff{password", "image/jpeg"),
        (b"\xe9t\xe9=1&b=2", "application/x-www-form-urlencoded"),
        (gzip.compress(b'{"a":1}', mtime=0), "application/json"),
    ],
)
def test_what_has_none_of_them_stays_byte_for_byte(
    content: bytes | str, content_type: str
) -> None:
    raw = content.encode() if isinstance(content, str) else content
    coding = "gzip" if raw[:2] == b"\x1f\x8b" else ""
    assert kept(raw, content_type, coding) == Body(kept=raw, size=len(raw))


def test_what_is_not_masked_stays_as_it_was_spelled() -> None:
    content = b'{ "n" : 1.50, "pwd" : "x\\"y" ,\t"t":"\xe9", "pwd":null,"pwd":12}'
    masked = b'{ "n" : 1.50, "pwd" : "M" ,\t"t":"\xe9", "pwd":"M","pwd":"M"}'
    assert kept(content).kept == masked.replace(b"M", MASK.encode())


def test_of_a_body_that_was_cut_the_beginning_is_masked() -> None:
    content = f'{{"a":1,"password":"{CANARY}'.encode()
    given = Body(kept=content, size=900)
    masked = REDACTION.apply(an_exchange(response_body=given))
    again = decode(encode(masked)).response_body
    assert again == masked.response_body
    assert again is not None
    assert again.kept == f'{{"a":1,"password":"{MASK}"'.encode()
    assert (again.state, again.truncated) == (BodyState.REDACTED, True)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (f"{{password: '{CANARY}'}}", ""),
        (f"{{'password': '{CANARY}'}}", "application/json"),
        (f'{{"password": {{"x": "{CANARY}"', "application/json"),
        (f"{{\"password\": '{CANARY}'}}", ""),
        (f'{{"password" /* a */ : "{CANARY}"}}', "application/json"),
        (json.dumps({"password": CANARY}).encode("utf-16"), "application/json"),
        (b"--x\r\n" + b"a" * 9000 + b"password" + CANARY.encode(), "multipart/mixed"),
    ],
)
def test_what_may_hold_one_and_cannot_be_taken_apart_is_withheld(
    content: bytes | str, content_type: str
) -> None:
    found = kept(content, content_type)
    assert CANARY.encode() not in found.kept
    assert found.state in (BodyState.WITHHELD, BodyState.REDACTED)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("pin=1234", "text/plain"),
        ("pin: 1234", ""),
        ("<pin>1234</pin>", "application/xml"),
        ('<input name="pin" value="1234">', "application/xml"),
        (b"\x81\xa3pin\xa41234", "application/msgpack"),
        (b"\xa1cpin\xd21234", ""),
        (b"\x0a\x00\x03pin\x001234", "application/octet-stream"),
        ("a,pin,b\r\n1,1234,2", "text/csv"),
        (b"1234", "application/json"),
    ],
)
@pytest.mark.parametrize("rule", ["pin", "$.pin", "$.card[*].pin", "$..pin"])
def test_what_a_rule_names_and_cannot_be_taken_apart_is_withheld(
    content: bytes | str, content_type: str, rule: str
) -> None:
    found = kept(content, content_type, "", rule)
    assert b"1234" not in found.kept or b"pin" not in found.kept


@pytest.mark.parametrize("rule", ["pin", "$.pin", "$..pin"])
def test_a_rule_names_fields_of_forms_and_parts_too(rule: str) -> None:
    for content in (
        "a=1&PIN=1234",
        "--b\r\ncontent-disposition: x; name=pin\r\n\r\n1234",
    ):
        found = kept(content, "", "", rule)
        assert (found.state, b"1234" in found.kept) == (BodyState.REDACTED, False)
    part = '--b\r\nContent-Disposition: x; name="j"\r\n\r\n{"pin":1234}\r\n--b--'
    assert b"1234" not in kept(part, "multipart/form-data; boundary=b", "", rule).kept


@pytest.mark.parametrize(
    "value",
    [
        '{"password":"CANARY"}',
        ' [{"a":{"pass\\u0077ord":"CANARY"}}]',
        '{"user":{"name":"\u00e9 +&=%","client_secret":["CANARY"]}}',
    ],
)
def test_json_that_is_the_value_of_a_form_is_masked(value: str) -> None:
    value = value.replace("CANARY", CANARY)
    for written in (quote_plus(value), quote(value), value.replace("&", "%26")):
        found = kept(f"id=7&payload={written}&b=%7B%22a%22%3A1%7D", FORM_TYPE)
        assert CANARY.encode() not in found.kept
        assert found.state is BodyState.REDACTED
        assert found.kept.startswith(b"id=7&payload=")
        assert found.kept.endswith(b"&b=%7B%22a%22%3A1%7D")
    form = "ids=[7&j=%7B%22pin%22%3A1234%7D"
    ruled = kept(form, FORM_TYPE, "", "$.pin").kept
    assert (ruled.startswith(b"ids=[7&j="), b"1234" in ruled) == (True, False)


@pytest.mark.parametrize("rule", ["$.cards[*]", "$.cards[1]", "$.cards.*", "$..[1]"])
@pytest.mark.parametrize("write", [str, quote_plus])
def test_what_a_rule_leads_to_without_a_name_is_masked_in_a_form(
    rule: str, write: Callable[[str], str]
) -> None:
    items = '{"b":"CANARY"}' if rule.endswith(".*") else '["7","CANARY"]'
    value = f'{{"cards":{items}}}'.replace("CANARY", CANARY)
    found = kept(f"id=7&payload={write(value)}", FORM_TYPE, "", rule)
    assert CANARY.encode() not in found.kept
    assert found.state is BodyState.REDACTED
    assert found.kept.startswith(b"id=7&payload=")


@pytest.mark.parametrize(
    ("form", "rules"),
    [
        ('p={"\\u0070assword":"CANARY","x', ()),
        ("p=%7B%22%5Cu0070assword%22%3A%22CANARY%22,", ()),
        ('payload={"cards":["CANARY","x', ("$.cards[*]",)),
        ("payload=%7B%22cards%22:[%22CANARY%22", ("$.cards[0]",)),
        ('payload=["CANARY"', ("$",)),
    ],
)
def test_json_in_a_form_that_cannot_be_read_is_kept_of_none(
    form: str, rules: tuple[str, ...]
) -> None:
    """Where what is to be masked may be in it, though no name of it is seen."""
    content = form.replace("CANARY", CANARY).encode()
    given = Body(kept=content, size=900)
    found = REDACTION.apply(
        an_exchange(request_headers=(("Content-Type", FORM_TYPE),), request_body=given),
        rules,
    ).request_body
    assert found is not None
    assert (found.state, found.kept) == (BodyState.WITHHELD, b"")


def message(content: bytes) -> Message:
    return Message(
        direction=Direction.SENT,
        kind=MessageKind.TEXT,
        offset_ms=1.0,
        kept=content,
        size=len(content),
        wire_size=len(content),
    )


def test_messages_and_events_are_masked() -> None:
    sent = (
        message(b'{"type":"login", "password":"%s"}' % CANARY.encode()),
        message(b'42["auth",{"token":["%s"]}]' % CANARY.encode()),
        message(b'{"a" : 1}'),
        message(b"password"),
    )
    messages = Messages(medium=Medium.WEBSOCKET, kept=sent, count=4)
    found = REDACTION.apply(an_exchange(messages=messages)).messages
    assert found is not None
    assert CANARY not in repr(found)
    assert [m.state for m in found.kept[:2]] == [MessageState.REDACTED] * 2
    assert found.kept[2:] == sent[2:]
    stream = f'data: {{"a":1}}\n\ndata: {{"token":"{CANARY}"}}\n\n'
    stream += f'data: {{"token":\ndata: "{CANARY}"}}\n\n'
    assert CANARY.encode() not in kept(stream, "text/event-stream").kept


@given(st.sampled_from(SETTINGS.sensitive_headers), SPELLED)
def test_headers_are_masked_however_they_are_spelled(name: str, spell: Any) -> None:
    headers = ((spell(name), CANARY), ("Accept", "*/*"))
    found = REDACTION.apply(an_exchange(request_headers=headers)).request_headers
    assert found == ((spell(name), MASK), ("Accept", "*/*"))


@given(st.sampled_from(SETTINGS.sensitive_parameters), SPELLED, st.integers(1, 4))
def test_parameters_are_masked_in_encoded_urls_and_paths(
    name: str, spell: Any, times: int
) -> None:
    inner = f"https://h/cb?a=1&{spell(name)}={CANARY}"
    for _ in range(times):
        inner = quote(inner, safe="")
    urls = (
        f"http://x/go?next={inner}&b=2",
        f"/redirect/{inner}/x",
        f"/a#to={inner}",
        f"/a;{spell(name)}={CANARY}/b",
    )
    for url in urls:
        assert CANARY not in REDACTION.url(url)
    found = REDACTION.apply(an_exchange(query_params={"next": inner, "b": "2"}))
    assert CANARY not in repr(found)
    assert found.query_params["b"] == "2"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("/cb?code=1&state=2", f"/cb?code={MASK}&state=2"),
        ("/cb?state=2#code=1", f"/cb?state=2#code={MASK}"),
        ("/cb?code=1", "/cb?code=1"),
        ("/a;jsessionid=1/b;v=2?c=3", f"/a;jsessionid={MASK}/b;v=2?c=3"),
        ("/a?u=http%3A%2F%2Fu%3Ap%40h", f"/a?u=http%3A%2F%2F{MASK}%40h"),
        ("/a?cursor=abc%3D%3D&x=%2525", "/a?cursor=abc%3D%3D&x=%2525"),
        ("/a?SAMLResponse=1&RelayState=2", f"/a?SAMLResponse={MASK}&RelayState=2"),
    ],
)
def test_urls(url: str, masked: str) -> None:
    assert REDACTION.url(url) == masked


def test_a_code_beside_state_is_masked_in_parameters_and_forms() -> None:
    found = REDACTION.apply(an_exchange(query_params={"code": "1", "state": "2"}))
    assert found.query_params == {"code": MASK, "state": "2"}
    form = "grant_type=authorization_code&code=1"
    assert kept(form).kept.endswith(f"&code={MASK}".encode())


@pytest.mark.parametrize(
    "error",
    [
        f"upstream said: Bearer {CANARY} is expired",
        f"Authorization: Basic {CANARY}",
        f"401 for https://h/?next=1;token={CANARY}",
        f'bad header x-api-key: "{CANARY}"',
        f"login failed, password={CANARY}, try again",
    ],
)
def test_what_an_error_repeats_is_masked(error: str) -> None:
    found = REDACTION.apply(an_exchange(error=error))
    assert CANARY not in (found.error or "")


@pytest.mark.parametrize(
    "error", ["upstream_reset: closed", "the bearer token is missing", "a=b c:d 10:20"]
)
def test_other_errors_stay(error: str) -> None:
    assert REDACTION.apply(an_exchange(error=error)).error == error


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        (f"graphql-transport-ws, {CANARY}Aa12345678", "graphql-transport-ws, "),
        ("bearer, abc", "bearer, "),
        ("access_token, abc.def", "access_token, "),
        ("base64url.bearer.authorization.k8s.io.YWJjZGVm, v4", ""),
        ("realtime, openai-insecure-api-key.sk-123456", "realtime, "),
        ("eyJhbGciOi.J9.e30", ""),
    ],
)
def test_a_protocol_that_carries_a_token_is_masked(value: str, masked: str) -> None:
    headers = (("Sec-WebSocket-Protocol", value),)
    found = REDACTION.apply(an_exchange(request_headers=headers)).request_headers
    assert next(iter(found))[1].startswith(masked + MASK)


def test_other_protocols_stay() -> None:
    value = "graphql-transport-ws, v10.stomp, v5.channel.k8s.io, actioncable-v1-json"
    headers = (("Sec-WebSocket-Protocol", value),)
    given = an_exchange(request_headers=headers)
    assert REDACTION.apply(given) is given
