"""Numbers and truths of rules, as they are written and nothing else.

Taken loosely, `true` would be the number 1, and a number in quotes would pass by the bounds of
pack_bounds.py, which measures numbers alone.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, Strict
from pydantic_core import PydanticCustomError

#: A whole number; a truth, a text and 3.0 are none.
Whole = Annotated[int, Strict()]
#: One for which less than nought means nothing.
Natural = Annotated[int, Strict(), Field(ge=0)]
#: Any number; a whole one is one.
Number = Annotated[float, Strict()]
#: true or false, and no word or number that stands for it.
Truth = Annotated[bool, Strict()]


def _no_number(value: Any) -> Any:
    """20261101 would be seconds after 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and value.strip("+-. ").isdigit()):
        raise PydanticCustomError("datetime_parsing", "a time is a text with its offset")
    return value


#: An instant: a text with its offset from UTC.
Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]
