"""What /openapi.json promises, under generated requests: schemathesis, all phases."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.support.running import appliance_on, bearer, client_of, make_key, register
from tests.support.upstreams import Reader, Writer, read_head, upstream

COMMAND = Path(sys.executable).parent / "schemathesis"
CONFIG = Path(__file__).parent / "schemathesis.toml"
# As many for each call on every machine, and the same but for ids that the appliance
# makes; beside them are all cases of its coverage, seventy a call. A longer search, by
# hand, has another seed, and `--max-time 600` instead.
EXAMPLES = 12


async def done(reader: Reader, writer: Writer) -> None:
    """What replays meet."""
    await read_head(reader)
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    await writer.drain()


@pytest.mark.timeout(1800)
async def test_no_generated_request_breaks_a_promise(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        upstream(done) as port,
        client_of(appliance) as client,
    ):
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        key = await make_key(client, service["id"])
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            *("--config-file", str(CONFIG)),
            "run",
            f"{appliance.app_url}/openapi.json",
            *("--header", f"Authorization: {bearer(key['raw_key'])['Authorization']}"),
            *("--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", str(EXAMPLES), "--seed", "1"),
            *("--request-timeout", "60", "--suppress-health-check", "all"),
            # It never ends; tests/api/calls/test_stream.py follows it.
            *("--exclude-operation-id", "follow_logs"),
            "--continue-on-failure",
            "--no-color",
            cwd=tmp_path,
            stdout=PIPE,
            stderr=STDOUT,
        )
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
