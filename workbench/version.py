"""The version, in one place: the package, the report and the wheel read it here."""

VERSION = "0.2.0"
