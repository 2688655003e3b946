"""A person signs in with their browser; what comes back is heard on this machine alone."""

import hmac
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import parse_qs, urlsplit

import typer
from rich.text import Text

from workers.cli import say
from workers.cli.say import Failed

if TYPE_CHECKING:
    from infra.oauth import Asked

RedirectUri = Annotated[str, typer.Option(help="As registered with the app, letter for letter.")]
Wait = Annotated[float, typer.Option(metavar="SECONDS", min=1, help="For you to sign in.")]
Browser = Annotated[bool, typer.Option(help="Open the sign-in in a browser.")]
WAIT_S = 300.0
ADDRESS = "127.0.0.1"
WORDS_MAX = 200
_PAGE = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
    '<title>{title}</title><body style="font: 18px sans-serif; margin: 4rem auto; width: 30rem">'
    "<h1>{title}</h1><p>{words}</p></body></html>"
)


class Callback:
    """Listens where the redirect URI points to, as long as a `with` block.

    `told` gets a sentence when somebody comes who was not sent from here.
    """

    def __init__(self, redirect_uri: str, state: str, told: Callable[[str], None]) -> None:
        where = urlsplit(redirect_uri)
        if where.scheme != "http" or where.hostname not in {"localhost", ADDRESS}:
            raise Failed(f"{redirect_uri} must begin with http://localhost or http://{ADDRESS}")
        self._port, self._path = where.port or 80, where.path or "/"
        self._state, self._told = state, told
        self._heard: queue.Queue[tuple[str, str]] = queue.Queue()

    def __enter__(self) -> Self:
        """Start to listen.

        Raises:
            Failed: the port is taken.
        """
        hear, heard = self._hear, self._heard

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                status, page, brought = hear(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                if brought is not None:  # last: the command may end as soon as it has heard
                    heard.put(brought)

            def log_message(self, *_words: object) -> None:  # the path holds the code
                pass

        try:
            self._server = ThreadingHTTPServer((ADDRESS, self._port), Handler)
        except OSError as error:
            raise Failed(
                f"cannot listen on {ADDRESS}:{self._port}: {error.strerror}",
                ["--redirect-uri names another port; it must be registered with the app"],
            ) from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def code(self, seconds: float) -> str:
        """Wait for the person and return the code they bring.

        Raises:
            Failed: they declined, the platform refused, or nobody came.
        """
        try:
            what, words = self._heard.get(timeout=seconds)
        except queue.Empty:
            raise Failed(
                f"nobody came back within {seconds:g} s; nothing was changed",
                [
                    "Did the page show an error? The client id must be right,",
                    "and the app must list the redirect URI letter for letter.",
                    "--wait gives more time.",
                ],
            ) from None
        if what == "code":
            return words
        if words == "access_denied":
            raise Failed("access was declined; nothing was changed")
        raise Failed(f"the sign-in was refused: {words}; nothing was changed")

    def _hear(self, path: str) -> tuple[int, bytes, tuple[str, str] | None]:
        """Return status and page, and what the person brings, if it is the one waited for."""
        asked = urlsplit(path)
        if asked.path != self._path:
            return 404, _page("Nothing here", ""), None
        given = {name: values[-1] for name, values in parse_qs(asked.query).items()}
        if not hmac.compare_digest(given.get("state", "").encode(), self._state.encode()):
            self._told("somebody came back from another sign-in and was turned away")
            words = "This is not the sign-in that waits. Use the address your terminal shows."
            return 400, _page("Not this one", words), None
        if given.get("code"):
            page = _page("Thank you", "Go back to your terminal; this page may be closed.")
            return 200, page, ("code", given["code"])
        error = given.get("error", "it brought no code")[:WORDS_MAX]
        page = _page("Nothing was connected", "Your terminal says why.")
        return 200, page, ("error", error if error.isprintable() else "unreadable")


def code_of(platform: str, asked: "Asked", seconds: float, *, open_browser: bool) -> str:
    """Send a person to sign in, and return the code they come back with.

    Raises:
        Failed: they declined, the platform refused, nobody came, or nothing can listen for them.
    """
    with Callback(asked.redirect_uri, asked.state, aside) as callback:
        send_to(platform, asked.url, open_browser=open_browser)
        return callback.code(seconds)


def send_to(platform: str, url: str, *, open_browser: bool) -> None:
    """Show a person where to sign in; the address goes to stderr."""
    import webbrowser  # noqa: PLC0415

    out = say.console(to_errors=True)
    if open_browser and webbrowser.open(url):
        out.print(f"Sign in to {platform} in the browser window that has opened. Else go to")
    else:
        out.print(f"Sign in to {platform} at")
    out.print(Text(url), soft_wrap=True)


def aside(words: str) -> None:
    """Say something that does not end the sign-in."""
    say.console(to_errors=True).print(Text(words, style="yellow"))


def _page(title: str, words: str) -> bytes:
    return _PAGE.format(title=title, words=words).encode()
