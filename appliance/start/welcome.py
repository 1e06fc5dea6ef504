"""Welcome of a start, once it serves: where everything is, and three lines to try."""

import errno
import socket

from appliance.start.running import Appliance
from monitor import build
from monitor.settings import Settings

# How far behind the proxy's port a free one is looked for.
NEAR = 100
UPSTREAM = 'python3 -m http.server {port} -b 127.0.0.1 -d "$(mktemp -d)"'
UNHEARD = "</dev/null >/dev/null 2>&1"
JSON = "-H 'Content-Type: application/json'"
# What a call waits for: an upstream that starts, a record on its way to PostgreSQL.
PATIENT = "curl -s --retry 9 --retry-delay 1 -o /dev/null"


def welcome(appliance: Appliance, settings: Settings) -> str:
    database = "your PostgreSQL" if settings.database_url else "the embedded PostgreSQL"
    standing = "ready"
    if not appliance.state.is_ready:
        standing = "up without PostgreSQL: the proxy serves, what passes waits for it"
    return f"""\
API Monitor is {standing}.
  pages and /v1   {appliance.app_url}/
  proxy           {appliance.proxy_url}/
  data            {settings.data_dir.absolute()} ({database})
  build           {build.version_name()}, {build.how_it_runs()}
{_to_try(appliance.app_url, appliance.proxy_url, is_closed=settings.is_closed)}"""


def _to_try(app: str, proxy: str, *, is_closed: bool) -> str:
    """For a shell, one by one or all at once, and again: an upstream, a request, a log.

    The first is silent: where the service is there already, that is no error.
    """
    port = _free_port(after=int(proxy.rsplit(":", 1)[1]))
    upstream = f"http://127.0.0.1:{port}"
    right = ' -H "Authorization: Bearer $TOKEN"' if is_closed else ""
    what = " (TOKEN is what `apimonitor token create` prints)" if is_closed else ""
    return f"""\
Try{what}:
  {UPSTREAM.format(port=port)} {UNHEARD} & \
{PATIENT} --retry-connrefused {upstream}/; \
curl -s -o /dev/null {app}/v1/services{right} {JSON} \
-d '{{"name": "example", "base_url": "{upstream}"}}'
  answer=$(curl -si {proxy}/example/); echo "$answer"
  id=$(echo "$answer" | tr -d '\\r' | sed -n 's/^X-Monitor-Log-Id: //p'); \
{PATIENT} -f --retry-all-errors{right} {app}/v1/logs/$id; \
curl -s{right} '{app}/v1/logs?limit=1'"""


def _free_port(*, after: int) -> int:
    """The same at each start, as long as nobody takes it: the service points there."""
    for port in range(after + 1, min(after + NEAR, 65536)):
        with socket.socket() as probe:
            # As the upstream will bind it.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
                continue
            return port
    return after
