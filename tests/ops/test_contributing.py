"""What CONTRIBUTING.md tells a newcomer to do can be done."""

import re
import runpy
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()


def test_its_first_change_applies_and_makes_its_test_pass(tmp_path: Path) -> None:
    test, change = re.findall(r"```diff\n(.*?)```", PAGE, re.DOTALL)
    names = re.findall(r"^\+\+\+ b/(.*)$", test + change, re.MULTILINE)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    path, endpoint = re.findall(r'^\+ +\("(/.*?)", "(.*?)"\)', test, re.MULTILINE)[0]

    def found() -> str:
        made: str = runpy.run_path(str(tmp_path / names[1]))["endpoint_of"](path)
        return made

    assert found() == path
    for diff in (test, change):
        subprocess.run(
            ["git", "apply", "-"], input=diff, text=True, cwd=tmp_path, check=True
        )
    assert found() == endpoint


def test_what_it_names_is_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"make ([a-z ]+)`|^make ([a-z ]+)$", PAGE, re.MULTILINE)
    words = {word for pair in named for word in "".join(pair).split()}
    assert words and words <= set(targets)
    for path in re.findall(r"(?:tests|api|docs|monitor)/[a-z_/]+(?:\.\w+)?", PAGE):
        assert (ROOT / path).exists(), path
