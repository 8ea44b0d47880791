"""``scratchtune play``: write the page with the game and the instruments, and open it."""

import argparse
import webbrowser
from pathlib import Path

from scratchtune.cli.parsing import Parser
from scratchtune.core.files import page_path
from scratchtune.core.streams import note, tell


def add_play(parser: Parser) -> None:
    """Add the arguments of ``scratchtune play``."""
    parser.add_argument("-o", "--out", type=Path, default=Path("play.html"), metavar="FILE.html",
                        help="the page to write (default: play.html)")
    parser.add_argument("--no-browser", action="store_true", help="write the page, and do not open it")


def run_play(given: argparse.Namespace) -> None:
    """Run ``scratchtune play``: write the page, and open it where there is a browser with windows."""
    page_path(given.out, given.out, "--out")
    from scratchtune.play.page import write_page  # here, since it loads the package: a wrong path is refused at once
    write_page(given.out)
    tell(f"page: {given.out}")
    if not given.no_browser and not _opened(given.out.resolve().as_uri()):
        note("no browser with windows was found; open the page in one")


def _opened(address: str) -> bool:
    """Open an address in a browser; False where there is none, or only one that would take the terminal."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return type(browser) not in (webbrowser.GenericBrowser, webbrowser.Elinks) and browser.open(address)
