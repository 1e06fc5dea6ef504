"""The rules of access, without a server."""

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.access.access import Access
from monitor.access.attempts import ALL_ATTEMPTS, MAX_PEERS, PEER_ATTEMPTS, Attempts
from monitor.access.ended_sessions import EndedSessions
from monitor.access.guard import RequestFacts
from monitor.access.hosts import host_name
from monitor.access.secret import load_secret
from monitor.errors import Forbidden, TooManyRequests, Unauthorized
from monitor.settings import load

PASSWORD = "correct horse"
SECRET = b"s" * 32


def closed(secret: bytes = SECRET, **settings: str) -> Access:
    return access(secret, ADMIN_PASSWORD=settings.pop("password", PASSWORD), **settings)


def access(secret: bytes = SECRET, **settings: str) -> Access:
    given = {f"APIMONITOR_{name}": value for name, value in settings.items()}
    return Access(settings=load(given), secret=secret)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost:",
        "localhost.",
        "127.0.0.1",
        "127.255.0.9:1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]:8000",
        "pay.localhost:8000",
        "a.b.localhost",
        "monitor.example",
        "Monitor.Example:443",
        "[fd00::1]:8000",
        "[FD00:0::1]",
    ],
)
def test_a_host_of_ours_is_let_in(host: str) -> None:
    rules = access(ALLOWED_HOSTS="monitor.example:8000,fd00::1")
    rules.guard.check(RequestFacts(method="GET", host=host))


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        " ",
        ":8000",
        "evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "128.0.0.1",
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "localhost:evil",
        "localhost:80@evil.example",
        "evil.example@x.localhost",
        "evil.example/x.localhost",
        "evil.example .localhost",
        "evil.example,localhost",
        "[::1",
        "[::1]evil.example",
        "[:::1]",
        "::1",
        "[fd00::2]",
        "..localhost",
        "localhost\n",
        "ⓛocalhost",
    ],
)
def test_any_other_host_is_refused_with_the_settings_name(host: str | None) -> None:
    rules = access(ALLOWED_HOSTS="monitor.example")
    with pytest.raises(Forbidden, match="ALLOWED_HOSTS"):
        rules.guard.check(RequestFacts(method="GET", host=host))


@pytest.mark.parametrize(
    ("mode", "dest", "is_let_in"),
    [
        ("navigate", "document", True),
        ("navigate", "iframe", False),
        ("navigate", "frame", False),
        ("navigate", "object", False),
        ("cors", "empty", False),
        ("no-cors", "script", False),
        (None, None, False),
    ],
)
def test_only_a_navigation_at_the_top_reads_from_another_site(
    mode: str | None, dest: str | None, is_let_in: bool
) -> None:
    facts = RequestFacts(
        method="GET",
        host="localhost",
        sec_fetch_site="cross-site",
        sec_fetch_mode=mode,
        sec_fetch_dest=dest,
    )
    if is_let_in:
        access().guard.check(facts)
        return
    with pytest.raises(Forbidden, match="ALLOWED_HOSTS"):
        access().guard.check(facts)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "X-OTHER"])
@pytest.mark.parametrize(
    ("site", "origin", "is_let_in"),
    [
        (None, None, True),
        ("same-origin", None, True),
        ("none", None, True),
        # What the browser says of the site beats what the page says of itself.
        ("cross-site", "http://localhost:8000", False),
        ("same-site", None, False),
        ("", None, False),
        (None, "http://localhost:8000", True),
        # TLS ended at a proxy before us.
        (None, "https://LOCALHOST:8000", True),
        (None, "http://localhost", False),
        (None, "http://localhost:8001", False),
        (None, "http://evil.example", False),
        (None, "null", False),
        (None, "", False),
        (None, "://", False),
    ],
)
def test_a_change_comes_from_our_own_origin(
    method: str, site: str | None, origin: str | None, is_let_in: bool
) -> None:
    facts = RequestFacts(
        method=method, host="localhost:8000", origin=origin, sec_fetch_site=site
    )
    if is_let_in:
        access().guard.check(facts)
        return
    with pytest.raises(Forbidden, match="ALLOWED_HOSTS"):
        access().guard.check(facts)


