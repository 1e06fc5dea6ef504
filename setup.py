"""Which modules are compiled, and how: docs/compiled.md. The rest is in pyproject.toml.

Only where COMPILE_TO names a folder for what is generated; a plain install compiles
nothing. COMPILE_LEVEL is how much the C compiler is to optimise.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_ext import build_ext

# Rooms of what runs for each exchange that passes or is pushed, and modules of others.
ROOMS = (
    "api/ingest",
    "proxy",
    "monitor/endpoints",
    "monitor/record",
    "monitor/redaction",
    "monitor/registry",
    "monitor/spool",
    "monitor/traffic",
)
BESIDE = (
    "monitor/content/body.py",
    "monitor/content/event_stream.py",
    "monitor/export/har_bodies.py",
    "monitor/export/har_import.py",
    "monitor/export/har_messages.py",
    "monitor/export/har_origin.py",
    "monitor/export/har_values.py",
    "monitor/json/elements.py",
    "monitor/json/member.py",
    "monitor/json/meter.py",
    "monitor/json/stream.py",
    "monitor/json/strict.py",
    "monitor/loop/doing.py",
    "monitor/storage/ledger/outcomes.py",
)
# What mypyc cannot: an async generator, what a helper process finds by name, a class
# that is a tuple, and one that others are derived from by its annotations; what is
# derived from it runs when the table of routes changes.
INTERPRETED = {
    "api/ingest/batch.py",
    "api/ingest/beside.py",
    "api/ingest/storing.py",
    "monitor/registry/resources.py",
    "monitor/registry/routes_file.py",
    "monitor/registry/service_fields.py",
}
HOT = sorted(
    {
        *(str(path) for room in ROOMS for path in Path(room).rglob("[!_]*.py")),
        *BESIDE,
    }
    - INTERPRETED
)


class Build(build_ext):
    """Compiles the files of an extension side by side, and leaves nothing older."""

    def run(self) -> None:
        super().run()
        made = {Path(output) for output in self.get_outputs()}
        for older in set(Path(self.build_lib).rglob("*.so")) - made:
            older.unlink()

    def build_extensions(self) -> None:
        one_by_one = self.compiler.compile

        def side_by_side(sources: list[str], **options: Any) -> list[str]:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                made = pool.map(lambda one: one_by_one([one], **options), sources)
                return [path for each in made for path in each]

        self.compiler.compile = side_by_side
        super().build_extensions()


def compiled(folder: str) -> list[Any]:
    """Needs mypy, a C compiler and the headers of Python."""
    from mypyc.build import mypycify

    made = mypycify(
        # A cache of its own: `make check` asks mypy with other options.
        ["--cache-dir", f"{folder}/mypy", *HOT],
        opt_level=os.environ.get("COMPILE_LEVEL", "3"),
        debug_level="0",
        multi_file=True,
        target_dir=folder,
    )
    for extension in made:
        # What another compiler warns of is no reason to run interpreted.
        flags = extension.extra_compile_args
        extension.extra_compile_args = [flag for flag in flags if flag != "-Werror"]
    return made


folder = os.environ.get("COMPILE_TO")
setup(ext_modules=compiled(folder) if folder else [], cmdclass={"build_ext": Build})
