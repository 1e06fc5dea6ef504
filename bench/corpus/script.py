"""The corpus as wrk sends it: in order, over and over, with an id in each sending."""

import json
from collections.abc import Sequence
from pathlib import Path

from bench.corpus.exchange import HOST, ID, Exchange

# Beyond these, Lua's numbers would lose digits.
IDS = 1 << 32
# Strings are put together once; what is left for each request is to join a few.
SCRIPT = """
local sent, all, pieces = {first}, {{}}, {{}}
local function read(name) local file = assert(io.open(name, "rb"))
  local text = file:read("*a") file:close() return text end
local requests = read({requests})
local from = 1
for line in read({sizes}):gmatch("[^\\n]+") do
  local one = {{}}
  for size in line:gmatch("%d+") do
    one[#one + 1] = requests:sub(from, from + size - 1)
    from = from + size
  end
  all[#all + 1] = one
end
requests = nil
local count, form, join = #all, string.format, table.concat
request = function()
  sent = sent + 1
  local one = all[sent % count + 1]
  local id = form("%08x%08x", (sent * 16777619) % {ids}, sent % {ids})
  local last = #one
  for i = 1, last - 1 do
    pieces[2 * i - 1] = one[i]
    pieces[2 * i] = id
  end
  pieces[2 * last - 1] = one[last]
  return join(pieces, "", 1, 2 * last - 1)
end
"""


def write_script(
    exchanges: Sequence[Exchange], folder: Path, *, host: str, first: int
) -> Path:
    """For *host*; the ids of its sendings begin after *first*."""
    name = host.replace(":", "-")
    requests, sizes = folder / f"{name}.requests", folder / f"{name}.sizes"
    if not requests.exists():
        cut = [_pieces(exchange, host) for exchange in exchanges]
        requests.write_bytes(b"".join(piece for pieces in cut for piece in pieces))
        lines = (" ".join(str(len(piece)) for piece in pieces) for pieces in cut)
        sizes.write_text("\n".join(lines))
    script = folder / f"{name}.lua"
    script.write_text(
        SCRIPT.format(
            first=first,
            ids=IDS,
            requests=json.dumps(str(requests)),
            sizes=json.dumps(str(sizes)),
        )
    )
    return script


def _pieces(exchange: Exchange, host: str) -> list[bytes]:
    """What stands between the ids; never of bodies, which may hold anything."""
    *pieces, last = exchange.head.replace(HOST, host.encode()).split(ID)
    return [*pieces, last + exchange.body]


def failing(exchanges: Sequence[Exchange], after: int, count: int) -> int:
    """Of *count* sendings after number *after*: answers that wrk counts as errors."""
    size = len(exchanges)
    sums = [0]
    for exchange in exchanges:
        sums.append(sums[-1] + (exchange.answer.status >= 400))

    def until(number: int) -> int:
        rounds, rest = divmod(number, size)
        return rounds * sums[-1] + sums[rest]

    # Sending number n is of exchange n % size.
    return until(after + 1 + count) - until(after + 1)
