"""A recorded request as code: for HTTPie, Python's httpx and JavaScript's fetch."""

import base64
import json
import re
import shlex

import httpx

from monitor.content.body import as_text
from monitor.export.copied import CopiedRequest, copied
from monitor.logs.log import LogDetail

# One argument of a command may have 128 KiB (Linux, MAX_ARG_STRLEN).
MAX_ARGUMENT_LENGTH = 100_000
# What HTTPie adds unless it is told not to.
ADDED = ("User-Agent", "Accept", "Accept-Encoding")
# A backslash before one of its separators is taken for an escape, and none can be
# written for a backslash itself.
UNESCAPABLE = re.compile(r"(?<!\\)(?:\\\\)*\\[:=@;]")
WORD = re.compile(r"[A-Za-z]+")
# The Fetch standard 2.2.2: what a browser sets itself.
OF_BROWSER = frozenset(
    {
        *("accept-charset", "accept-encoding", "access-control-request-headers"),
        *("access-control-request-method", "cookie", "date", "dnt", "expect", "host"),
        *("origin", "referer", "set-cookie", "via"),
    }
)


def httpie_command(detail: LogDetail) -> str:
    """For a POSIX shell; `http` of HTTPie 3."""
    request = copied(detail)
    notes = [*request.notes]
    if request.socket is not None:
        notes.append("HTTPie reaches no Unix socket without a plugin")
    if WORD.fullmatch(request.method) is None:
        notes.append("HTTPie takes a method of other than letters for a URL")
    items = _items(request, notes)
    before, data = _data(request.body)
    what = f"{shlex.quote(request.method)} {shlex.quote(request.url)}"
    command = f"{before}http --path-as-is{data} -- {what}"
    return _noted(notes, "#") + " \\\n  ".join([command, *items]) + "\n"


def _items(request: CopiedRequest, notes: list[str]) -> list[str]:
    made = []
    for name, value in request.headers:
        text = as_text(value)
        if text is None or UNESCAPABLE.search(text):
            notes.append(f"the header {json.dumps(name)} cannot be given to HTTPie")
        elif not text:
            made.append(shlex.quote(f"{name};"))
        else:
            # What would be another separator together with the colon.
            escape = "\\" if text[0] in "=@" else ""
            made.append(shlex.quote(f"{name}:{escape}{text}"))
    added = ADDED if request.body is None else (*ADDED, "Content-Type")
    return [*made, *(f"{name}:" for name in added if not request.has(name.lower()))]


def _data(body: bytes | None) -> tuple[str, str]:
    """What stands before the command, and its own options."""
    if body is None:
        return "", " --ignore-stdin"
    text = as_text(body)
    if text is not None and len(body) <= MAX_ARGUMENT_LENGTH:
        return "", f" --ignore-stdin --raw={shlex.quote(text)}"
    return f"printf %s {base64.b64encode(body).decode()} | base64 -d | ", ""


def httpx_code(detail: LogDetail) -> str:
    """A script for Python 3 with httpx."""
    request = copied(detail)
    url, target = _parsed(request.url)
    lines = ["import httpx", "", "request = httpx.Request("]
    lines.append(f"    {request.method!r},")
    lines.append(f"    {url!r},")
    if request.headers:
        pairs = [f"        ({name!r}, {_literal(v)})," for name, v in request.headers]
        lines += ["    headers=[", *pairs, "    ],"]
    if request.body is not None:
        lines.append(f"    content={_content(request.body)},")
    if target is not None:
        lines.append(f"    extensions={{'target': {target!r}}},")
    transport = "" if request.socket is None else _uds(request.socket)
    lines += [
        ")",
        f"with httpx.Client({transport}) as client:",
        "    response = client.send(request)",
        "print(response.status_code, response.headers)",
        "print(response.text)",
    ]
    return _noted(request.notes, "#") + "\n".join(lines) + "\n"


def _parsed(url: str) -> tuple[str, bytes | None]:
    """The URL, and the target where httpx would send another one of it."""
    rest = url.partition("://")[2]
    start = min((rest.find(c) for c in "/?" if c in rest), default=len(rest))
    target = rest[start:].partition("#")[0].encode() or b"/"
    try:
        raw = httpx.URL(url).raw_path
    except (httpx.InvalidURL, ValueError):
        return url[: len(url) - len(rest) + start] + "/", target
    return url, None if raw == target else target


def _uds(path: str) -> str:
    return f"transport=httpx.HTTPTransport(uds={path!r})"


def _literal(value: bytes) -> str:
    return repr(value.decode()) if value.isascii() else repr(value)


def _content(body: bytes) -> str:
    text = as_text(body)
    return repr(body) if text is None else f"{text!r}.encode()"


def fetch_code(detail: LogDetail) -> str:
    """A call for browsers and Node; a browser sets some headers itself."""
    request = copied(detail)
    notes = [*request.notes]
    if request.socket is not None:
        notes.append("fetch reaches no Unix socket")
    if request.body is not None and request.method in ("GET", "HEAD"):
        notes.append(f"fetch sends no body with {request.method}: it is left out")
    names = [name for name, _ in request.headers if name.lower() in OF_BROWSER]
    if names:
        notes.append(f"a browser sets these itself: {', '.join(dict.fromkeys(names))}")
    lines = [
        f"const response = await fetch({json.dumps(request.url)}, {{",
        f"  method: {json.dumps(request.method)},",
        '  redirect: "manual",',
    ]
    if request.headers:
        pairs = [
            f"    [{json.dumps(name)}, {json.dumps(value.decode('latin-1'))}],"
            for name, value in request.headers
        ]
        lines += ["  headers: [", *pairs, "  ],"]
    if request.body is not None and request.method not in ("GET", "HEAD"):
        lines.append(f"  body: {_script_body(request.body)},")
    lines += ["});", "console.log(response.status, await response.text());"]
    return _noted(notes, "//") + "\n".join(lines) + "\n"


def _script_body(body: bytes) -> str:
    """As bytes, so that nothing is declared of its own accord."""
    text = as_text(body)
    if text is not None:
        return f"new TextEncoder().encode({json.dumps(text)})"
    coded = json.dumps(base64.b64encode(body).decode())
    return f"Uint8Array.from(atob({coded}), (c) => c.charCodeAt(0))"


def _noted(notes: list[str], mark: str) -> str:
    return "".join(f"{mark} {note}\n" for note in notes)
