"""The checker: reads invariants off the engine's journal and the venue's own log. Imports only `model`.

`check` is pure and takes two streams; `main_verify` takes two files. `check_export` and `main_export` take a real
account's exported history instead of a venue log. All answer a `Report`, or raise `VerifyError` when the records
cannot be judged at all. `find_secrets` looks for what must stand in none of them.
"""

from holdfast.verify.journal_file import find_secrets, main_chain, main_export, main_verify, parse_head
from holdfast.verify.options import Options, Window
from holdfast.verify.render import as_json, as_text
from holdfast.verify.report import HeadError, NotChecked, Report, VerifyError, Violation
from holdfast.verify.run import check, check_export

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
    "check_export",
    "find_secrets",
    "main_chain",
    "main_export",
    "main_verify",
    "parse_head",
]
