"""Callbacks as Portant sends them: whom to believe, what they say, and of which documents."""

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.envelope import Unreadable
from infra.platforms.portant.callbacks import DOCUMENTS_MAX, is_genuine, read
from infra.platforms.portant.documents import FIELDS, result_of, stated

REF = UUID("0f8d6f9e-8a4e-4a0e-9d3c-0c1b2a394857")
DOC = {
    "id": "12abc",
    "url": "https://docs.google.com/document/d/12abc/edit?usp=drivesdk",
    "name": f"Agreement {REF}",
    "mimetype": "application/vnd.google-apps.document",
}
PDF = {
    "id": "13def",
    "url": "https://drive.google.com/file/d/13def/view?usp=drivesdk",
    "name": f"Agreement {REF}.pdf",
    "mimetype": "application/pdf",
}


def event(*documents, **more):
    told = {"event_id": "325d36e7", "event_type": "DOCUMENTS_CREATED"} | more
    return json.dumps({"data": {"documents": list(documents)}, **told}).encode()


def result(body):
    (told,) = read(body)
    return result_of(told.body["documents"])


@pytest.mark.parametrize(
    ("ours", "theirs", "genuine"),
    [
        ("secret", "secret", True),
        ("secret", "Secret", False),
        ("secret", "secre", False),
        ("secret", "", False),
        ("", "", False),
        (None, "None", False),
        (None, "", False),
        ("sécret", "sécret", True),
        ("secret", "\udcff", False),
    ],
)
def test_only_who_knows_the_secret_is_believed(ours, theirs, genuine):
    credentials = {} if ours is None else {"callback_secret": ours}
    assert is_genuine(credentials, theirs, {}, b"") is genuine


def test_an_event_of_documents_is_told_of_the_reference_in_their_names():
    (told,) = read(event(PDF, DOC))
    assert (told.event_id, told.mark) == ("325d36e7", REF)
    assert [one["document_id"] for one in told.body["documents"]] == ["13def", "12abc"]


def test_the_google_document_stands_first_and_the_pdf_is_listed():
    shown = result(event(PDF, DOC))
    assert {name: shown[name] for name in FIELDS} == {
        "document_id": DOC["id"],
        "url": DOC["url"],
        "name": DOC["name"],
        "mimetype": DOC["mimetype"],
    }
    assert [one["document_id"] for one in shown["documents"]] == ["12abc", "13def"]


def test_a_pdf_alone_is_the_document():
    assert result(event(PDF))["document_id"] == "13def"


def test_files_without_the_reference_belong_to_the_run_too():
    cover = {"id": "14", "url": "https://x.test", "name": "Cover letter", "mimetype": "text/x"}
    assert [one["name"] for one in result(event(cover, DOC))["documents"]] == [
        "Cover letter",
        DOC["name"],
    ]


@pytest.mark.parametrize(
    "name",
    [
        f"{REF}",
        f"Agreement {str(REF).upper()} (final).pdf",
        f"Agreement_{REF}_v2",
        f"a{REF}".replace("a0", "z0", 1),
    ],
)
def test_the_reference_is_found_wherever_it_stands(name):
    assert [told.mark for told in read(event(DOC | {"name": name}))] == [REF]


@pytest.mark.parametrize("name", [f"Invoice{REF}", f"{REF}final.pdf", f"dead{REF}beef"])
def test_what_stands_around_it_does_not_matter(name):
    assert [told.mark for told in read(event(DOC | {"name": name}))] == [REF]


@pytest.mark.parametrize("name", ["Agreement", str(REF).replace("-", ""), "{{wf_ref}}"])
def test_a_name_without_one_concerns_nobody(name):
    assert read(event(DOC | {"name": name})) == []


def test_each_reference_that_may_be_ours_is_told_of():
    other = uuid4()  # a customer's own number, say
    told = read(event(DOC | {"name": f"{other} {REF}"}, PDF))
    assert [one.mark for one in told] == [other, REF]


