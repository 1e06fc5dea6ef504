"""Modules that a script of the pages imports, and those that they do."""

import re
from pathlib import Path

IMPORT = re.compile(r"^import (?:.* from )?\"(\..*)\";$", re.MULTILINE)


def imported(static: Path, name: str) -> list[str]:
    """Their names below *static*, each once, the nearest first."""
    found = [static / name]
    for path in found:
        for target in IMPORT.findall(path.read_text()):
            module = (path.parent / target).resolve()
            if module not in found:
                found.append(module)
    return [module.relative_to(static).as_posix() for module in found[1:]]
