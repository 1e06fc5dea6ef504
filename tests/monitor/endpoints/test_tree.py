"""A name that a path was given is never lost, nor does a parameter become a word."""

from random import Random
from string import ascii_letters

from hypothesis import given
from hypothesis import strategies as st

from monitor.endpoints.tree import OFTEN, OTHER, PARAMETERS, EndpointTree, Limits
from monitor.traffic.endpoint import endpoint_of

LIMITS = Limits(endpoints=12, words=2)
WORD = st.sampled_from(
    [*"abcdefghij", "1", "{slug}", "{id}", "", ".", "..", "%2F", "ü", "x" * 300, "{q}"]
)
PATH = st.lists(WORD, max_size=4).map(lambda words: "/" + "/".join(words))
ASKED = st.lists(st.tuples(PATH, st.integers(1, OFTEN), st.booleans()), max_size=80)


def name_of(tree: EndpointTree, path: str, hits: int, is_answered: bool) -> str:
    looks = endpoint_of(path)
    node = tree.known(looks, is_answered)
    if node is None:
        tree.learn(looks, hits, is_answered)
        node = tree.known(looks, is_answered)
    else:
        node.hits += hits
    assert node is not None
    return node.name


def is_same_or_wider(now: str, before: str) -> bool:
    ours, theirs = now.split("/"), before.split("/")
    return len(ours) == len(theirs) and all(
        a == b or (a in PARAMETERS and b not in PARAMETERS)
        for a, b in zip(ours, theirs, strict=True)
    )


@given(asked=ASKED)
def test_names_only_ever_widen_whatever_comes_in_what_order(
    asked: list[tuple[str, int, bool]],
) -> None:
    tree = EndpointTree(LIMITS)
    names: dict[str, str] = {}
    for path, hits, is_answered in asked:
        name_of(tree, path, hits, is_answered)
        for known, before in names.items():
            now = tree.known(endpoint_of(known), False)
            if before != OTHER:
                assert now is not None
                assert is_same_or_wider(now.name, before)
        for known, _, answer in asked[: len(names) + 1]:
            names[known] = name_of(tree, known, 1, answer)
        found = tree.endpoints()
        assert all(name == node.name for name, node in found.items())
        assert len(found) <= 12 + 12 // 5
        again = EndpointTree(LIMITS)
        for name, node in found.items():
            again.put(name, node.hits, node.is_answered)
        for known in names:
            one, two = (t.known(endpoint_of(known), False) for t in (tree, again))
            assert (one and one.name) == (two and two.name)


def test_words_that_hardly_come_again_are_values_and_those_seen_often_stay() -> None:
    tree = EndpointTree(Limits())
    for n in range(OFTEN):
        name_of(tree, "/users/me", 1, True)
        name_of(tree, f"/users/{n}", 1, True)
        name_of(tree, f"/users/me/posts/{n}", 1, True)
    for n in range(1_000):
        name_of(tree, f"/users/anna-{n}x/posts", 1, True)
        name_of(tree, f"/tags/t{n % 130}x", 1, True)
    assert sorted(tree.endpoints()) == [
        "/tags/{slug}",
        "/users/me",
        "/users/me/posts/{id}",
        "/users/{id}",
        "/users/{slug}/posts",
    ]
    # Routes of an API, of which each comes again.
    random = Random(7)
    for _ in range(4_000):
        name_of(tree, f"/api/call{random.choice(ascii_letters)}", 1, True)
    assert len(tree.endpoints()) == 5 + len(ascii_letters)


def test_a_scanner_takes_little_room_and_no_place_of_what_is_there() -> None:
    tree = EndpointTree(Limits(endpoints=50, words=10))
    for n in range(5_000):
        assert name_of(tree, f"/{n}x.php", 1, False) in (f"/{n}x.php", OTHER)
    assert len(tree.endpoints()) == 10
    # One answers whatever is asked for.
    for n in range(20_000):
        name_of(tree, f"/a{n % 17}z/b{n}z/c{n % 5}z", 1, True)
        name_of(tree, "/" + "/".join("y" * (n % 40)), 1, True)
    assert len(tree.endpoints()) <= 60
    assert name_of(tree, "/orders", 1, True) == "/{slug}"
    full = EndpointTree(Limits(endpoints=3, words=10))
    names = [name_of(full, f"/{word}", 1, True) for word in "abcde"]
    assert names == ["/a", "/b", "/c", OTHER, OTHER]
