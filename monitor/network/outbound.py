"""Posts to other hosts, within bounds."""

import asyncio
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from monitor.network import mail
from monitor.network.dns import Crowded, Lookups, is_literal
from monitor.network.tls import CHANNELS, MAIL, trusting
from monitor.settings.mail import MailServer

CONNECT_TIMEOUT_S = 5.0
# Of the whole attempt: a receiver answers first and works afterwards.
TOTAL_TIMEOUT_S = 10.0
MAX_REASON_LENGTH = 200
MAIL_TAKEN = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class PostOutcome:
    """What became of a post. *error* is None where it was taken: answered with 2xx."""

    status_code: int | None
    error: str | None
    duration_ms: float


class Outbound:
    """Posts and mails; follows no redirects, reads no bodies, keeps no cookies."""

    def __init__(
        self,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        total_timeout_s: float = TOTAL_TIMEOUT_S,
        lookups: Lookups | None = None,
        mail_server: MailServer | None = None,
    ) -> None:
        self._total_timeout_s = total_timeout_s
        self._mail_server = mail_server
        self._lookups = lookups or Lookups()
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(total_timeout_s, connect=connect_timeout_s),
            follow_redirects=False,
            trust_env=False,
            verify=trusting(CHANNELS),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def post(self, url: str, body: str, headers: dict[str, str]) -> PostOutcome:
        """Never raises for what the other host does, or does not."""
        began = time.perf_counter()
        status, error = await self._status(url, body, headers)
        duration_ms = (time.perf_counter() - began) * 1000
        return PostOutcome(status_code=status, error=error, duration_ms=duration_ms)

    async def mail(self, receivers: str, *, subject: str, text: str) -> PostOutcome:
        """Never raises for what the server does, or does not."""
        began = time.perf_counter()
        status, error = await self._mailed(receivers, subject, text)
        duration_ms = (time.perf_counter() - began) * 1000
        return PostOutcome(status_code=status, error=error, duration_ms=duration_ms)

    async def _mailed(
        self, receivers: str, subject: str, text: str
    ) -> tuple[int | None, str | None]:
        if self._mail_server is None:
            return None, "could not be sent: SMTP_URL is not set"
        sending = asyncio.to_thread(
            mail.send,
            self._mail_server,
            receivers,
            subject=subject,
            text=text,
            timeout_s=self._total_timeout_s,
            context=trusting(MAIL),
        )
        try:
            async with asyncio.timeout(self._total_timeout_s):
                await sending
        except smtplib.SMTPResponseException as refused:
            return refused.smtp_code, f"answered {refused.smtp_code}"
        except smtplib.SMTPRecipientsRefused as refused:
            code = next(iter(refused.recipients.values()))[0]
            return code, f"answered {code}: no receiver was taken"
        except TimeoutError:
            return None, f"no answer within {self._total_timeout_s:g} s"
        except (smtplib.SMTPException, OSError, UnicodeError) as failed:
            return None, f"could not be sent: {_reason(failed)}"
        return MAIL_TAKEN, None

    async def _status(
        self, url: str, body: str, headers: dict[str, str]
    ) -> tuple[int | None, str | None]:
        try:
            async with asyncio.timeout(self._total_timeout_s):
                await self._look_up(url)
                async with self._client.stream(
                    "POST", url, content=body.encode(), headers=headers
                ) as answer:
                    return answer.status_code, _refusal(answer)
        except Crowded as crowded:
            return None, f"could not be sent: {crowded}"
        except (httpx.TimeoutException, TimeoutError):
            return None, f"no answer within {self._total_timeout_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return None, f"could not be sent: {_reason(error)}"
        finally:
            self._client.cookies.clear()

    async def _look_up(self, url: str) -> None:
        """The client asks again, among others who look up names, PostgreSQL's too: it
        does once the host's name server is known to answer."""
        host = httpx.URL(url).host
        if not is_literal(host):
            await self._lookups.addresses(host)


def _reason(error: BaseException) -> str:
    """What the last cause says: httpx's own words hide it."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ConnectionRefusedError():
                return "the connection was refused"
            case socket.gaierror():
                return "the host's name is not known"
            case ssl.SSLError():
                return f"TLS failed: {cause.reason or cause}"[:MAX_REASON_LENGTH]
        cause = cause.__cause__ or cause.__context__
    return str(error)[:MAX_REASON_LENGTH] or type(error).__name__


def _refusal(answer: httpx.Response) -> str | None:
    if answer.is_success:
        return None
    if answer.is_redirect:
        return f"answered {answer.status_code}; redirects are not followed"
    return f"answered {answer.status_code}"
