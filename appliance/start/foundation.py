"""Foundation of the appliance: its directory, sockets and files, held by it alone."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from appliance.data.directory import DataDirectory, StartError
from appliance.data.files import Files
from appliance.exit_codes import ExitCode
from appliance.process.listening import bind
from monitor.access.access import Access
from monitor.counters import Counters
from monitor.lifecycle import Lifecycle
from monitor.settings import Settings

# An address that this machine does not have.
NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What all other parts stand on; none of it waits for PostgreSQL."""

    settings: Settings
    data: DataDirectory
    app_socket: socket.socket
    proxy_socket: socket.socket
    files: Files
    access: Access
    counters: Counters
    state: Lifecycle

    @property
    def app_url(self) -> str:
        return _url(self.settings.host, self.app_socket)

    @property
    def proxy_url(self) -> str:
        return _url(self.settings.proxy_host, self.proxy_socket)


@contextmanager
def foundation(settings: Settings) -> Iterator[Foundation]:
    """Raises StartError where another one holds it, or it cannot be had."""
    with ExitStack() as stack:
        data = DataDirectory(settings.data_dir)
        data.make()
        data.take()
        stack.callback(data.release)
        app_socket = _bind("", settings.host, settings.port, stack)
        proxy_socket = _bind("PROXY_", settings.proxy_host, settings.proxy_port, stack)
        files = Files.opened(settings, data, stack)
        yield Foundation(
            settings=settings,
            data=data,
            app_socket=app_socket,
            proxy_socket=proxy_socket,
            files=files,
            access=Access(
                settings=settings, secret=files.secret, ended=files.ended_sessions
            ),
            counters=Counters(),
            state=Lifecycle(),
        )


def _bind(prefix: str, host: str, port: int, stack: ExitStack) -> socket.socket:
    try:
        bound = bind(host, port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken" if taken else f"cannot be bound: {error.strerror}"
        is_host = isinstance(error, socket.gaierror) or error.errno in NOT_HERE
        setting = f"{prefix}HOST" if is_host else f"{prefix}PORT"
        raise StartError(
            f"port {port} on {host} {reason}; set {setting} to another one",
            exit_code=ExitCode.TRY_AGAIN if taken else ExitCode.CANNOT_CREATE,
        ) from None
    stack.callback(bound.close)
    return bound


def _url(host: str, bound: socket.socket) -> str:
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{bound.getsockname()[1]}"
