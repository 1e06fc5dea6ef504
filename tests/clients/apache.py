"""Apache, with WebDAV, Subversion, git over smart HTTP, and a digest to log in."""

import hashlib
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.clients.between import need, run, serving
from tests.support.ports import free_port

MODULES = Path("/usr/lib/apache2/modules")
CONFIGURATION = """
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/errors
DocumentRoot {folder}/site
Timeout 20
KeepAlive On
MaxKeepAliveRequests 50
{modules}
{user}
DavLockDB {folder}/locks
TypesConfig /dev/null
AddType text/html .html
AddOutputFilterByType DEFLATE text/html
EnableSendfile On
SetEnv GIT_PROJECT_ROOT {folder}/git
SetEnv GIT_HTTP_EXPORT_ALL 1
ScriptAlias /git/ {git}/
<Directory {folder}/site>
    Options +Indexes
    Require all granted
</Directory>
<Directory {git_folder}>
    Require all granted
</Directory>
<Location /dav/>
    Dav On
</Location>
<Location /svn>
    DAV svn
    SVNPath {folder}/svn
</Location>
<Location /private/>
    AuthType Digest
    AuthName private
    AuthUserFile {folder}/users
    Require valid-user
</Location>
"""
NAMES = [
    *("mpm_prefork", "authn_core", "authn_file", "auth_digest", "authz_core"),
    *("authz_user", "mime", "deflate", "filter", "dir", "autoindex", "alias", "env"),
    *("cgi", "dav", "dav_fs", "dav_svn"),
]


@asynccontextmanager
async def apache(folder: Path) -> AsyncIterator[int]:
    program = need("apache2", "apache2-bin")
    git = need("git", "git")
    need("svn", "subversion")
    if not (MODULES / "mod_dav_svn.so").exists():
        need("mod_dav_svn", "libapache2-mod-svn")
    backend = (await run(git, "--exec-path", folder=folder)).strip()
    await _lay_out(folder)
    port = free_port()
    path = folder / "apache.conf"
    path.write_text(
        CONFIGURATION.format(
            folder=folder,
            port=port,
            git=f"{backend}/git-http-backend",
            git_folder=backend,
            modules="\n".join(
                f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NAMES
            ),
            # As root its workers become another user, who may not write here.
            user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
        )
    )
    if os.geteuid() == 0:
        await run("chown", "-R", "www-data", ".", folder=folder)
        for parent in _private(folder):
            parent.chmod(parent.stat().st_mode | 0o011)
    command = (program, "-f", str(path), "-DFOREGROUND")
    async with serving(*command, folder=folder, port=port) as listening:
        yield listening


def _private(folder: Path) -> list[Path]:
    """What *folder* is in, below the directory where all may write."""
    for depth, parent in enumerate(folder.parents):
        if parent.stat().st_mode & stat.S_ISVTX:
            return list(folder.parents[:depth])
    return []


async def _lay_out(folder: Path) -> None:
    site = folder / "site"
    for name in ("dav", "private", "mirror"):
        (site / name).mkdir(parents=True)
    (site / "private" / "secret.txt").write_text("hello, me")
    (site / "mirror" / "index.html").write_text('<a href="a.html">a</a>' * 100)
    (site / "mirror" / "a.html").write_text('<a href="b%20c.bin?x=1">b</a>')
    (site / "mirror" / "b c.bin").write_bytes(bytes(range(256)) * 2000)
    digest = hashlib.md5(b"me:private:pw", usedforsecurity=False).hexdigest()
    (folder / "users").write_text(f"me:private:{digest}\n")
    await run("git", "init", "-q", "--bare", "git/repo", folder=folder)
    for name, value in (("http.receivepack", "true"), ("safe.directory", "*")):
        await run("git", "-C", "git/repo", "config", name, value, folder=folder)
    await run("svnadmin", "create", "svn", folder=folder)
