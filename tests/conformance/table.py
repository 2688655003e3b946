"""Shows at the end of a run which effect was tried by which check, and how it went.

A plugin of the whole run: with several processes only it sees the reports of all.
"""

from collections.abc import Iterator

import pytest

TRIED: dict[tuple[str, str], set[str]] = {}
SIGNS = {"passed": "yes", "skipped": "-", "failed": "NO"}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = (yield).get_result()
    case = getattr(item, "callspec", None) and item.callspec.params.get("case")
    if case is not None and hasattr(case, "effect"):
        check = item.originalname.removeprefix("test_")
        report.user_properties.append(("conformance", f"{case.effect} {check}"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, value in report.user_properties:
        if name == "conformance" and (report.when == "call" or not report.passed):
            effect, _, check = str(value).partition(" ")
            TRIED.setdefault((effect, check), set()).add(report.outcome)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TRIED:
        return
    effects = sorted({effect for effect, _ in TRIED})
    checks = list(dict.fromkeys(check for _, check in TRIED))
    terminalreporter.section("conformance: effect by check")
    for number, check in enumerate(checks, 1):
        terminalreporter.write_line(f"{number:>2}  {check.replace('_', ' ')}")
    width = max(map(len, effects))
    head = " ".join(f"{n:>3}" for n in range(1, len(checks) + 1))
    terminalreporter.write_line(" " * width + " " + head)
    for effect in effects:
        row = " ".join(f"{_sign(TRIED.get((effect, check), set())):>3}" for check in checks)
        terminalreporter.write_line(f"{effect:<{width}} {row}")


def _sign(outcomes: set[str]) -> str:
    worst = next((one for one in ("failed", "passed", "skipped") if one in outcomes), "skipped")
    return SIGNS[worst]
