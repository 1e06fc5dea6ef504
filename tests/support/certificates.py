"""Certificates, and upstreams that show them."""

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.upstreams import OK, answering, upstream

Certificate = tuple[Path, Path]
CONFIGURATION = """
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def run(directory: Path, command: str) -> None:
    subprocess.run(command.split(), cwd=directory, check=True, capture_output=True)


def made(
    directory: Path,
    name: str,
    *,
    since: str = "20200101000000Z",
    until: str = "20490101000000Z",
) -> Certificate:
    """A certificate for *name*, signed by itself, and its key."""
    (directory / "ca.cnf").write_text(CONFIGURATION)
    (directory / "index.txt").touch()
    run(
        directory,
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
        f"-subj /CN={name} -addext subjectAltName=DNS:{name} -keyout key.pem "
        "-out request.pem",
    )
    run(
        directory,
        "openssl ca -config ca.cnf -batch -selfsign -notext -keyfile key.pem "
        f"-in request.pem -startdate {since} -enddate {until} -out certificate.pem",
    )
    return directory / "certificate.pem", directory / "key.pem"


@asynccontextmanager
async def tls_upstream(
    certificate: Certificate,
    names: list[str | None] | None = None,
    *,
    version: ssl.TLSVersion | None = None,
) -> AsyncIterator[int]:
    """Answers each request; keeps the *names* that clients ask for (SNI).

    With a *version* it takes no other, and nobody without a certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if version is not None:
        context.minimum_version = context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*certificate)
    if names is not None:
        context.sni_callback = lambda _, name, __: names.append(name)
    async with upstream(answering(OK), tls=context) as port:
        yield port
