"""The ten worst questions that the app takes, each asked again and again."""

import json
import signal
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path

# Found nowhere, so that all is searched; or counted one by one; or carried out.
WORST = (
    "/v1/logs?q=found-nowhere-at-all",
    "/v1/logs?path=/found-nowhere-at-all",
    "/v1/logs?query=body:found-nowhere-at-all",
    "/v1/logs?query=path:%2Ffound.*at-all%2F",
    "/v1/logs?min_latency_ms=100000000",
    "/v1/metrics?exact=true",
    "/v1/metrics/endpoints?exact=true",
    "/v1/logs/facets?q=found-nowhere-at-all",
    "/v1/logs?offset=100000&limit=500",
    "/v1/logs.ndjson?limit=5000",
)
LONGEST_WAIT_S = 60.0
# Who is refused asks again, and not at once.
PAUSE_S = 0.1


def main(port: int, said: Path) -> None:
    """Until it is told to stop; then *said* has the statuses, and seconds, of each."""
    found: dict[str, Counter[str]] = {path: Counter() for path in WORST}
    took: dict[str, list[float]] = {path: [] for path in WORST}

    def ask_on(path: str) -> None:
        while True:
            began = time.perf_counter()
            status = _asked(port, path)
            took[path].append(time.perf_counter() - began)
            found[path][status] += 1
            if status != "200":
                time.sleep(PAUSE_S)

    for path in WORST:
        threading.Thread(target=ask_on, args=(path,), daemon=True).start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    longest = {path: max(each, default=None) for path, each in took.items()}
    said.write_text(json.dumps({"statuses": found, "longest_s": longest}))


def _asked(port: int, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST_WAIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        while answer.read(65_536):
            pass
    except (OSError, HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
    return str(answer.status)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(int(sys.argv[1]), Path(sys.argv[2]))
