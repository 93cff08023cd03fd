"""The base of every value that crosses a file: frozen, and checked once."""

from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, computed_field

if TYPE_CHECKING:
    derived = property  # for type checkers, which take no decorator on a property: https://github.com/python/mypy/issues/1362
else:
    derived = computed_field  # a property that is written into files as well


class Value(BaseModel):
    """A frozen part of a record. Unknown fields of a file are ignored: derived figures are written but never read back."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    def __copy__(self) -> Self:
        """Copy the fields alone: what was worked out from them may not hold for what `model_copy` makes of the copy."""
        copied = super().__copy__()
        for derived in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[derived]
        return copied
