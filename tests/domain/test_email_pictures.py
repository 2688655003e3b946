"""The email as a browser paints it, on a phone and in a mail program's window.

Writes PNGs under `.run/screenshots/`. Needs a Chromium; without one it is skipped, and says so.
"""

import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from domain.email.letter import Brand, write
from tests.domain.test_email import BRAND, FACTS, VALUES

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FOLDER = Path(__file__).parents[2] / ".run" / "screenshots"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--hide-scrollbars", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--allow-file-access-from-files"),
)

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM HERE: the email was not looked at"),
]
LONG = "Thank-you-for-your-business-" * 8 + "\n\n" + "A sentence that goes on for a while. " * 12
CASES = {
    "teal": (replace(BRAND, colour="#0f766e"), None),
    "yellow": (replace(BRAND, colour="#facc15"), None),
    "black": (Brand("A company with rather a long name Pty Ltd & Sons", colour="#000000"), LONG),
}
_MEASURE = """<script>
const box = document.getElementById("pay").getBoundingClientRect();
const shown = box.width > 150 && box.height > 40 && box.left >= 0 && box.right <= innerWidth;
document.title = "width=" + document.documentElement.scrollWidth + "/" + innerWidth
  + " button=" + shown + " top=" + Math.round(box.top);
</script></body>"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 700])
@pytest.mark.parametrize("case", list(CASES))
def test_it_fits_and_its_button_is_seen(tmp_path, case, width, dark):
    brand, body = CASES[case]
    html = write(brand, FACTS, VALUES, None, body).html
    # A window of headless Chromium is never narrower than 500: the phone is a frame in it.
    page = tmp_path / "email.html"
    page.write_text(html.replace("</body>", _MEASURE))
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<body style="margin:0"><iframe id="f" src="email.html" width="{width}" height="900" '
        'style="border:0" onload="document.title=this.contentDocument.title"></iframe></body>'
    )
    picture = FOLDER / f"email-{case}-{width}{'-dark' if dark else ''}.png"
    FOLDER.mkdir(parents=True, exist_ok=True)
    window = f"--window-size={width},900"
    told = _chromium(tmp_path, frame, f"--screenshot={picture}", window, dark=dark)
    assert picture.stat().st_size > 5_000, told
    dumped = _chromium(tmp_path, frame, "--dump-dom", window, dark=dark)
    measured = re.search(r"width=(\d+)/(\d+) button=(\w+) top=(\d+)", unescape(dumped))
    assert measured, dumped[:2000]
    assert int(measured[1]) <= int(measured[2]) == width, "the page is wider than the window"
    assert measured[3] == "true"
    assert int(measured[4]) < 500, "the button is seen without scrolling"


def _chromium(folder: Path, page: Path, *options: str, dark: bool) -> str:
    scheme = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    profile = f"--user-data-dir={folder / 'profile'}"
    ran = subprocess.run(
        [str(CHROMIUM), *FLAGS, profile, *scheme, *options, f"file://{page}"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return ran.stdout + ran.stderr
