"""A report: one self-contained HTML page of a study, or of several, that needs no network.

Reading order: `markup`, elements whose text is always escaped; `view`, what the page shows of a study; `scales` and
`svg`, axes; `charts` and `parameter_charts`, the pictures, and `images`, those of matplotlib; `trials_table`;
`reproduction`; `sections`, the list of what is on the page; `comparison`, of several studies; `page`, the document;
`target`, the file of ``--report``. ``report.css`` and ``report.js`` are embedded in the page.
"""

from scratchtune.insight.reporting.page import report
from scratchtune.insight.reporting.target import report_path

__all__ = ["report", "report_path"]
