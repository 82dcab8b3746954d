"""The checker: reads invariants off the engine's journal and the venue's own log. Imports only `model`.

`check` is pure and takes two streams; `main_verify` takes two files. Both answer a `Report`, or raise `VerifyError`
when the records cannot be judged at all.
"""

from holdfast.verify.journal_file import main_chain, main_verify, parse_head
from holdfast.verify.options import Options, Window
from holdfast.verify.render import as_json, as_text
from holdfast.verify.report import HeadError, NotChecked, Report, VerifyError, Violation
from holdfast.verify.run import check

__all__ = [
    "HeadError",
    "NotChecked",
    "Options",
    "Report",
    "VerifyError",
    "Violation",
    "Window",
    "as_json",
    "as_text",
    "check",
    "main_chain",
    "main_verify",
    "parse_head",
]
