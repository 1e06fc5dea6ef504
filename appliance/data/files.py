"""Files that a start finds in the data directory, or makes anew where damaged."""

from contextlib import ExitStack
from dataclasses import dataclass

from appliance.data.directory import DataDirectory
from appliance.data.routes import Routes
from monitor.access.ended_sessions import EndedSessions
from monitor.access.secret import load_secret
from monitor.replay.ticket import Tickets
from monitor.settings import Settings
from monitor.spool.damaged import only_files
from monitor.spool.tallies import Tallies
from monitor.spool.tally import Tally
from monitor.spool.writer import Spool
from monitor.storage.ledger.dead_letters import DeadLetters


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """*via*: the installation's name."""

    routes: Routes
    via: str
    secret: bytes
    ended_sessions: EndedSessions
    tickets: Tickets
    spool: Spool
    tallies: Tallies
    tally: Tally
    dead_letters: DeadLetters

    @classmethod
    def opened(
        cls, settings: Settings, data: DataDirectory, closing: ExitStack
    ) -> "Files":
        """For this process, which holds *data*, until *closing* does.

        Raises StartError where one cannot be used and must not be made anew.
        """
        with data.usable():
            routes, via = Routes(data.routes), data.pseudonym()
            secret = load_secret(settings)
            ended_sessions = EndedSessions(data.ended_sessions)
            tickets = Tickets(data.tickets)
            tickets.prepare()
            only_files(data.spool)
            spool = Spool(data.spool, limit_bytes=settings.spool_limit_bytes)
            tallies = Tallies(data.tally, spool=data.spool)
            # Before anything of the spool is removed.
            tallies.settle()
            tally = Tally(data.tally, spool.writer)
            closing.callback(tally.close)
            dead_letters = DeadLetters(
                data.dead_letters, limit_bytes=settings.dead_letters_limit_bytes
            )
            dead_letters.mend()
        return cls(
            routes=routes,
            via=via,
            secret=secret,
            ended_sessions=ended_sessions,
            tickets=tickets,
            spool=spool,
            tallies=tallies,
            tally=tally,
            dead_letters=dead_letters,
        )
