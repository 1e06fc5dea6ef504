"""Heads: fields made of their lines, for each exchange; so it is compiled, unlike
the class of what it makes."""

from monitor.traffic.fields import HeadFields
from monitor.traffic.line import Lines


def fields_of(lines: Lines) -> HeadFields:
    made = HeadFields([found.pair for found in lines])
    made.lines = lines
    return made
