"""Whom the appliance trusts when it calls others over TLS."""

from pathlib import Path

import pytest

from monitor.network.outbound import Outbound
from monitor.network.tls import trusting
from tests.support.certificates import made, tls_upstream


async def test_a_channels_certificate_is_verified_against_ssl_cert_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = made(tmp_path, "localhost")
    async with tls_upstream(certificate) as port:
        url = f"https://localhost:{port}/"
        async with Outbound() as outbound:
            unknown = await outbound.post(url, "", {})
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        async with Outbound() as outbound:
            known = await outbound.post(url, "", {})
    assert str(unknown.error).startswith("could not be sent: TLS failed: ")
    assert (known.status_code, known.error) == (200, None)


def test_what_one_use_sets_on_its_context_is_not_set_for_another() -> None:
    assert trusting("channels") is trusting("channels")
    assert trusting("channels") is not trusting("upstreams")
