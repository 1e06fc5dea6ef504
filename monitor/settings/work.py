"""Work on bodies that are shown and compared, and the processes that do it."""

from monitor.defaults import WORK_LIMIT
from monitor.settings.declaring import Theme, setting


class Work(Theme):
    """Bodies that are shown and compared"""

    work_limit: int = setting(
        WORK_LIMIT,
        "Values of a JSON document, lines of a text, fields of a form and parts of a "
        "multipart body that are laid out or compared; beyond, a body is shown raw, "
        "and a comparison says where it ended. Raise it, with HELPER_MEMORY_BYTES, "
        "when documents you compare are larger.",
        ge=100,
        le=10_000_000,
    )
    helper_processes: int = setting(
        1,
        "Processes that decode, lay out and compare bodies that are not little; begun "
        "when needed, ended after a minute without work. Raise it when "
        "apimonitor_helper_waiting stays up while cores idle.",
        ge=1,
        le=64,
    )
    helper_memory_bytes: int = setting(
        512 * 1024 * 1024,
        "Address space of each helper process. Raise it when a body or a comparison "
        "says that it needs more.",
        ge=128 * 1024 * 1024,
    )
    helper_timeout_s: float = setting(
        20,
        "How long one piece of work may take a helper process; beyond, it is ended and "
        "replaced. Raise it when work is said to take longer on a slow machine.",
        gt=0,
        le=600,
    )
    helper_waiting: int = setting(
        16,
        "Pieces of work of one service that wait for a helper process; beyond, bodies "
        "are shown raw and not compared. Raise it when scripts are told so; each holds "
        "its bodies in memory.",
        ge=1,
        le=10_000,
    )