def test_a_navigation_from_another_site_changes_nothing() -> None:
    facts = RequestFacts(
        method="POST",
        host="localhost",
        sec_fetch_site="cross-site",
        sec_fetch_mode="navigate",
        sec_fetch_dest="document",
    )
    with pytest.raises(Forbidden):
        access().guard.check(facts)


def test_the_password_makes_a_session() -> None:
    rules = closed()
    assert rules.sessions.holds(rules.sign_in(PASSWORD, peer="a"))
    for wrong in ("", "correct", f"{PASSWORD} ", "\ud800", "ü"):
        with pytest.raises(Unauthorized):
            rules.sign_in(wrong, peer=f"peer of {wrong!r}")


def test_an_open_appliance_has_no_password_to_guess() -> None:
    with pytest.raises(Unauthorized):
        access().sign_in("", peer="a")


def test_a_session_ends_with_the_password_with_the_secret_and_in_time() -> None:
    cookie = closed().sign_in(PASSWORD, peer="a")
    assert closed().sessions.holds(cookie)
    assert not closed(password="another").sessions.holds(cookie)
    assert not closed(b"t" * 32).sessions.holds(cookie)
    brief = closed(SESSION_HOURS="0.000000001")
    assert not brief.sessions.holds(brief.sign_in(PASSWORD, peer="a"))


def test_no_other_cookie_is_a_session() -> None:
    rules = closed()
    cookie = rules.sign_in(PASSWORD, peer="a")
    until, nonce, signature = cookie.split(".")
    for other in (
        None,
        "",
        ".",
        "..",
        "x",
        "ü.ü.ü",
        "\udcff.x",
        cookie[:-1],
        f"{cookie}A",
        f"{int(until) + 1}.{nonce}.{signature}",
        f"{until}.{signature}",
        f"{until}..{signature}",
    ):
        assert not rules.sessions.holds(other), other


@pytest.mark.parametrize("cookie", [None, "", "99999999999.x", "form.none", "form"])
def test_the_token_of_a_form_signs_no_session(cookie: str | None) -> None:
    rules = closed()
    token = rules.sessions.form_token(cookie)
    for signed in (cookie or "", f"form.{cookie or 'none'}", "form.none"):
        assert not rules.sessions.holds(f"{signed}.{token}")


def test_a_form_token_belongs_to_its_session() -> None:
    rules = closed()
    mine, theirs = (rules.sign_in(PASSWORD, peer=peer) for peer in "ab")
    rules.sessions.check_form_token(mine, rules.sessions.form_token(mine))
    rules.sessions.check_form_token(None, rules.sessions.form_token(None))
    for cookie, token in (
        (mine, rules.sessions.form_token(theirs)),
        (mine, rules.sessions.form_token(None)),
        (None, rules.sessions.form_token(mine)),
        (mine, ""),
        (mine, "ü\udcff"),
        (mine, closed(b"t" * 32).sessions.form_token(mine)),
    ):
        with pytest.raises(Forbidden):
            rules.sessions.check_form_token(cookie, token)


def refused(rules: Access, peer: str) -> int | None:
    """Seconds to wait, None where the attempt counted."""
    try:
        rules.sign_in("wrong", peer=peer)
    except Unauthorized:
        return None
    except TooManyRequests as error:
        return error.retry_after_s
    raise AssertionError("a wrong password was taken")


def test_one_peer_is_slowed_down_and_keeps_nobody_else_out() -> None:
    rules = closed()
    waits = [refused(rules, "attacker") for _ in range(4 * ALL_ATTEMPTS)]
    assert waits[:PEER_ATTEMPTS] == [None] * PEER_ATTEMPTS
    assert all(wait is not None and wait >= 1 for wait in waits[PEER_ATTEMPTS:])
    # Even the right password has to wait, or guesses could go on unslowed.
    with pytest.raises(TooManyRequests):
        rules.sign_in(PASSWORD, peer="attacker")
    assert rules.sessions.holds(rules.sign_in(PASSWORD, peer="owner"))


def test_many_peers_together_are_slowed_down_too() -> None:
    rules = closed()
    waits = [refused(rules, f"peer {n}") for n in range(2 * ALL_ATTEMPTS)]
    assert waits[:ALL_ATTEMPTS] == [None] * ALL_ATTEMPTS
    assert waits[-1] is not None


