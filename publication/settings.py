"""Reading the YAML files by which publication is set up, checked, with one kind of message.

Belongs here: turning a file into a pydantic model or a `ConfigurationError`. Does not belong here: what the files say.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from sources.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)


def read_settings(path: Path, model: type[Model], name: str) -> Model:
    """A YAML file as a model; `name` says in messages what kind of file it is.

    Raises:
        ConfigurationError: the file is absent, is not YAML or breaks a rule; the message names the key.
    """
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"{name} {path}: {lines}. Nothing was released.") from error
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{name} {path} can't be read: {error}. Nothing was released.") from error
