"""What a request may say: texts and exact numbers, by names a template can have."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.envelope import Refused
from infra.platforms.portant.fields import leaves
from infra.platforms.portant.params import DEPTH_MAX, FIELDS_MAX, ROWS_MAX, TEXT_MAX
from infra.wire import checked_params

EXAMPLE = Path(__file__).parents[3] / "examples" / "portant" / "generate-document.json"
few = settings(max_examples=50, deadline=None)
WHERE = "infra.platforms.portant.params:GenerateDocument"


def problems(fields, **more):
    with pytest.raises(Refused) as refused:
        checked_params(WHERE, {"fields": fields} | more)
    return {problem.field: problem.problem for problem in refused.value.problems}


def test_texts_numbers_objects_and_rows_are_taken_as_they_are():
    fields = {
        "Order Number": "R24-113100",
        "Fee": 1200.5,
        "Weeks": 6,
        "Client": {"Name": "Brightside", "Address": {"City": "Newtown"}},
        "Items": [{"Name": "Website", "Price": 10}, {"Name": "Care", "Price": 2.5}],
        "Note": "",
        "Nobody": [],
    }
    assert checked_params(WHERE, {"fields": fields}) == {"fields": fields}
    assert list(leaves(fields)) == [
        "Order Number",
        "Fee",
        "Weeks",
        "Client.Name",
        "Client.Address.City",
        "Items.Name",
        "Items.Price",
        "Note",
    ]


def many(count):
    return {str(number): 1 for number in range(count)}


def nested(depth):
    return "deep" if depth == 0 else {"a": nested(depth - 1)}


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({}, "params.fields", "names no field"),
        ({"wf_ref": "x"}, "params.fields.wf_ref", "put in by the fleet"),
        ({"a": True}, "params.fields.a", "must be a text, a number"),
        ({"a": None}, "params.fields.a", "must be a text, a number"),
        ({"a": {}}, "params.fields.a", "must be a text, a number"),
        ({"a": {"b": None}}, "params.fields.a.b", "must be a text, a number"),
        ({"a": {"b": [{"c": 1}]}}, "params.fields.a.b", "must be a text, a number"),
        ({"a": ["x"]}, "params.fields.a[0]", "one row of a table"),
        ({"a": [{"b": 1}, {}]}, "params.fields.a[1]", "one row of a table"),
        ({"a": [{"b": {"c": 1}}]}, "params.fields.a[0].b", "nested too deeply"),
        ({"a": [{"b": 1}] * (ROWS_MAX + 1)}, "params.fields.a", f"at most {ROWS_MAX}"),
        ({"": 1}, "params.fields", "whose name is empty"),
        ({"x" * 101: 1}, "params.fields", "over 100 long"),
        ({"a": {"{{b}}": 1}}, "params.fields.a", "holds braces"),
        ({"a": "x" * (TEXT_MAX + 1)}, "params.fields.a", f"at most {TEXT_MAX}"),
        ({"a": 1234567890.1234567}, "params.fields.a", "give it as text"),
        ({"a": 0.1 + 0.2}, "params.fields.a", "give it as text"),
        ({"a": 9_007_199_254_740_993}, "params.fields.a", "give it as text"),
        ({"a.b": 1, "a": {"b": 2}}, "params.fields.a.b", "is given twice"),
        (nested(DEPTH_MAX + 1), "params.fields" + ".a" * DEPTH_MAX, "nested too deeply"),
        (many(FIELDS_MAX + 1), "params.fields", f"at most {FIELDS_MAX}"),
    ],
)
def test_what_a_template_could_not_use_is_named_with_what_to_do(fields, at, words):
    found = problems(fields)
    assert list(found) == [at]
    assert words in found[at]


def test_every_problem_is_named():
    found = problems({"a": None, "b": {"c": True}}, colour="red")
    assert set(found) == {"params.fields.a", "params.fields.b.c", "params.colour"}
    assert set(problems("text")) == {"params.fields"}
    with pytest.raises(Refused) as refused:
        checked_params(WHERE, {})
    assert [problem.field for problem in refused.value.problems] == ["params.fields"]


def test_the_example_lacks_nothing():
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert checked_params(WHERE, example["params"]) == example["params"]


def test_as_deep_and_as_many_as_may_be():
    for fields in (nested(DEPTH_MAX), many(FIELDS_MAX)):
        assert checked_params(WHERE, {"fields": fields}) == {"fields": fields}


@few
@given(st.integers(-(10**15) + 1, 10**15 - 1) | st.decimals(-1000, 1000, places=6).map(float))
def test_numbers_of_few_digits_come_out_as_they_went_in(number):
    (taken,) = checked_params(WHERE, {"fields": {"n": number}})["fields"].values()
    assert json.dumps(taken) == json.dumps(number)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@few
@given(JSON)
def test_any_json_is_taken_unchanged_or_refused_by_path(fields):
    problems, taken = (), {"fields": fields}
    try:
        taken = checked_params(WHERE, {"fields": fields})
    except Refused as refused:
        problems = refused.problems
    assert taken == {"fields": fields}
    assert all(one.field.startswith("params") for one in problems)