def test_neither_many_peers_nor_a_known_name_keep_the_owner_out() -> None:
    rules = closed()
    rules.sign_in(PASSWORD, peer="owner")
    while refused(rules, f"peer {time.monotonic_ns()}") is None:
        pass
    for _ in range(2 * PEER_ATTEMPTS):
        assert rules.sessions.holds(rules.sign_in(PASSWORD, peer="owner"))


def test_what_is_remembered_of_peers_is_bounded() -> None:
    attempts = Attempts()
    for n in range(2 * MAX_PEERS):
        attempts.take(f"peer {n}")
    attempts.take("last")
    assert len(attempts._peers) <= MAX_PEERS


def test_an_ended_session_stays_ended(tmp_path: Path) -> None:
    path = tmp_path / "ended-sessions"
    settings = load({"APIMONITOR_ADMIN_PASSWORD": PASSWORD})

    def started() -> Access:
        return Access(settings=settings, secret=SECRET, ended=EndedSessions(path))

    rules = started()
    mine, other = (rules.sign_in(PASSWORD, peer="a") for _ in range(2))
    for nothing in (None, "", "x.y.z", f"{mine}x"):
        rules.sessions.end(nothing)
    assert not path.exists()
    rules.sessions.end(mine)
    for again in (rules, started()):
        assert not again.sessions.holds(mine)
        assert again.sessions.holds(other)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    signature = mine.rpartition(".")[2]
    assert signature not in path.read_text()


def test_who_cannot_tell_which_sessions_were_ended_ends_all(tmp_path: Path) -> None:
    path = tmp_path / "ended-sessions"
    settings = load({"APIMONITOR_ADMIN_PASSWORD": PASSWORD})

    def started() -> Access:
        return Access(settings=settings, secret=SECRET, ended=EndedSessions(path))

    rules = started()
    mine, other = (rules.sign_in(PASSWORD, peer="a") for _ in range(2))
    rules.sessions.end(mine)
    path.write_bytes(path.read_bytes().replace(b'"until":{"', b'"until":{"0', 1))
    for again in (started(), started()):
        assert not again.sessions.holds(mine)
        assert not again.sessions.holds(other)
    assert started().sessions.holds(again.sign_in(PASSWORD, peer="a"))


def test_ended_sessions_are_bounded_and_none_comes_back(tmp_path: Path) -> None:
    path, soon = tmp_path / "ended-sessions", int(time.time()) + 1_000
    ended = EndedSessions(path, most=3)
    ended.add("over", 1)
    for n in range(10):
        ended.add(f"n{n}", soon + n)
    for held in (ended, EndedSessions(path, most=3)):
        assert all(held.holds(f"n{n}", soon + n) for n in range(10))
        assert not held.holds("another", soon + 100)
    assert len(path.read_bytes()) < 300


def test_a_given_secret_is_used(tmp_path: Path) -> None:
    given = {
        "APIMONITOR_SECRET_KEY": "0123456789abcdef",
        "APIMONITOR_DATA_DIR": str(tmp_path),
    }
    assert load_secret(load(given)) == b"0123456789abcdef"
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    settings = load({"APIMONITOR_DATA_DIR": str(tmp_path)})
    made = load_secret(settings)
    assert len(made) >= 32
    assert load_secret(settings) == made
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_all_who_make_the_secret_at_once_hold_the_same(tmp_path: Path) -> None:
    settings = load({"APIMONITOR_DATA_DIR": str(tmp_path)})
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: load_secret(settings), range(64)))
    assert len(made) == 1
    assert len(made.pop()) >= 32
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("left", [b"", b"0123"])
def test_a_secret_that_a_full_disk_cut_short_is_made_anew(
    tmp_path: Path, left: bytes
) -> None:
    (tmp_path / "secret.key").write_bytes(left)
    settings = load({"APIMONITOR_DATA_DIR": str(tmp_path)})
    made = load_secret(settings)
    assert len(made) >= 32
    assert load_secret(settings) == made


def test_one_address_has_one_name() -> None:
    assert host_name("[0:0:0:0:0:0:0:1]:1") == host_name("[::1]") == "[::1]"
    assert host_name("A.Example.:80") == "a.example"
    assert host_name("") is None
