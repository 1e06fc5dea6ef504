"""Bodies of kinds that are no text."""

import base64
import json
from typing import Any

# 1: 150, 2: "testing", 3: a message {1: 7}, 4: 1.5 as a float, 5: bytes
PROTO = bytes.fromhex("089601120774657374696e671a020807250000c03f2a02ff00")


def coded(value: Any) -> str:
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
