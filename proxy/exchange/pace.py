"""Paces: how long each side of an exchange may stand still, and who holds whom back."""

from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.client import ClientConnection


class Pace:
    """Each silence is bounded, never the whole.

    *silence_s*: how long the upstream may be silent; *idle_s*: how long the client.
    """

    __slots__ = ("_client", "_idle_s", "is_upload_held", "silence_s")

    def __init__(
        self, client: ClientConnection, *, idle_s: float, silence_s: float
    ) -> None:
        self._client = client
        self._idle_s = idle_s
        self.silence_s = silence_s
        # Whether the client's upload waits until the upstream takes more.
        self.is_upload_held = False

    def moved(self, *, is_sent: bool) -> None:
        """Something came or went; *is_sent*: all of the request did."""
        is_clients_turn = self._is_clients_turn(is_sent)
        self._client.deadline.set(self._idle_s if is_clients_turn else self.silence_s)

    def hold_upload(self) -> None:
        self.is_upload_held = True
        self._client.reading.hold()

    def release_upload(self) -> None:
        self.is_upload_held = False
        self._client.reading.release()

    def expired(self, *, is_sent: bool) -> Failure:
        """Who stood still for too long."""
        if self._is_clients_turn(is_sent):
            text = f"the client stood still for {self._idle_s:g} s"
            return Failure(FailureCode.CLIENT_TIMEOUT, text)
        text = f"it was silent for {self.silence_s:g} s"
        return Failure(FailureCode.UPSTREAM_TIMEOUT, text)

    def _is_clients_turn(self, is_sent: bool) -> bool:
        if self._client.is_writing_paused:
            return True
        return not (is_sent or self.is_upload_held)
