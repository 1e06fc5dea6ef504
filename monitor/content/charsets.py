"""Charsets: what bytes say as text, by what their sender declared."""

import codecs
import re

from monitor.content.body import as_text

CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";,]+)', re.IGNORECASE)
# Readers that take time in proportion to what they read, and are no codings of ours.
KNOWN = re.compile(
    r"iso8859-\d+|cp(125\d|437|85\d|866|932|949|950|1006)|koi8-[rut]|mac-\w+"
    r"|utf-(16|32)(-[bl]e)?|shift_jis(x0213|_2004)?|euc_(jp|kr)|iso2022_(jp|kr)"
    r"|gb2312|gbk|gb18030|big5(hkscs)?|tis-620|ascii"
)
BYTE_ORDER_MARK = "\ufeff"


def text_of(
    content: bytes, content_type: str | None, *, truncated: bool = False
) -> str | None:
    """*content* as text, None if it is none.

    UTF-8 where no charset is declared, or one that does not fit. Of truncated content,
    a character cut at the end is left out.
    """
    charset = declared(content_type)
    if charset is not None:
        try:
            reader = codecs.getincrementaldecoder(charset)()
            text = reader.decode(content, final=not truncated)
        except (UnicodeError, ValueError):
            return as_text(content, truncated=truncated)
        if "\0" not in text:
            return text
    return as_text(content, truncated=truncated)


def declared(content_type: str | None) -> str | None:
    """The charset of a Content-Type, by the name that Python has for it; None where
    there is none, or it is UTF-8 or unknown."""
    found = CHARSET.search((content_type or "")[:1_000])
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1]).name
    except (LookupError, ValueError):
        return None
    return name if KNOWN.fullmatch(name) else None


def without_mark(text: str) -> str:
    """A byte order mark says nothing."""
    return text.removeprefix(BYTE_ORDER_MARK)
