"""Journal of the process: its own log lines, JSON for machines, or readable."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

# What every record has; the rest of its attributes came with `extra`.
ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """One object a line. Tracebacks only where *tracebacks* is set."""

    def __init__(self, *, tracebacks: bool) -> None:
        super().__init__()
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(
                "T", "milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            if self._tracebacks:
                line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class ReadableFormatter(logging.Formatter):
    """For a person at a terminal, with tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        extra = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        level = record.levelname.lower()
        line = f"{moment} {level:7} {record.getMessage()} {extra}".rstrip()
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def set_up(*, debug: bool) -> None:
    """Everything of INFO and above to stderr; stdout stays for answers."""
    handler = logging.StreamHandler(sys.stderr)
    readable = debug or sys.stderr.isatty()
    handler.setFormatter(
        ReadableFormatter() if readable else JsonFormatter(tracebacks=debug)
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in ORDINARY}
