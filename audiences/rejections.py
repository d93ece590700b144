"""Rejected rows as a file a person opens in a spreadsheet."""

from __future__ import annotations

import csv
from typing import TextIO

from django.utils.translation import gettext as _

from audiences.models import ImportBatch
from audiences.wording import row_reason_sentence


def write_rejections(batch: ImportBatch, target: TextIO) -> int:
    """Write a batch's rejected rows as CSV; how many. No cell can start a formula."""
    writer = csv.writer(target)
    writer.writerow([_("row"), _("column"), _("value"), _("reason"), _("code"), _("imported")])
    count = 0
    for each in batch.rejected.order_by("row", "id").iterator(chunk_size=5000):
        writer.writerow(
            [
                each.row,
                harmless(each.column),
                harmless(each.value),
                row_reason_sentence(each.reason),
                each.reason,
                _("without this number") if each.imported else _("no"),
            ]
        )
        count += 1
    return count


def harmless(cell: str) -> str:
    """A cell that a spreadsheet shows as text: an apostrophe before whatever begins a formula."""
    return (
        f"'{cell}"
        if cell.lstrip()[:1] in ("=", "+", "-", "@") or cell[:1] in ("\t", "\r")
        else cell
    )
