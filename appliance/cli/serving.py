"""Commands that serve, or make what the appliance makes: serve, demo and fill."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Callable

from appliance.demo import traffic as demo
from appliance.exit_codes import ExitCode
from appliance.fill import filling
from appliance.fill.progress import Progress
from appliance.fill.writing import Wish
from appliance.start.running import Appliance
from appliance.start.serving import nothing, serve
from monitor.settings import Settings


def run(settings: Settings, arguments: Namespace) -> int:
    """The exit code."""
    return COMMANDS[arguments.command](settings, arguments)


def _serve(settings: Settings, arguments: Namespace) -> int:
    serve(settings, nothing)
    return ExitCode.OK


def _demo(settings: Settings, arguments: Namespace) -> int:
    async def traffic(appliance: Appliance) -> None:
        password = settings.admin_password if settings.is_closed else None
        await demo.run(
            app_url=appliance.app_url,
            proxy_url=appliance.proxy_url,
            password=password.get_secret_value() if password else None,
            stores=appliance.stores,
        )

    serve(demo.of_its_own(settings), traffic)
    return ExitCode.OK


def _fill(settings: Settings, arguments: Namespace) -> int:
    wish = Wish(
        logs=arguments.logs,
        days=arguments.days,
        services=arguments.services,
        seed=arguments.seed,
    )
    progress = Progress(wish.logs, sys.stderr)
    try:
        asyncio.run(filling.fill(settings, wish, progress.told))
    finally:
        progress.over()
    return ExitCode.OK


COMMANDS: dict[str, Callable[[Settings, Namespace], int]] = {
    "serve": _serve,
    "demo": _demo,
    "fill": _fill,
}
