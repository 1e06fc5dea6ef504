"""Clients that move files: curl, wget, git, Subversion, WebDAV, pip, containers."""

import gzip
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.clients.apache import apache
from tests.clients.between import need, run, serving, the_same
from tests.support.ports import free_port

BIG = bytes(range(256)) * 12_000
# Git's commits are the same each time.
WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "me"),
        ("EMAIL", "me@example.org"),
        ("DATE", "2026-01-01T00:00:00Z"),
    )
}


async def test_curl_puts_gets_resumes_and_logs_in(tmp_path: Path) -> None:
    curl = need("curl", "curl")

    async def scenario(url: str, folder: Path) -> list[str]:
        (folder / "big").write_bytes(BIG)
        (folder / "part").write_bytes(BIG[:1_000_000])
        ask = [curl, "-sS", "-o", "out", "-w", "%{http_code} %{size_download}"]
        dav = f"{url}/dav/big"
        private = f"{url}/private/secret.txt"
        said = [
            await run(*ask, "-T", "big", dav, folder=folder),
            await run(*ask, "-T", "-", dav, folder=folder, given=BIG),
            await run(*ask, "-r", "5-1004", dav, folder=folder),
            await run(*ask[:2], "-C", "-", "-o", "part", dav, folder=folder),
            await run(*ask, "-I", dav, folder=folder),
            await run(*ask, "--compressed", f"{url}/mirror/", folder=folder),
            await run(*ask, f"{url}/dav/", "-F", "a=@big", folder=folder),
            await run(*ask, private, folder=folder),
            await run(*ask, "--digest", "-u", "me:pw", private, folder=folder),
            await run(*ask, "-X", "DELETE", dav, folder=folder),
        ]
        assert (folder / "part").read_bytes() == BIG
        return said

    said = await the_same(apache, scenario, tmp_path)
    assert [line[:3] for line in said if line] == [
        *("201", "204", "206", "200", "200", "404", "401", "200", "204")
    ]


async def test_wget_mirrors_a_site_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    wget = need("wget", "wget")

    async def scenario(url: str, folder: Path) -> dict[str, str]:
        (folder / "got").mkdir()
        command = [wget, "-q", "-r", "-np", "-nH", "-P", "got"]
        await run(*command, f"{url}/mirror/", folder=folder)
        (folder / "b c.bin").write_bytes((bytes(range(256)) * 2000)[:777])
        await run(wget, "-q", "-c", f"{url}/mirror/b%20c.bin", folder=folder)
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in [*(folder / "got").rglob("*.*"), folder / "b c.bin"]
        }

    found = await the_same(apache, scenario, tmp_path)
    assert {"index.html", "a.html", "b c.bin"} <= set(found)


async def test_git_clones_pushes_and_fetches(tmp_path: Path) -> None:
    git = need("git", "git")

    async def scenario(url: str, folder: Path) -> str:
        async def do(*arguments: str) -> str:
            return await run(git, *arguments, folder=folder, environment=WHO)

        await do("clone", "-q", f"{url}/git/repo", "one")
        # Two pushes: one as it is, one larger than git sends with a length.
        for name, content in (("small", b"hello"), ("big", BIG + BIG[::-1])):
            (folder / "one" / name).write_bytes(content)
            await do("-C", "one", "add", ".")
            await do("-C", "one", "commit", "-q", "-m", name)
            await do("-C", "one", "push", "-q", "origin", "HEAD:main")
        await do("clone", "-q", "--depth", "1", "-b", "main", f"{url}/git/repo", "two")
        await do("-C", "two", "fetch", "-q", "--unshallow")
        await do("-C", "two", "fsck", "--full")
        assert (folder / "two" / "big").read_bytes() == BIG + BIG[::-1]
        return await do("-C", "two", "log", "--format=%H %s")

    assert (await the_same(apache, scenario, tmp_path)).count("\n") == 2


async def test_subversion_checks_out_commits_and_tells_the_log(tmp_path: Path) -> None:
    svn = need("svn", "subversion")

    async def scenario(url: str, folder: Path) -> str:
        async def do(*arguments: str) -> str:
            options = ("--non-interactive", "--config-dir", "config")
            environment = {"LC_ALL": "C.UTF-8"}
            return await run(
                svn, *arguments, *options, folder=folder, environment=environment
            )

        await do("mkdir", "-q", "-m", "trunk", f"{url}/svn/trunk")
        await do("checkout", "-q", f"{url}/svn/trunk", "work")
        (folder / "work" / "ä b.txt").write_bytes(BIG)
        await do("add", "-q", "work/ä b.txt")
        await do("propset", "-q", "x:note", "é\n", "work/ä b.txt")
        await do("commit", "-q", "-m", "add", "work")
        await do("move", "-q", "-m", "move", f"{url}/svn/trunk", f"{url}/svn/main")
        await do("checkout", "-q", f"{url}/svn/main", "again")
        assert (folder / "again" / "ä b.txt").read_bytes() == BIG
        told = await do("log", "-v", f"{url}/svn")
        return re.sub(r"\d{4}-\d\d-\d\d [^|]*\|", "", told)

    assert "A /main (from /trunk:2)" in await the_same(apache, scenario, tmp_path)


