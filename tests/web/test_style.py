"""The pages have one look: each badge is made in one place."""

import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
SCRIPTS = sorted(
    path
    for path in (WEB / "static").rglob("*.js")
    if "vendor" not in path.relative_to(WEB).parts
)
BADGES = WEB / "templates" / "_badges.html"
# `badge` and `mark`, and what colours them: a method, a status, the states.
BADGE_CLASS = re.compile(r"[\"'\s](badge|mark|m-\w+|m-\{|s[0-5]|a-[\w{]+|d-[\w{]+)")
CLASSES = re.compile(r"class(?:Name)?\s*=\s*(\"[^\"]*\"|'[^']*')")


def test_each_badge_is_made_by_its_one_macro() -> None:
    macros = BADGES.read_text()
    for name in ("badge", "mark"):
        assert macros.count(f'class="{name}') == 1
    for path in TEMPLATES:
        if path != BADGES:
            made = [
                c for c in CLASSES.findall(path.read_text()) if BADGE_CLASS.search(c)
            ]
            assert made == [], path.name
    for path in SCRIPTS:
        assert not re.search(r"[\"'`](badge|mark)[ \"'`]", path.read_text()), path.name


def test_no_badge_is_made_for_nothing() -> None:
    pages = "".join(path.read_text() for path in TEMPLATES)
    for name in re.findall(r"{% macro (\w+)\(", BADGES.read_text()):
        assert len(re.findall(rf"\b(badges\.)?{name}\(", pages)) > 1, name
