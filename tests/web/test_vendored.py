"""What others wrote and we ship is what their manifests say it is."""

import hashlib
import json
from pathlib import Path

import pytest

VENDOR = Path(__file__).parents[2] / "web" / "static" / "vendor"
MANIFESTS = sorted(VENDOR.glob("*/manifest.json"))


def test_every_folder_has_a_manifest() -> None:
    folders = [path.name for path in VENDOR.iterdir() if path.is_dir()]
    assert sorted(folders) == [path.parent.name for path in MANIFESTS]
    assert "uplot" in folders


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_vendored_files_are_as_they_were_published(path: Path) -> None:
    manifest = json.loads(path.read_text())
    for name in ("name", "version", "licence", "source"):
        assert manifest[name]
    assert manifest["licence_file"] in manifest["sha256"]
    shipped = {file.name for file in path.parent.iterdir()} - {path.name}
    assert shipped == set(manifest["sha256"])
    for name, expected in manifest["sha256"].items():
        content = (path.parent / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected, name
