"""Collects the platforms' cases; `table` shows at the end what was tried of which effect."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.conformance.carrying import Trial
from tests.conformance.case import Case
from tests.harness.sandbox import Sandbox
from tests.harness.world import World

PLATFORMS = Path(__file__).parent.parent / "platforms"
_MODULES = [
    import_module(f"tests.platforms.{file.parent.name}.cases")
    for file in sorted(PLATFORMS.glob("*/cases.py"))
]
CASES: tuple[Case, ...] = tuple(case for module in _MODULES for case in module.CASES)
WITHOUT_A_CALL: frozenset[str] = frozenset(
    effect for module in _MODULES for effect in getattr(module, "WITHOUT_A_CALL", ())
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        params = [pytest.param(one, id=one.effect, marks=_tier(one)) for one in CASES]
        metafunc.parametrize("case", params)


def _tier(case: Case) -> list[pytest.MarkDecorator]:
    """An effect of each platform at once, the rest in the deep tier; Xero has suites of its own."""
    first = next(one for one in CASES if one.platform == case.platform)
    at_once = case is first and case.platform not in {"xero", "postmark"}
    return [] if at_once else [pytest.mark.deep]


@pytest.fixture
def tried() -> frozenset[str]:
    """The effects that have a case, and those that need none."""
    return WITHOUT_A_CALL | {case.effect for case in CASES}


@pytest.fixture
def new_trial(case: Case, world: World, sandbox: Sandbox) -> Callable[[], Trial]:
    return lambda: Trial.of(case, world, sandbox, case.request(world, sandbox))


@pytest.fixture
def trial(new_trial: Callable[[], Trial], sandbox: Sandbox) -> Iterator[Trial]:
    yield new_trial()
    sandbox.control("DELETE", "/faults")
