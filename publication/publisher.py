"""Who publishes the releases, under which licence: the content of ``publisher.yml``.

Belongs here: the model of that file and reading it. Does not belong here: the publishers of feeds, which feed files name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from publication.catalog import LINES
from publication.settings import read_settings

PUBLISHER = Path(__file__).parent / "publisher.yml"
_URL = r"^https?://\S+$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(_Strict):
    """Something with a name and an address on the web."""

    name: str = Field(min_length=1)
    url: str = Field(pattern=_URL)


class Publisher(_Strict):
    """The content of ``publisher.yml``; `themes` maps a schema to a name of the European list of themes."""

    name: str = Field(min_length=1)
    homepage: str = Field(pattern=_URL)
    contact: Named
    license: Named
    access_rights: str = Field(pattern=_URL)
    language: str = Field(pattern=_URL)
    spatial: str = Field(pattern=_URL)
    themes: dict[str, str]

    @model_validator(mode="after")
    def _names_every_schema(self) -> Publisher:
        if set(self.themes) != {*LINES, "programma"}:
            raise ValueError(f"themes must name exactly {', '.join((*LINES, 'programma'))}")
        return self


@cache
def read_publisher(path: Path = PUBLISHER) -> Publisher:
    """Read ``publisher.yml``.

    Raises:
        ConfigurationError: the file is absent, is not YAML or breaks a rule; the message names the key.
    """
    return read_settings(path, Publisher, "Publisher")
