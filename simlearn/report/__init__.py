"""The report: everything measured under a folder, in one self-contained page; and the result tables as Markdown.

Owns: bringing results together over seeds, rounding, charts, the page. Does not own: measuring (`simlearn.benchmarks`) or the
form of a result (`simlearn.results`).
"""

from simlearn.report.page import write_report
from simlearn.report.tables import markdown_table

__all__ = ["markdown_table", "write_report"]
