"""What /v1/exchanges may be asked for."""

from monitor.logs.parameter import ID, one_of, whole_number

# As many as the proxy shows between two steps of passing.
EXCHANGES = {
    "service_id": ID,
    "order": one_of("oldest", "newest").by_default("oldest"),
    "limit": whole_number(1, 200).by_default(50),
}
