"""The functions that a thread is in."""

import sys
import threading

from monitor.loop.stack import stack_of


def innermost(seen: threading.Event, is_over: threading.Event) -> None:
    seen.set()
    is_over.wait()


def test_a_threads_functions_are_named_with_their_modules() -> None:
    seen, is_over = threading.Event(), threading.Event()
    thread = threading.Thread(target=innermost, args=(seen, is_over))
    thread.start()
    seen.wait()
    try:
        assert thread.ident is not None
        stack = stack_of(thread.ident)
    finally:
        is_over.set()
        thread.join()
    here = f"{__name__}.innermost"
    assert here in stack
    assert stack.index("threading.wait") < stack.index(here) < len(stack) - 1
    assert stack_of(1) == []


def test_it_is_read_while_the_thread_goes_on() -> None:
    over = False

    def deep(left: int) -> int:
        return 1 + deep(left - 1) if left else 1

    def go_on() -> None:
        while not over:
            deep(200)

    thread = threading.Thread(target=go_on)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        thread.start()
        assert thread.ident is not None
        stacks = [stack_of(thread.ident) for _ in range(200)]
    finally:
        over = True
        thread.join()
        sys.setswitchinterval(before)
    assert any(f"{__name__}.deep" in stack for stack in stacks)
    assert all(len(stack) <= 101 for stack in stacks)
