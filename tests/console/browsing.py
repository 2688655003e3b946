"""A real browser on the console: looks, clicks, listens, and complains of what a person would."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from infra.settings import Settings

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FOLDER = Path(__file__).parents[2] / ".run" / "screenshots" / "console"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
EXPECTED = (
    # A form whose fields are wrong, shown beside them.
    "Failed to load resource: the server responded with a status of 422",
    # A recount that a newer one has overtaken.
    *("htmx:sendAbort", "htmx:afterRequest"),
)
WAIT_MS = 20_000
_AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error("policy: " + event.violatedDirective + " " + event.blockedURI));
"""


def why_not() -> str | None:
    """Say why there is no browser here, or None."""
    if CHROMIUM is None:
        return "NO CHROMIUM HERE: the console was not looked at"
    try:
        import playwright  # noqa: F401, PLC0415
    except ImportError:
        return "NO PLAYWRIGHT HERE (make browser): the console was not looked at"
    return None


@cache
def _axe() -> str:
    return (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")


class Browsing:
    """One window. `page` is Playwright's."""

    def __init__(self, page: Any, settings: Settings, name: str) -> None:
        self.page = page
        self.name = name
        self.origin = f"http://127.0.0.1:{settings.web_port}/console"
        self.errors: list[str] = []
        self._shots = 0
        page.set_default_timeout(WAIT_MS)
        page.add_init_script(_VIOLATIONS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            self.errors.append(f"{message.text} at {message.location.get('url')}")

    def go(self, path: str) -> None:
        self.page.goto(self.origin + path)

    def sign_in(self, key: str) -> None:
        self.go("/sign-in")
        self.page.fill("#key", key)
        self.page.press("#key", "Enter")
        self.page.wait_for_url("**/console/deals**")

    def send_invoice(self, portion: str = "full") -> None:
        """Open Actions → Send Invoice, and choose a portion."""
        self.page.click("#actions-menu summary")
        self.page.click("#send-invoice")
        self.page.wait_for_selector("#invoice-form")
        if portion != "full":
            self.page.locator(f"#portion-{portion}").check(force=True)
            self.page.wait_for_selector(f"#portion-{portion}[checked]", state="attached")

    def finish(self, click: str) -> None:
        """Click what asks for an action, wait until it is done, close the dialog."""
        self.page.click(click)
        self.page.wait_for_selector("#close-done")
        self.page.click("#close-done")
        self.page.wait_for_selector("#dialog:not([open])", state="attached")

    def pill(self, thing_id: object, words: str, within_ms: int = WAIT_MS) -> None:
        """Wait until a pill says so, without the page being loaded again."""
        pill = f"[id='{thing_id}']:has-text('{words}')"
        self.page.wait_for_selector(pill, timeout=within_ms)

    def look(self, what: str, *, full: bool = False) -> None:
        """Take a picture, and complain of what is not accessible or does not fit."""
        self.page.wait_for_timeout(300)  # transitions: colours in between have no contrast
        self._shots += 1
        FOLDER.mkdir(parents=True, exist_ok=True)
        file = FOLDER / f"{self.name}-{self._shots:02}-{what}.png"
        self.page.screenshot(path=file, full_page=full, caret="initial")
        wide = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], f"{what}: wider than its window: {wide}"
        found = self.page.evaluate(
            "async ([source, tags]) => { if (!window.axe) new Function(source)();"
            " const told = await axe.run(document, {runOnly: tags});"
            " return told.violations.map(v => v.id + ': ' +"
            " v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')); }",
            [_axe(), _AXE_RULES],
        )
        assert found == [], f"{what}: {found}"

    def said(self) -> str:
        """What a screen reader was told last."""
        return str(self.page.inner_text("#said"))

    def focused(self) -> str:
        """The id of what has the focus."""
        return str(
            self.page.evaluate("document.activeElement.id || document.activeElement.tagName")
        )


@contextmanager
def browsing(settings: Settings, name: str, view: str = "wide-light") -> Iterator[Browsing]:
    """A window of its own (`view`: size and scheme); at its end nothing may be complained of."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    size, _, scheme = view.partition("-")
    width, height = SIZES[size]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=size == "phone",
            reduced_motion="no-preference",
        )
        window = Browsing(context.new_page(), settings, f"{name}-{view}")
        try:
            yield window
            assert window.errors == [], window.errors
        except BaseException:
            FOLDER.mkdir(parents=True, exist_ok=True)
            window.page.screenshot(path=FOLDER / f"{window.name}-failed.png")
            raise
        finally:
            browser.close()
