"""The base of every value that crosses a file: frozen, and checked once."""

import re
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, computed_field, model_validator

from workbench.errors import shown

if TYPE_CHECKING:
    derived = property  # for type checkers, which take no decorator on a property: https://github.com/python/mypy/issues/1362
else:
    derived = computed_field  # a property that is written into files as well


HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")  # as JSON may escape it and as names of files may hold it; UTF-8 has none


class Value(BaseModel):
    """A frozen part of a record. Unknown fields of a file are ignored: derived figures are written but never read back."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    @model_validator(mode="before")
    @classmethod
    def _can_be_saved(cls, given: Any) -> Any:
        """Write halves of characters out, in whatever text it is: what cannot be encoded could be read, and never saved again."""
        return _encodable(given)

    def __copy__(self) -> Self:
        """Copy the fields alone: what was worked out from them may not hold for what `model_copy` makes of the copy."""
        copied = super().__copy__()
        for derived in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[derived]
        return copied


def _encodable(given: Any) -> Any:
    """Return the same with text that UTF-8 can encode; of a long row of numbers only the first is looked at."""
    if isinstance(given, str):
        return given if given.isascii() else HALF_A_CHARACTER.sub(lambda found: shown(found[0]), given)
    if isinstance(given, dict):
        return {_encodable(name): _encodable(value) for name, value in given.items()}
    if isinstance(given, list | tuple) and given and isinstance(given[0], str | dict | list | tuple):
        return [_encodable(one) for one in given]
    return given
