"""The functions that a thread is in, as seen from another thread."""

import faulthandler
import os
import re
import sys

# Of each thread a head and its frames, the innermost first.
HEAD = re.compile(r"(?:Thread|Current thread) 0x([0-9a-f]+)")
FRAME = re.compile(r'  File "(.*)", line [?\d]+ in (.*)')


def stack_of(thread_id: int) -> list[str]:
    """Their names with those of their modules, the innermost first; 100 at most.

    Whoever follows frames gives way between two of them, and what goes on meanwhile
    ends some: that was the end of a process by Python 3.11. So they are read by one
    call, which does not give way; and not from a disk, for which all would wait.
    """
    with open(os.memfd_create("stack"), "w+b") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        lines = file.read().decode("ascii", "replace").splitlines()
    modules = {
        getattr(module, "__file__", None): name
        for name, module in list(sys.modules.items())
    }
    named, is_wanted = [], False
    for line in lines:
        if head := HEAD.match(line):
            is_wanted = int(head[1], 16) == thread_id
        elif is_wanted and (frame := FRAME.match(line)):
            named.append(f"{modules.get(frame[1], '')}.{frame[2]}")
    return named
