"""Header fields, masked: secrets by their names, and URLs in what others say."""

from typing import Any, Final

from monitor.redaction.names import Names
from monitor.redaction.urls import UrlMask, each, mask_all, protocols
from monitor.traffic.fields import Headers, HeadFields
from monitor.traffic.line import Line, Lines
from monitor.traffic.mask import MASK

# Fields whose value is a URL, and those with URLs among other words.
URL_FIELDS: Final = frozenset(
    {
        "referer",
        "location",
        "content-location",
        "origin",
        "destination",
        "x-original-url",
        "x-original-uri",
        "x-rewrite-url",
        "x-forwarded-uri",
    }
)
TEXT_FIELDS: Final = frozenset({"link", "refresh"})
# So many cost nothing worth counting.
FEW_FIELDS: Final = 100
VALUE_NODES: Final = 5
# What is remembered of fields' names.
MAX_KNOWN: Final = 4_096
MAX_NAME_LENGTH: Final = 64
# What the value of a field is, for masking.
NOTHING: Final = 0
SECRET: Final = 1
REFERENCE: Final = 2
WORDS: Final = 3
PROTOCOLS: Final = 4


class HeaderMask:
    """Masks heads, for all services. *names* are those of secrets."""

    def __init__(self, names: Names) -> None:
        self._names = names
        # By a field's name as it was spelled.
        self._kinds: dict[str, int] = {}
        self._secrets: dict[str, Line] = {}

    def masked(self, headers: Headers, parameters: Names, urls: UrlMask) -> Headers:
        """*headers*, the same object where nothing is to be masked. *urls* masks by
        *parameters*; what becomes of a line that many heads have is remembered."""
        if not isinstance(headers, HeadFields) or len(headers) > FEW_FIELDS:
            return self._masked_anew(headers, urls)
        is_same = True
        lines: Lines = []
        for found in headers.lines:
            if found.masked_by is not parameters:
                self._mask_line(found, parameters, urls)
            masked = found.masked
            if masked is None:
                lines.append(found)
            else:
                lines.append(masked)
                is_same = False
        return headers if is_same else HeadFields(lines)

    def _mask_line(self, found: Line, parameters: Names, urls: UrlMask) -> None:
        """Remembered with it, unless there was no work left to look into it."""
        kind, before = self._kind(found.name), urls.withheld
        if kind == SECRET and found.value != MASK:
            found.masked_by = parameters
            found.masked = self._secret(found.name)
            return
        masked = self._value(kind, found.value, urls) if kind else found.value
        found.masked_by = parameters if urls.withheld == before else None
        # What held itself, only the collector would free.
        is_same = masked == found.value
        found.masked = None if is_same else _masked(found.name, masked, found.repeats)

    def _secret(self, name: str) -> Line:
        """One for all that are so called: they say the same."""
        made = self._secrets.get(name)
        if made is None:
            made = _masked(name, MASK, True)
            if len(self._secrets) < MAX_KNOWN and len(name) <= MAX_NAME_LENGTH:
                self._secrets[name] = made
        return made

    def _masked_anew(self, headers: Headers, urls: UrlMask) -> Headers:
        # Of pairs that are Any: as tuples of two each would be taken apart, and made
        # anew.
        pairs = list[Any](headers.items() if isinstance(headers, dict) else headers)
        if len(pairs) > FEW_FIELDS and not urls.may(len(pairs)):
            pairs = [(name, MASK) for name, _ in pairs]
            return dict(pairs) if isinstance(headers, dict) else tuple(pairs)
        is_changed = False
        for place, pair in enumerate(pairs):
            kind = self._kind(pair[0])
            if kind == NOTHING:
                continue
            value = self._value(kind, pair[1], urls)
            if value != pair[1]:
                pairs[place] = (pair[0], value)
                is_changed = True
        if not is_changed:
            return headers
        return dict(pairs) if isinstance(headers, dict) else tuple(pairs)

    def _kind(self, name: str) -> int:
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kind_anew(name)
            if len(self._kinds) < MAX_KNOWN and len(name) <= MAX_NAME_LENGTH:
                self._kinds[name] = kind
        return kind

    def _kind_anew(self, name: str) -> int:
        plain = name.strip().lower()
        if self._names.holds(name):
            return SECRET
        if plain in URL_FIELDS:
            return REFERENCE
        if plain in TEXT_FIELDS:
            return WORDS
        return PROTOCOLS if plain == "sec-websocket-protocol" else NOTHING

    def _value(self, kind: int, value: Any, urls: UrlMask) -> Any:
        if kind == SECRET:
            return each(value, mask_all)
        count = len(value) if type(value) is list else 1
        if not urls.may(VALUE_NODES * count):
            return MASK
        if kind == PROTOCOLS:
            return each(value, protocols)
        return each(value, urls.reference if kind == REFERENCE else urls.text)


def _masked(name: str, value: str, repeats: bool) -> Line:
    made = Line(b"", name, value)
    made.repeats = repeats
    return made
