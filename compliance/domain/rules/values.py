"""Numbers and truths of rules, as they are written and nothing else.

Taken loosely, `true` would be the number 1, and a number in quotes would pass by the bounds of
pack_bounds.py, which measures numbers alone.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

#: A whole number; a truth, a text and 3.0 are none.
Whole = Annotated[int, Strict()]
#: One for which less than nought means nothing.
Natural = Annotated[int, Strict(), Field(ge=0)]
#: Any number; a whole one is one.
Number = Annotated[float, Strict()]
#: true or false, and no word or number that stands for it.
Truth = Annotated[bool, Strict()]
