"""The base of every value that crosses a file: frozen, and checked once."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, computed_field, model_validator

from workbench.errors import encodable

if TYPE_CHECKING:
    derived = property  # for type checkers, which take no decorator on a property: https://github.com/python/mypy/issues/1362
else:
    derived = computed_field  # a property that is written into files as well


class Value(BaseModel):
    """A frozen part of a record. Unknown fields of a file are ignored: derived figures are written but never read back."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    @model_validator(mode="before")
    @classmethod
    def _can_be_saved(cls, given: Any) -> Any:
        """Write halves of characters out: what holds one could be read, and never saved again. Values in it see to theirs."""
        return {name: _encodable(value) for name, value in given.items()} if isinstance(given, dict) else given

    def __copy__(self) -> Self:
        """Copy the fields alone: what was worked out from them may not hold for what `model_copy` makes of the copy."""
        copied = super().__copy__()
        for derived in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[derived]
        return copied


def _encodable(given: Any) -> Any:
    if isinstance(given, str):
        return encodable(given)
    if isinstance(given, dict) and all(isinstance(value, str) for value in given.values()):
        return {encodable(name): encodable(value) for name, value in given.items()}
    if isinstance(given, list | tuple) and given and isinstance(given[0], str | list | tuple):  # a row of numbers is passed by
        return [_encodable(one) for one in given]
    return given
