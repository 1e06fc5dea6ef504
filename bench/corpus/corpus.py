"""The exchanges themselves: so many of each endpoint, in an order from a seed."""

from functools import cache
from random import Random

from bench.corpus.endpoints import SHARES
from bench.corpus.exchange import Exchange
from bench.corpus.people import users

SEED = 20261127
SIZE = 4000


@cache
def corpus(size: int = SIZE, seed: int = SEED) -> tuple[Exchange, ...]:
    """The same for the same *seed*; *size* is a multiple of the thousand of SHARES."""
    random = Random(seed)
    people = users(random)
    made = [
        make(random, random.choice(people))
        for make, share in SHARES.items()
        for _ in range(share * size // 1000)
    ]
    random.shuffle(made)
    return tuple(made)
