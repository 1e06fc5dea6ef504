"""Answers about the health of the appliance."""

from typing import Literal

from api.document.answers.shown import Shown


class Health(Shown):
    status: Literal["ok"]
    database: Literal["ok", "away"]


class Readiness(Shown):
    status: Literal["ready", "starting", "draining"]
