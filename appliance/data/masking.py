"""Masking of what passes and of what is pushed, by the settings; counted in a tally."""

from monitor.ledger.withheld import counting
from monitor.redaction.redaction import Redaction
from monitor.settings import Settings
from monitor.spool.tally import Tally


def redaction(settings: Settings, tally: Tally | None) -> Redaction:
    """*tally* counts what is withheld, where it is given."""
    return Redaction(
        headers=settings.sensitive_headers,
        parameters=settings.sensitive_parameters,
        fields=settings.sensitive_fields,
        limit=settings.masking_nodes,
        count=None if tally is None else counting(tally),
    )