async def test_litmus_finds_webdav_the_same(tmp_path: Path) -> None:
    litmus = need("litmus", "litmus")

    async def scenario(url: str, folder: Path) -> list[str]:
        told = await run(litmus, f"{url}/dav/", folder=folder)
        told = told.replace(url, "").replace("\r", "\n")
        return [line for line in told.split("\n") if re.match(r" ?\d+\.|<-|.. ", line)]

    told = await the_same(apache, scenario, tmp_path)
    assert sum("summary" in line for line in told) == 5
    assert not [line for line in told if "FAIL" in line]


async def test_pip_downloads_from_a_package_index(tmp_path: Path) -> None:
    async def scenario(url: str, folder: Path) -> list[str]:
        pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
        options = ["--no-cache-dir", "--index-url", f"{url}/simple/", "-d", "got"]
        await run(*pip, "download", "-q", *options, "example==1.0", folder=folder)
        return [
            f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            for path in sorted((folder / "got").iterdir())
        ]

    @asynccontextmanager
    async def index(folder: Path) -> AsyncIterator[int]:
        async with apache(folder) as port:
            lay_out_index(folder / "site" / "simple")
            yield port

    [found] = await the_same(index, scenario, tmp_path)
    assert found.startswith("example-1.0-py3-none-any.whl ")


def lay_out_index(folder: Path) -> None:
    """PEP 503, with one wheel and its digest."""
    place = folder / "example"
    place.mkdir(parents=True)
    name, info = "example-1.0-py3-none-any.whl", "example-1.0.dist-info"
    with zipfile.ZipFile(place / name, "w") as wheel:
        for path, content in {
            "example.py": "x = 1\n" * 10_000,
            f"{info}/METADATA": "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }.items():
            wheel.writestr(zipfile.ZipInfo(path), content)
    digest = hashlib.sha256((place / name).read_bytes()).hexdigest()
    (place / "index.html").write_text(f'<a href="{name}#sha256={digest}">{name}</a>')


@asynccontextmanager
async def registry(folder: Path) -> AsyncIterator[int]:
    """Docker's registry, as Debian packages it."""
    program, port = need("docker-registry", "docker-registry"), free_port()
    configuration = {
        "version": 0.1,
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "blobs")},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (folder / "registry.yml").write_text(json.dumps(configuration))
    command = (program, "serve", "registry.yml")
    async with serving(*command, folder=folder, port=port) as listening:
        yield listening


async def test_an_image_is_pushed_to_a_registry_pulled_and_deleted(
    tmp_path: Path,
) -> None:
    skopeo = need("skopeo", "skopeo")

    async def scenario(url: str, folder: Path) -> list[str]:
        async def do(*arguments: str) -> str:
            return await run(skopeo, "--insecure-policy", *arguments, folder=folder)

        image = f"docker://{url.removeprefix('http://')}/some/image:1"
        lay_out_image(folder / "image")
        await do("copy", "-q", "--dest-tls-verify=false", "dir:image", image)
        await do("copy", "-q", "--src-tls-verify=false", image, "dir:again")
        tags = await do("list-tags", "--tls-verify=false", image.rpartition(":")[0])
        await do("delete", "--tls-verify=false", image)
        names = sorted(path.name for path in (folder / "again").iterdir())
        assert (folder / "again" / DIGEST).read_bytes() == LAYER
        return [*names, *json.loads(tags)["Tags"]]

    assert (await the_same(registry, scenario, tmp_path))[-1] == "1"


LAYER = gzip.compress(BIG, mtime=0)
DIGEST = hashlib.sha256(LAYER).hexdigest()


def lay_out_image(folder: Path) -> None:
    """An image of one layer; it is no archive, but nobody here looks inside."""
    folder.mkdir()
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}'
    digest = hashlib.sha256(config).hexdigest()
    (folder / DIGEST).write_bytes(LAYER)
    (folder / digest).write_bytes(config)
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    kind = "application/vnd.docker"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.distribution.manifest.v2+json",
        "config": {
            "mediaType": f"{kind}.container.image.v1+json",
            "size": len(config),
            "digest": f"sha256:{digest}",
        },
        "layers": [
            {
                "mediaType": f"{kind}.image.rootfs.diff.tar.gzip",
                "size": len(LAYER),
                "digest": f"sha256:{DIGEST}",
            }
        ],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
