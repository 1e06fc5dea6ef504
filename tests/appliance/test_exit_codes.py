"""The exit codes, and what the documentation says of them."""

import re
from pathlib import Path

from appliance.exit_codes import ExitCode

OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"


def test_each_is_documented_and_no_other_is() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    table = text.partition("## Exit codes")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.M) == [str(int(c)) for c in ExitCode]
