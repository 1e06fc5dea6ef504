"""The README's first five minutes work as they stand."""

import asyncio
import re
from pathlib import Path

from appliance.start.running import running
from monitor.settings import load

README = Path(__file__).parents[2] / "README.md"


def first_five_minutes() -> list[str]:
    text = README.read_text().split("## The first five minutes")[1]
    return re.findall(r"```sh\n(.*?)```", text.split("\n## ")[0], re.DOTALL)


async def test_the_first_five_minutes(tmp_path: Path, database_url: str) -> None:
    environment = {
        "APIMONITOR_PORT": "0",
        "APIMONITOR_PROXY_PORT": "0",
        "APIMONITOR_DATA_DIR": str(tmp_path / "data"),
        "APIMONITOR_DATABASE_URL": database_url,
    }
    async with running(load(environment)) as appliance:
        # Only the ports differ from what stands there: 8000 may be in use here.
        script = "\n".join(["set -e", *first_five_minutes()])
        script = script.replace("localhost:8000", appliance.app_url[7:])
        script = script.replace(
            "localhost:8080", f"localhost:{appliance.proxy_url.rsplit(':', 1)[1]}"
        )
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaints = await process.communicate()
    output = printed.decode()
    assert process.returncode == 0, complaints.decode()
    assert '"Authorization":"***MASKED***"' in output
    assert "Bearer secret" not in output
    assert '"status":"failed"' in output
    assert output.count("HTTP/1.1 502") == 3
    last = output.strip().splitlines()[-1]
    assert last.count('"source":"proxy"') == 3
    assert last.count('"path":"/charge"') == 3
