"""``scratchtune document``: what the document says, statement by statement, and what is right, and what is not."""

import argparse

from scratchtune.cli.parsing import Parser
from scratchtune.core.streams import tell
from scratchtune.translated import LANGUAGES, translation


def add_document(parser: Parser) -> None:
    """Add the arguments of ``scratchtune document``."""
    parser.add_argument("section", nargs="?", metavar="SECTION",
                        help="the section whose statements are shown, such as 3.2 (default: a table of all)")
    parser.add_argument("--language", choices=LANGUAGES, help="of what is printed (default: that of the system)")


def run_document(given: argparse.Namespace) -> None:
    """Run ``scratchtune document``: print the table of verdicts, or the statements of a section."""
    from scratchtune import document  # here, since it loads the table

    translate = translation(given.language)
    tell(document.summary(translate) if given.section is None else document.described(given.section, translate))
