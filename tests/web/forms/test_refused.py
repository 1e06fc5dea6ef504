"""A page with its form filled in again, as it was given."""

from web.forms.asked import Asked
from web.forms.refused import Problem, filled

PAGE = """<title>T</title><details><summary>More</summary>
<form data-api="POST /v1/x" class="row"><input name="other" data-kind="text"></form>
<form data-api="POST /v1/x" title="&gt; &quot;">
<input name="name" value="old" data-kind="text"><p data-error="name"></p>
<input type="checkbox" name="on" data-kind="flag" checked>
<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
<input type="hidden" name="kept" value="k"><input type="password" name="key" value="">
<select name="kind"><option value="a" selected>A &amp; B</option><option
value="b">B</option></select><textarea name="body" rows="2" placeholder=">">
old &lt;text&gt;</textarea><details class="more"><summary>S</summary></details></form>
<p>after &lt;form&gt;</p></details>"""
ASKED = Asked(call="POST /v1/x", kinds={"name": "text", "on": "flag"})
GIVEN = {
    "name": '"><b>',
    "r": "1",
    "kind": "b",
    "body": "\n</textarea>&amp;",
    "key": "s",
}


def test_all_that_was_given_is_there_again_and_inert() -> None:
    problem = Problem(status=422, errors={"name": "is <bad>", "gone": "is not known"})
    page = filled(PAGE, ASKED, GIVEN, problem) or ""
    first, second = page.split("</form>")[:2]
    assert first == (
        "<title>Not done: T</title><details open><summary>More</summary>\n"
        '<form data-api="POST /v1/x" class="row"><input name="other" data-kind="text">'
    )
    for said in (
        '<form data-api="POST /v1/x" title="&gt; &quot;">'
        '<p class="error" role="alert">gone is not known</p>',
        '<input name="name" data-kind="text" value="&quot;&gt;&lt;b&gt;" '
        'aria-invalid="true" autofocus><p data-error="name">is &lt;bad&gt;</p>',
        '<input type="checkbox" name="on" data-kind="flag">',
        '<input type="radio" name="r" value="1" checked>',
        '<input type="radio" name="r" value="2">',
        '<input type="hidden" name="kept" value="k">',
        # What is not shown as it is typed is not written into a page either.
        '<input type="password" name="key" value="">',
        '<option value="a">A &amp; B</option><option value="b" selected>B</option>',
        '<textarea name="body" rows="2" placeholder="&gt;">\n\n'
        "&lt;/textarea&gt;&amp;amp;</textarea>",
        '<details class="more" open><summary>S</summary></details>',
    ):
        assert said in second, said
    assert page.endswith("</form>\n<p>after &lt;form&gt;</p></details>")


def test_a_page_without_the_form_is_none() -> None:
    problem = Problem.of(404, {"detail": "there is none"})
    assert filled("<p>nothing</p>", ASKED, GIVEN, problem) is None
    other = PAGE.replace("POST /v1/x", "POST /v1/y")
    assert filled(other, ASKED, GIVEN, problem) is None
    assert problem.all_said() == "there is none"


def test_what_v1_says_goes_to_the_field_it_is_about() -> None:
    errors = [
        {"loc": ["body", "tags", 0, "x"], "msg": "is long"},
        {"loc": ["body", "tags", 1], "msg": "is empty"},
        {"loc": ["body"], "msg": "is not valid"},
    ]
    problem = Problem.of(422, {"detail": "no", "errors": errors})
    assert problem.errors == {"tags": "is long; is empty", "": "is not valid"}
