"""httpbin, served by waitress: neither of them is ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpbin
import waitress.server
import waitress.wasyncore

IN_MEMORY_BYTES = 256 * 1024 * 1024


@contextmanager
def httpbin_served(*, threads: int) -> Iterator[int]:
    """Its port."""
    server = waitress.server.create_server(
        httpbin.app,
        host="127.0.0.1",
        port=0,
        threads=threads,
        # What is longer is in files that it leaves to the collector.
        inbuf_overflow=IN_MEMORY_BYTES,
        outbuf_overflow=IN_MEMORY_BYTES,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.task_dispatcher.shutdown()
        # Its loop ends when it holds no connection any more, idle ones too. They are
        # closed in its own thread: from another, it may be told of one that is closed.
        server.trigger.pull_trigger(lambda: waitress.wasyncore.close_all(server._map))
        thread.join(10)
