"""A template that was set is the endpoint of the paths that it looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.endpoints.by_hand import HandTemplates, may_share, problem_of

TEMPLATES = [
    *("/users/{id}", "/users/me", "/users/{id}/posts/*", "/*", "/{any}/me/{more}"),
    *("/users/42/posts", "/ü/%2F/..", "//{x}"),
]
SEGMENT = st.sampled_from(["users", "me", "42", "posts", "", "ü", "%2F", "..", "{id}"])


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/users/7", "/users/{id}"),
        ("/users/7?x=/a", "/users/{id}"),
        ("/users/me", "/users/me"),
        ("/users/42/posts", "/users/42/posts"),
        ("/users/42/posts/1/2", "/users/{id}/posts/*"),
        ("/users/42/likes", "/*"),
        ("/users/me/7", "/{any}/me/{more}"),
        ("/users/", "/*"),
        ("/ü/%2F/..", "/ü/%2F/.."),
        ("//a", "//{x}"),
        ("*", None),
        ("", None),
    ],
)
def test_words_come_before_parameters_and_these_before_a_rest(
    path: str, template: str | None
) -> None:
    assert HandTemplates(TEMPLATES).endpoint_of(path) == template


@given(segments=st.lists(SEGMENT, max_size=5))
def test_names_that_may_change_are_found(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    for one in TEMPLATES:
        if HandTemplates([one]).endpoint_of(path) == one:
            assert may_share(one, path)
            assert all(
                may_share(one, other)
                for other in TEMPLATES
                if HandTemplates([other]).endpoint_of(path) == other
            )


@pytest.mark.parametrize(
    "template",
    ["users", "", "/a?b", "/a{b}", "/{}", "/*/a", "/a\0", "/x" * 40, "/{a}b"],
)
def test_what_is_no_template_is_said(template: str) -> None:
    assert problem_of(template)
    assert problem_of("/a/{b}/*") is None
