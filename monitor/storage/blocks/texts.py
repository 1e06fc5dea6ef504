"""Texts of logs that blocks are made of: all that a search may look for.

They are selected one after the other, and not joined: which log has what does not
matter.
"""

from typing import Final

from monitor.search.tree import Side
from monitor.storage.blocks.grams import LONG
from monitor.storage.search import anywhere
from monitor.storage.search.joins import whole
from monitor.storage.search.places import BEHIND_ORIGIN, CLIENT_URL, URL

LINE: Final = r"'\x0a'::bytea"
# Else its URL is put together of it.
PATH: Final = "CASE WHEN l.url IS NOT NULL THEN l.path END"
# Where both are put together, they differ in their origins: beside the one, the other
# has no gram more than those at its end.
OTHER_URL: Final = f"""
    CASE WHEN l.url IS NULL AND l.client_url IS NULL
         THEN l.client_origin || left({BEHIND_ORIGIN}, {LONG})
         ELSE {CLIENT_URL} END
"""
COLUMNS: Final = (
    *(PATH, "l.error", "l.note", "l.source_ip", anywhere.TAGS, URL, OTHER_URL),
    *(f"l.{side}_fields" for side in Side),
)
# Column by column: to join those of each log first takes twice as long.
OF_LOGS: Final = ", ".join(
    f"convert_to(string_agg({column}, chr(10)), 'UTF8')" for column in COLUMNS
)
# Of days from before headers were sets.
OF_DETAILS: Final = f"""
    string_agg(coalesce(d.request_headers, '') || {LINE}
               || coalesce(d.response_headers, ''), {LINE})
"""
# As it passed, where that is text.
OF_BODIES: Final = ", ".join(
    f"""
    string_agg(CASE WHEN b.{side}_is_text THEN {whole(f"{side}_body")}
                    ELSE convert_to({whole(f"{side}_text")}, 'UTF8') END, {LINE})
    """
    for side in Side
)
# What many heads have in common: the sets that logs name, and what is in each.
SETS: Final = " || ".join(f"array_agg(l.{side}_set)" for side in Side)
OF_SETS: Final = """
    SELECT h.id, convert_to(h.form, 'UTF8')
      FROM header_sets AS h
     WHERE h.id = ANY($1::int[])
       AND h.ts > $2::timestamptz - interval '1 day'
       AND h.ts <= $3
"""
