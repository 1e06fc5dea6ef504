"""Messages as receivers take them: Slack, Discord, PagerDuty, and e-mail.

What is stored of one has no addresses yet: *with_urls* puts them in as it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.alerts.kinds import ChannelKind
from monitor.alerts.state import AlertState

# What each of them takes at most, in characters.
DISCORD_TEXT, PAGERDUTY_SUMMARY, SUBJECT = 2_000, 1_024, 200
PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
MARKDOWN = frozenset("\\*_~`|>#[]()<@:-")


def slack_text(text: str) -> str:
    """Slack's three control characters are escaped, so that text stays text."""
    for character, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, name)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a receiver that keeps incidents is told beside the text."""

    state: AlertState
    incident: str
    source: str
    at: str


def message(kind: ChannelKind, text: str, told: Told) -> dict[str, Any]:
    match kind:
        case ChannelKind.DISCORD:
            return discord(text)
        case ChannelKind.PAGERDUTY:
            return pagerduty(text, told)
        case ChannelKind.EMAIL:
            return email(text)
        case _:
            return slack(text)


def slack(text: str) -> dict[str, Any]:
    return {"text": slack_text(text)}


def discord(text: str) -> dict[str, Any]:
    """Text stays text, and nobody is mentioned, whatever was captured."""
    escaped = "".join(f"\\{c}" if c in MARKDOWN else c for c in text)
    return {"content": escaped, "allowed_mentions": {"parse": []}}


def email(text: str) -> dict[str, Any]:
    """The first line is the subject."""
    subject, _, _ = text.partition("\n")
    return {"subject": " ".join(subject.split())[:SUBJECT], "body": text}


def pagerduty(text: str, told: Told) -> dict[str, Any]:
    """An event of the Events API v2; what fires and ends is one incident.

    The routing key is put in as it is sent.
    """
    return {
        "event_action": "resolve" if told.state is AlertState.RESOLVED else "trigger",
        "dedup_key": f"apimonitor-{told.incident}",
        "payload": {
            "summary": text[:PAGERDUTY_SUMMARY],
            "source": told.source,
            "severity": "error",
            "timestamp": told.at,
        },
        "client": "API Monitor",
    }


def with_urls(content: dict[str, Any], urls: Mapping[str, str]) -> dict[str, Any]:
    """*content*, of any of these kinds, with addresses behind its text."""
    if "event_action" in content:
        links = [{"href": url, "text": name} for name, url in urls.items()]
        return {**content, "links": links} if links else content
    if "content" in content:
        # In angle brackets no preview is fetched of them.
        lines = "".join(f"\n<{url}>" for url in urls.values())
        text = content["content"][: DISCORD_TEXT - len(lines)]
        return {**content, "content": text + lines}
    if "subject" in content:
        body = "\n".join([content["body"], "", *urls.values()])
        return {**content, "body": body}
    lines = "".join(f"\n{slack_text(url)}" for url in urls.values())
    return {**content, "text": content["text"] + lines}
