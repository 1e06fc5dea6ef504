"""Heads of a row of logs AS l: from the set, which many logs have, and what differs.

What a set says of a condition is asked once for a statement and not for each log.
"""

import json
from collections.abc import Callable, Sequence

from monitor.search.tree import Pieces, Side, part_of
from monitor.storage.search.joins import DETAILS
from monitor.storage.search.patterns import escaped, matching
from monitor.storage.search.where import OF_THESE_DAYS, Conditions

# In place of what differs. In JSON it is escaped, so that no head has it.
HOLE = "\x01"
IS_HOLE = "v.value = chr(1)"
# Of what is put together there are no statistics: the planner would look for a pattern
# in a hundred forms of each day, each time, which takes it longer than all else.
A_FORM = "(h.form || '')"
# The days are in bounds that are known: of the others nothing is planned.
FORM = f"""
    (SELECT h.form
       FROM header_sets AS h
      WHERE h.id = l.{{0}}_set
        AND h.bucket = l.bucket
        AND h.ts = date_bin('1 day', l.ts, '2000-01-01 00:00+00')
        AND {OF_THESE_DAYS})
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
    side: Side,
    name: str,
    made: Conditions,
    holds: Callable[[str], str] | None,
    part: Pieces | None = None,
) -> str:
    """That a field of that *name*, in small letters, is so; None: that there is one.

    To look for a text takes a tenth of what reading the form does: so for the name, for
    *part*, what stands in the JSON of what is so, and for a hole that has that name.
    """
    is_named = f"v.name = {made.place(name)}"
    spelled = json.dumps(name, ensure_ascii=False)
    is_there = _says([spelled], made)

    def in_set(condition: str, likely: str = "true") -> str:
        """One of the set says it."""
        fields = f"SELECT 1 FROM header_fields(h.form) AS v WHERE {is_named}"
        return _in_forms(
            side, f"{is_there} AND {likely} AND EXISTS ({fields} AND {condition})"
        )

    is_so = "true" if holds is None else holds("v.value")
    source = lines(side, made)
    itself = f"EXISTS (SELECT 1 FROM {source} WHERE {is_named} AND {is_so})"
    written = made.place(f"%{escaped(spelled)}%")
    likely = f"{WITHOUT_SET.format(side.value)} ILIKE {written}"
    apart = f"l.{side.value}_set IS NULL AND {likely}"
    if holds is None:
        return f"({in_set('true')} OR ({apart} AND {itself}))"
    has_part = "true" if part is None else matching(part, made.place)(A_FORM)
    # As a pair, as a member of an object, or among the values of one.
    before = (f',"{HOLE}', f':"{HOLE}', ":[")
    has_hole = _says([spelled + sign for sign in before], made)
    return f"""
        ({in_set(f"NOT {IS_HOLE} AND {is_so}", has_part)}
         OR ((({apart}) OR {in_set(IS_HOLE, has_hole)}) AND {itself}))
    """


def _says(texts: Sequence[str], made: Conditions) -> str:
    """That a form has one of *texts*, in any case."""
    found = [
        f'strpos(lower(h.form COLLATE "C"), {made.place(text.lower())}) > 0'
        if text.isascii()
        else f"{A_FORM} ILIKE {made.place(f'%{escaped(text)}%')}"
        for text in texts
    ]
    return f"({' OR '.join(found)})"


def holding(written: str, made: Conditions) -> list[str]:
    """Conditions, one of which is true where the JSON of a head has *written*: a part
    of a text, or of a line where it holds the end of a name and the begin of a value.
    """
    found = []
    is_there = matching(part_of(written), made.place)
    for side in Side:
        found += [
            _in_forms(side, is_there(A_FORM)),
            is_there(WITHOUT_SET.format(side.value)),
        ]
        for between in ('","', '":"'):
            name, is_line, _ = written.partition(between)
            if is_line:
                # The value is not the set's.
                has = matching(part_of(f"{name}{between}{HOLE}"), made.place)
                likely = _in_forms(side, has(A_FORM))
                found.append(f"({likely} AND {is_there(text(side))})")
    return found


def _in_forms(side: Side, condition: str) -> str:
    return f"""
        l.{side.value}_set = ANY (ARRAY(SELECT h.id FROM header_sets AS h
                                         WHERE {OF_THESE_DAYS} AND ({condition})))
    """
