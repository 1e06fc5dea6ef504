"""The secret of an appliance: given, or made once and kept in its data directory."""

import secrets
from pathlib import Path

from monitor.files.made_once import made_once
from monitor.settings import Settings

SECRET_BYTES = 32
# As few as SECRET_KEY may have; below, the file was cut short.
SHORTEST_SECRET = 16


def load_secret(settings: Settings) -> bytes:
    """SECRET_KEY, or the one made once and kept in the data directory."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return made_once(
        Path(settings.data_dir) / "secret.key",
        lambda: secrets.token_hex(SECRET_BYTES).encode(),
        is_whole=_is_secret,
        lost="the secret: all sessions end",
    )


def _is_secret(content: bytes) -> bool:
    """False for what a full disk or a crash left short, too."""
    # Of a crash, all that is left may be zeros.
    return len(content.strip(b"\0")) >= SHORTEST_SECRET
