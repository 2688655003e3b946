"""Pages hold to their own policy: nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from workers.console import rendering

TEMPLATES = sorted((Path(rendering.__file__).parent / "templates").glob("*.html"))
LETTER = "letter_said.html"  # a document in a frame, with a policy of its own


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda one: one.name)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if file.name != LETTER:
        assert not re.search(r"\sstyle=|<style", text)
    assert not re.search(r"\son[a-z]+=|hx-on|javascript:|hx-vals=.js:", text)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "|safe" not in text.replace(" ", "")


def test_every_template_can_be_read() -> None:
    for file in TEMPLATES:
        rendering._templates().get_template(file.name)


def test_styles_and_scripts_name_no_other_host() -> None:
    for name, asset in rendering.assets().items():
        if name in {"console.css", "console.js"}:
            assert not re.search(rb"https?://|@import|eval\(|innerHTML", asset.body), name


def test_the_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in rendering.POLICY
    assert "default-src 'none'" in rendering.POLICY
