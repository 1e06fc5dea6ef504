"""Forms of ours that carry files, read part by part: no file is held whole."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import BodyPartReader, web

KIND = "multipart/form-data"
PIECE_BYTES = 64 * 1024
# Of what is no file: an id, a choice, a token.
FIELD_BYTES = 4_096
MOST_FIELDS = 16


class Upload:
    """*fields* are those that stood before the file that is read now."""

    def __init__(self, request: web.Request, *, timeout_s: float) -> None:
        self._request = request
        self._timeout_s = timeout_s
        self.fields: dict[str, str] = {}

    async def files(self) -> AsyncIterator[BodyPartReader]:
        """Raises web.HTTPBadRequest, web.HTTPRequestTimeout."""
        if self._request.content_type != KIND:
            raise web.HTTPBadRequest(reason=f"A form with files is {KIND}.")
        parts: Any = await self._read(self._request.multipart())
        while part := await self._read(parts.next()):
            if not isinstance(part, BodyPartReader) or len(self.fields) > MOST_FIELDS:
                raise web.HTTPBadRequest(reason="The form cannot be read.")
            if part.filename is None:
                self.fields[part.name or ""] = await self._text(part)
            else:
                yield part

    async def skip(self, part: BodyPartReader) -> None:
        """What is left of a file that nobody read to its end."""
        while await self._read(part.read_chunk(PIECE_BYTES)):
            pass

    async def _text(self, part: BodyPartReader) -> str:
        found = b""
        while piece := await self._read(part.read_chunk(FIELD_BYTES)):
            found += piece
            if len(found) > FIELD_BYTES:
                raise web.HTTPBadRequest(reason="A field of the form is too long.")
        return found.decode(errors="replace")

    async def _read(self, reading: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await reading
        except TimeoutError:
            reason = "The form did not come in time."
            raise web.HTTPRequestTimeout(reason=reason) from None
        except (web.RequestPayloadError, ValueError, LookupError, AssertionError):
            reason = "The form cannot be read."
            raise web.HTTPBadRequest(reason=reason) from None


async def pieces_of(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(PIECE_BYTES):
        yield bytes(piece)
