"""A mail server on a loopback socket, that says what it was given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ANSWERS = {"EHLO": "250 mail.test", "MAIL": "250 ok", "RCPT": "250 ok"}


@dataclass
class MailBox:
    """*refusing*: what it answers to a receiver instead of taking it."""

    refusing: str | None = None
    port: int = 0
    commands: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


@asynccontextmanager
async def mail_server(refusing: str | None = None) -> AsyncIterator[MailBox]:
    box = MailBox(refusing)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := (await reader.readline()).decode().strip():
            box.commands.append(line)
            word = line.split(" ")[0].upper()
            if word == "QUIT":
                break
            answer = ANSWERS.get(word, "250 ok")
            if word == "EHLO":
                answer = "250-mail.test\r\n250 AUTH PLAIN"
            if word == "AUTH":
                answer = "235 ok"
            if word == "RCPT" and box.refusing:
                answer = box.refusing
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                box.messages.append(text.decode())
            writer.write(f"{answer}\r\n".encode())
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
