"""Dispatch of `apimonitor`: who does what the command line asks for.

What is imported here, every health check pays for; the rest is imported when it is
asked for.
"""

import argparse
from importlib import import_module

from appliance.cli import healthcheck
from appliance.cli.arguments import parser
from appliance.exit_codes import ExitCode


def dispatch() -> int:
    """The exit code."""
    known = parser()
    arguments = known.parse_args()
    if arguments.version:
        print(import_module("appliance.cli.commands").version())
        return ExitCode.OK
    if arguments.command is None:
        known.print_help()
        return ExitCode.OK
    return _do(arguments)


def _do(arguments: argparse.Namespace) -> int:
    if arguments.command == "healthcheck" and (address := healthcheck.address()):
        return healthcheck.check(*address)
    done: int = import_module("appliance.cli.commands").run(arguments)
    return done
