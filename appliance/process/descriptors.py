"""Descriptors of this process: how many files and connections it may have open."""

import resource

# What a shell gives is meant for shells; macOS takes no more than this.
MAX_DESCRIPTORS = 524_288
MAX_ON_MACOS = 10_240


def raise_limit() -> int:
    """Take all that the system allows; how many that is. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = (
        MAX_DESCRIPTORS
        if hard == resource.RLIM_INFINITY
        else min(hard, MAX_DESCRIPTORS)
    )
    for limit in (wanted, MAX_ON_MACOS):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
            return max(soft, limit)
        except (ValueError, OSError):
            continue
    return soft
