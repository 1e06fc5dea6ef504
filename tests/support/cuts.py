"""Ways to cut bytes into the pieces in which a network may deliver them."""

from hypothesis import strategies as st


def cut(content: bytes) -> st.SearchStrategy[list[bytes]]:
    places = st.lists(st.integers(0, len(content)), max_size=12).map(sorted)
    return places.map(lambda at: _pieces(content, at))


def _pieces(content: bytes, places: list[int]) -> list[bytes]:
    ends = [*places, len(content)]
    begins = [0, *places]
    return [content[a:b] for a, b in zip(begins, ends, strict=True)]
