"""Heads of a row of logs AS l: from the set, which many logs have, and what differs.

What a set says of a condition is asked once for a statement and not for each log.
"""

import json
from collections.abc import Callable

from monitor.search.tree import Side, part_of
from monitor.storage.search.joins import DETAILS
from monitor.storage.search.patterns import escaped, matching
from monitor.storage.search.where import OF_THESE_DAYS, Conditions

# In place of what differs. In JSON it is escaped, so that no head has it.
HOLE = "\x01"
IS_HOLE = "v.value = chr(1)"
FORM = """
    (SELECT h.form
       FROM header_sets AS h
      WHERE h.id = l.{0}_set
        AND h.bucket = l.bucket
        AND h.ts = date_bin('1 day', l.ts, '2000-01-01 00:00+00'))
"""
TEXT = """
    CASE WHEN l.{0}_fields IS NULL THEN convert_from(d.{0}_headers, 'UTF8')
         WHEN l.{0}_set IS NULL THEN l.{0}_fields
         ELSE header_text({1}, l.{0}_fields) END
"""
WITHOUT_SET = "coalesce(l.{0}_fields, convert_from(d.{0}_headers, 'UTF8'))"


def text(side: Side) -> str:
    """The JSON of it, of logs AS l and log_details AS d."""
    return TEXT.format(side.value, FORM.format(side.value))


def lines(side: Side, made: Conditions) -> str:
    """Rows AS v (name, value)."""
    made.see(DETAILS)
    return f"header_fields({text(side)}) AS v"


def any_named(
    side: Side, name: str, made: Conditions, holds: Callable[[str], str] | None
) -> str:
    """That a field of that *name*, in small letters, is so; None: that there is one."""
    is_named = f"v.name = {made.place(name)}"
    written = made.place(f"%{escaped(json.dumps(name, ensure_ascii=False))}%")

    def in_set(condition: str) -> str:
        """One of the set says it."""
        fields = f"SELECT 1 FROM header_fields(h.form) AS v WHERE {is_named}"
        return _in_forms(
            side, f"h.form ILIKE {written} AND EXISTS ({fields} AND {condition})"
        )

    is_so = "true" if holds is None else holds("v.value")
    source = lines(side, made)
    itself = f"EXISTS (SELECT 1 FROM {source} WHERE {is_named} AND {is_so})"
    likely = f"{WITHOUT_SET.format(side.value)} ILIKE {written}"
    apart = f"l.{side.value}_set IS NULL AND {likely}"
    if holds is None:
        return f"({in_set('true')} OR ({apart} AND {itself}))"
    return f"""
        ({in_set(f"NOT {IS_HOLE} AND {is_so}")}
         OR ((({apart}) OR {in_set(IS_HOLE)}) AND {itself}))
    """


def holding(written: str, made: Conditions) -> list[str]:
    """Conditions, one of which is true where the JSON of a head has *written*: a part
    of a text, or of a line where it holds the end of a name and the begin of a value.
    """
    found = []
    is_there = matching(part_of(written), made.place)
    for side in Side:
        found += [
            _in_forms(side, is_there("h.form")),
            is_there(WITHOUT_SET.format(side.value)),
        ]
        for between in ('","', '":"'):
            name, is_line, _ = written.partition(between)
            if is_line:
                # The value is not the set's.
                has = matching(part_of(f"{name}{between}{HOLE}"), made.place)
                likely = _in_forms(side, has("h.form"))
                found.append(f"({likely} AND {is_there(text(side))})")
    return found


def _in_forms(side: Side, condition: str) -> str:
    return f"""
        l.{side.value}_set = ANY (ARRAY(SELECT h.id FROM header_sets AS h
                                         WHERE {OF_THESE_DAYS} AND ({condition})))
    """
