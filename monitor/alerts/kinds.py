"""Kinds of channels."""

from enum import StrEnum


class ChannelKind(StrEnum):
    WEBHOOK = "webhook"
    SLACK = "slack"
    DISCORD = "discord"
    PAGERDUTY = "pagerduty"
    EMAIL = "email"
