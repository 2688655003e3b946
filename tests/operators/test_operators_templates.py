"""Operators' pages hold to the console's policy: nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

from workers.console import rendering

TEMPLATES = sorted((Path(rendering.__file__).parent / "templates" / "operators").glob("*.html"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda one: one.name)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", source)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert "|safe" not in source.replace(" ", "")
    rendering._templates().get_template(f"operators/{file.name}")


def test_styles_and_scripts_name_no_other_host() -> None:
    for name in ("operators.css", "operators.js"):
        assert not re.search(rb"https?://|@import|eval\(|innerHTML", rendering.assets()[name].body)
