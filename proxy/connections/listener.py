"""Listeners: who stands between a client and an upstream, and is told of both."""

from abc import abstractmethod
from dataclasses import dataclass

from monitor.traffic.exchange import Failure
from proxy.http1.bodies import Take
from proxy.http1.response import Answer


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer of our own instead, because the request is for no service."""

    content: bytes
    keeps_alive: bool


class ExchangeListener:
    """One exchange, as far as its two connections are concerned.

    *keep_sent* takes the content of the request's body. *is_upload*: the request does
    not reach the upstream in one piece; *is_sent*: all of it has come, and gone on.
    """

    keep_sent: Take
    is_upload: bool
    is_sent: bool

    # Of the client.

    @abstractmethod
    def start(self, piece: bytes, *, is_complete: bool) -> None:
        """*piece* is what came of the body with the head, framed."""

    @abstractmethod
    def on_client_piece(self, piece: bytes, *, is_complete: bool) -> None:
        """More of the body, framed."""

    @abstractmethod
    def on_client_malformed(self) -> None:
        """The body is broken, which ends the exchange."""

    @abstractmethod
    def on_client_gone(self, failure: Failure) -> None:
        """Nothing more can be written, nor comes."""

    @abstractmethod
    def on_client_pause(self) -> None:
        """The client takes no more for now."""

    @abstractmethod
    def on_client_resume(self) -> None:
        """It does again."""

    @abstractmethod
    def on_expired(self) -> None:
        """Nothing has moved for as long as it may."""

    # Of the upstream.

    @abstractmethod
    def on_interim(self, answer: Answer) -> None:
        """1xx, but for 101."""

    @abstractmethod
    def asks_again(self) -> bool:
        """The answer is to no request: whether another connection is asked now."""

    @abstractmethod
    def on_head(self, answer: Answer) -> Take:
        """The final head; who is to have the content of its body."""

    @abstractmethod
    def on_answer(self, answer: Answer, piece: bytes, *, is_complete: bool) -> None:
        """The final head again, with what came of the body at once, framed."""

    @abstractmethod
    def on_piece(self, piece: bytes, *, is_complete: bool) -> None:
        """More of the body, framed."""

    @abstractmethod
    def is_behind(self) -> bool:
        """Whether what came of the body is not read yet: no more of it for now."""

    @abstractmethod
    def on_broken(self, failure: Failure) -> None:
        """Nothing more comes."""

    @abstractmethod
    def on_pause(self) -> None:
        """The upstream takes no more for now."""

    @abstractmethod
    def on_resume(self) -> None:
        """It does again."""
