"""The base of every value that crosses a file: frozen, and checked once."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen part of a record. Unknown fields of a file are ignored: derived figures are written but never read back."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")
