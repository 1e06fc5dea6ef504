"""A replay is proved by a ticket that any process may take, and only one can."""

import stat
from pathlib import Path
from uuid import UUID

from monitor.replay.ticket import Tickets

ORIGINAL, REPLAY, OTHER = (UUID(int=n) for n in (1, 2, 3))


def test_a_ticket_is_good_once_and_says_what_was_made_of_it(tmp_path: Path) -> None:
    issuing, proxy, other_proxy = (Tickets(tmp_path) for _ in range(3))
    with issuing.issued(ORIGINAL) as ticket:
        assert ticket.log_id is None
        assert proxy.claim(ticket.token, REPLAY) == ORIGINAL
        assert other_proxy.claim(ticket.token, OTHER) is None
        assert ticket.log_id == REPLAY
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_issued_is_no_ticket(tmp_path: Path) -> None:
    tickets = Tickets(tmp_path)
    with tickets.issued(ORIGINAL) as ticket:
        forged = [
            "",
            str(ORIGINAL),
            f"{ORIGINAL}.",
            ticket.token + "x",
            "../" + ticket.token,
            ticket.path.name,
            ticket.token.replace(str(ORIGINAL), str(OTHER)),
            "\udcff",
        ]
        assert [tickets.claim(token, REPLAY) for token in forged] == [None] * 8
        assert ticket.log_id is None


def test_a_ticket_ends_with_its_block_and_holds_no_secret(tmp_path: Path) -> None:
    tickets = Tickets(tmp_path)
    with tickets.issued(ORIGINAL) as ticket:
        (file,) = tmp_path.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_bytes() == b""
        assert ticket.token not in file.name
    assert tickets.claim(ticket.token, REPLAY) is None


def test_what_an_earlier_process_left_is_good_no_more(tmp_path: Path) -> None:
    directory = tmp_path / "tickets"
    first = Tickets(directory)
    first.prepare()
    with first.issued(ORIGINAL) as ticket:
        Tickets(directory).prepare()
        assert first.claim(ticket.token, REPLAY) is None
