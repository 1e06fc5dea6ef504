"""Name servers that hang."""

import socket
import threading

from monitor.network.dns import Addresses


class Names:
    """A resolver whose server for *hanging* answers once it is *let_go*."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses
        self._go_on = threading.Event()
        self.asked: list[str] = []

    def __call__(self, host: str) -> Addresses:
        self.asked.append(host)
        if host.startswith("hanging"):
            self._go_on.wait(60)
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
            for address in self._addresses
        ]

    def let_go(self) -> None:
        self._go_on.set()
