"""Late logs: stored or changed where their block is made already, or about to be.

Whoever stores or changes a log notes it in the same transaction, behind the rows. A
block is made once all are over that were under way as its end was sealed: so each of
its logs is visible then, or there is a note of it.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

# For a statement that has the ids as its argument.
NOTED: Final = """
    INSERT INTO search_late (id)
    SELECT late.id
      FROM unnest({ids}::uuid[]) AS late (id)
      JOIN search_state ON late.id <= search_state.sealed_to
"""


async def note(connection: asyncpg.Connection, ids: Sequence[UUID]) -> None:
    """In the transaction that has changed them, after that."""
    await connection.execute(NOTED.format(ids="$1"), ids)
