"""Requests as commands: what they hold, and a server that says what it was sent."""

import asyncio
from asyncio.subprocess import PIPE
from typing import Any

from hypothesis import strategies as st

from monitor.export.curl import LEFT_OUT
from monitor.logs.log import LogDetail, StoredBody
from monitor.traffic.exchange import Source
from tests.support.exchanges import a_log
from tests.support.upstreams import Reader, Writer, read_head

NAMES = st.text("abcdefgXYZ-_!#$%&'*+.^`|~019", min_size=1, max_size=12).filter(
    lambda name: name.lower() not in LEFT_OUT | {"host", "accept", "user-agent"}
)

VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"),
    max_size=20,
).map(str.strip)


def detail(
    url: str,
    *,
    method: str = "POST",
    headers: Any = (),
    body: StoredBody | None = None,
    source: Source = Source.PROXY,
) -> LogDetail:
    return a_log(
        method=method,
        url=url,
        source=source,
        request_headers=headers,
        request_body=body or StoredBody(content=None),
        request_size=None,
        response_size=None,
    )


class Listener:
    def __init__(self) -> None:
        self.port = 0
        self.received: list[bytes] = []

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        head = await read_head(reader)
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        self.received.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run(self, command: str) -> bytes:
        """What arrives when a shell runs *command*."""
        quiet = command.replace("curl ", "curl -sS -o /dev/null --noproxy '*' ", 1)
        process = await asyncio.create_subprocess_exec("sh", stdin=PIPE)
        await process.communicate(quiet.encode())
        assert process.returncode == 0, command
        return self.received.pop()
