"""The files beside the code say what they are meant to say."""

import hashlib
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import screenshots

ROOT = Path(__file__).parents[2]


def test_compose_publishes_on_loopback_only() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    published = re.findall(r'- "([^"]*:\d+:\d+)"', text)
    assert published == [
        "127.0.0.1:8000:8000",
        "127.0.0.1:8080:8080",
        "127.0.0.1:8090:8090",
    ]


def test_compose_is_valid_for_docker_compose() -> None:
    command = compose_command()
    if command is None:
        pytest.skip("no docker compose to check with: apt-get install docker-compose")
    found = subprocess.run(
        [*command, "config", "--services"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(found.stdout.split()) == {"db", "backend", "nginx"}


def test_nginx_has_the_files_of_its_image_and_asks_for_the_app_again() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    assert "target: nginx" in compose
    assert re.findall(r"- \./", compose) == []
    image = (ROOT / "Dockerfile").read_text()
    assert "COPY web/static /srv/static" in image
    assert "COPY nginx.conf /etc/nginx/nginx.conf" in image
    assert "!nginx.conf" in (ROOT / ".dockerignore").read_text().splitlines()
    # The image that is built where none is named is the appliance's.
    assert image.rindex("FROM nginx") < image.rindex("FROM python")
    conf = (ROOT / "nginx.conf").read_text()
    assert "resolver 127.0.0.11 valid=" in conf
    assert set(re.findall(r"proxy_pass (\S+);", conf)) == {"http://$app"}


def test_a_service_of_the_machine_is_reached_from_the_container() -> None:
    assert (
        '"host.docker.internal:host-gateway"'
        in (ROOT / "docker-compose.yml").read_text()
    )


def compose_command() -> list[str] | None:
    """The plugin of the client, or Debian's own program."""
    plugin = ["docker", "compose"]
    if (
        shutil.which("docker")
        and not subprocess.run([*plugin, "version"], capture_output=True).returncode
    ):
        return plugin
    return ["docker-compose"] if shutil.which("docker-compose") else None


def test_the_image_runs_as_nobody_in_particular_with_a_healthcheck() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "USER 10001:10001" in text
    assert 'CMD ["apimonitor", "healthcheck"]' in text
    assert "--require-hashes" in text
    assert "from monitor.build import IS_COMPILED; assert IS_COMPILED" in text
    folders = re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE)
    packages = {"api", "appliance", "migrations", "monitor", "proxy", "web"}
    assert set(folders) == packages


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_everything_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==[^\s;]+", text, re.MULTILINE)
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert len(pins) > 20
    assert all("--hash=sha256:" in block for block in blocks if "==" in block[:80])
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for dependency in wanted["dependencies"]:
        bare = re.split(r"[=~<>; \[]", dependency)[0].lower().replace(".", "-")
        assert bare in {pin.lower() for pin in pins}, bare


def test_what_compiling_needs_is_pinned_as_the_checks_have_it() -> None:
    compiling, checking = (
        (ROOT / name).read_text().split("    # via")
        for name in ("requirements-compile.lock", "requirements-dev.lock")
    )
    wanted, pinned = blocks_of(compiling), blocks_of(checking)
    assert {"mypy", "asyncpg-stubs"} <= wanted.keys()
    assert all("--hash=sha256:" in block for block in wanted.values())
    assert wanted.items() <= pinned.items()


def blocks_of(parts: list[str]) -> dict[str, str]:
    """Name by name, the version and the digests."""
    pattern = re.compile(r"^([a-z0-9-]+)==.*", re.MULTILINE | re.DOTALL)
    return {found[1]: found[0] for part in parts if (found := pattern.search(part))}


def test_ci_runs_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().strip().splitlines()
    assert lines[-1] == "exec make test"
    assert all(re.match(r"#!|set |cd |exec make test", line) for line in lines)


def test_make_help_lists_every_target() -> None:
    printed = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    names = [line.split()[0] for line in printed.splitlines()]
    expected = "run demo test check format bench bench-query soak lock clean help"
    expected += " screenshots"
    assert set(names) == set(expected.split())


def test_vendored_files_are_what_their_manifest_says() -> None:
    folder = ROOT / "tests" / "vendor"
    rows = re.findall(
        r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|",
        (folder / "MANIFEST.md").read_text(),
        re.MULTILINE,
    )
    assert rows
    for name, digest in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_screenshots_show_each_page_in_each_state_and_are_bounded() -> None:
    found = list(screenshots.PLACE.iterdir())
    assert sum(path.stat().st_size for path in found) <= screenshots.MOST_BYTES
    kinds = {tuple(path.stem.split("-")[:2]) for path in found}
    of_logs = {"log", "replay", "compare"}
    expected = {(name, "empty") for name in screenshots.PAGES}
    expected |= {(name, "broken") for name in screenshots.BROKEN}
    for state in ("full", "away"):
        expected |= {(name, state) for name in {*screenshots.PAGES, *of_logs}}
    assert kinds == expected
