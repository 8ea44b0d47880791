"""A report: one self-contained HTML page of a study, or of several, that needs no network.

Reading order: `markup`, elements whose text is always escaped; `svg`, figures of matplotlib as SVG; `view`, what the
page says of a study; `pictures`; `page`, the list of sections, the document, and the file of ``--report``.
``report.css`` and ``report.js`` are embedded in the page.
"""
