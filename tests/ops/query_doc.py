"""The table of fields in docs/query.md, from the parser's own:
`python -m tests.ops.query_doc --write`.
"""

import argparse
from pathlib import Path

from monitor.search.fields import Field
from monitor.search.table import FIELDS

DOCUMENT = Path(__file__).parents[2] / "docs" / "query.md"
MARK = "<!-- fields: python -m tests.ops.query_doc --write -->"
END = "<!-- end -->"


def documented(text: str) -> str:
    """docs/query.md with the fields as the parser has them."""
    before, found, rest = text.partition(MARK)
    _, found_end, after = rest.partition(END)
    assert found and found_end, f"{MARK!r} is missing"
    rows = "\n".join(_row(field) for field in FIELDS)
    head = "| field | type | what it asks | for example |\n|---|---|---|---|"
    return f"{before}{MARK}\n{head}\n{rows}\n{END}{after}"


def _row(field: Field) -> str:
    names = f"`{field.name}`"
    if field.aliases:
        names += f"; {', '.join(f'`{name}`' for name in field.aliases)}"
    meaning = field.meaning
    if field.choices:
        meaning += f": {', '.join(f'`{word}`' for word in field.choices)}"
    # A bar would end the cell, in code too.
    examples = " ".join(f"`{one}`" for one in field.examples).replace("|", "\\|")
    return f"| {names} | {field.type.value} | {meaning} | {examples} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    DOCUMENT.write_text(documented(DOCUMENT.read_text()))