@pytest.mark.parametrize(
    "data",
    [{}, {"emails": [{"id": "1"}]}, {"documents": []}, {"documents": None}],
)
def test_other_events_are_heard_and_say_nothing(data):
    told = {"event_id": "1", "event_type": "EMAILS_CREATED", "data": data}
    assert read(json.dumps(told).encode()) == []


def test_the_type_is_not_relied_on():
    assert [told.mark for told in read(event(DOC, event_type="documents.created"))] == [REF]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"\xff\xfe", ""),
        (b"[]", ""),
        (b"[" * 100_000, ""),
        (event(DOC, event_id=""), "event_id"),
        (event(DOC, event_id=5), "event_id"),
        (event(DOC, event_id="x" * 201), "event_id"),
        (event(DOC, event_type="x" * 2001), "event_type"),
        (event(DOC, event_type=None), "event_type"),
        (event(DOC, data=[]), "data"),
        (event(DOC, data={"documents": {}}), "data.documents"),
        (event(*[DOC] * (DOCUMENTS_MAX + 1)), "data.documents"),
        (event(5), "data.documents[0]"),
        (event(DOC, {"id": "1"}), "data.documents[1].name"),
        (event({"name": f"{REF}"}), "data.documents[0].id"),
        (event({"name": f"{REF}", "id": 5, "url": None}), "data.documents[0].id"),
    ],
)
def test_what_is_not_as_documented_is_named_by_its_path(body, field):
    with pytest.raises(Unreadable) as unreadable:
        read(body)
    assert [problem.field for problem in unreadable.value.problems] == [field]


def test_every_problem_is_named():
    with pytest.raises(Unreadable) as unreadable:
        read(event({}, 5, event_id=None))
    fields = [problem.field for problem in unreadable.value.problems]
    assert fields == [
        "event_id",
        "data.documents[0].name",
        "data.documents[0].id",
        "data.documents[1]",
    ]


def test_what_portant_leaves_out_is_none():
    shown = result(event({"name": f"{REF}", "url": "https://docs.google.com/x"}))
    assert (shown["document_id"], shown["mimetype"]) == (None, None)
    assert shown["url"] == "https://docs.google.com/x"


def test_what_the_database_cannot_keep_is_written_as_an_escape():
    (told,) = read(event(DOC | {"name": f"\0\ud800 {REF}"}, event_id="a\0b"))
    assert told.event_id == "a\\0b"
    assert told.body["documents"][0]["name"] == f"\\0\\ud800 {REF}"


few = settings(max_examples=50, deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@few
@given(st.binary(max_size=300) | JSON.map(lambda any_: json.dumps(any_).encode()))
def test_every_body_is_read_or_unreadable(body):
    read_or_unreadable(body)


@few
@given(JSON, JSON, JSON, st.lists(st.fixed_dictionaries({"name": JSON, "id": JSON, "url": JSON})))
def test_every_event_is_read_or_unreadable(identity, kind, data, documents):
    for inner in (data, {"documents": data}, {"documents": documents}):
        told = {"event_id": identity, "event_type": kind, "data": inner}
        read_or_unreadable(json.dumps(told).encode())


def read_or_unreadable(body):
    problems, told = None, ()
    try:
        told = read(body)
    except Unreadable as unreadable:
        problems = unreadable.problems
    assert problems != []
    assert all(result_of(one.body["documents"])["documents"] for one in told)


@pytest.mark.parametrize(
    ("said", "identity", "url"),
    [
        ("12abc", "12abc", None),
        (DOC["url"], "12abc", DOC["url"]),
        (PDF["url"], "13def", PDF["url"]),
        (
            "https://drive.google.com/open?id=14-_x",
            "14-_x",
            "https://drive.google.com/open?id=14-_x",
        ),
        ("https://elsewhere.test/a", None, "https://elsewhere.test/a"),
    ],
)
def test_a_person_names_a_document_by_its_url_or_its_id(said, identity, url):
    shown = result_of([stated(said)])
    assert (shown["document_id"], shown["url"]) == (identity, url)
    assert shown["documents"] == [stated(said)]
