"""Print the wire contract as JSON, for protocol.mjs: its names, its alternatives, the schema of its models."""

import json
import sys
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from openai_usage import protocol


class _WithoutFieldTitles(GenerateJsonSchema):
    """A field's title only repeats its name, and each would become a TypeScript type of its own."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002, ANN401  # pydantic's signature
        return False


def main() -> None:
    public = {name: value for name, value in vars(protocol).items() if not name.startswith("_")}
    models = [
        value
        for value in public.values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == protocol.__name__
    ]
    # One type for both directions, as it may be written: a field with a default may be absent.
    _, schema = models_json_schema([(model, "validation") for model in models], schema_generator=_WithoutFieldTitles)
    contract = {
        "names": {name: value for name, value in public.items() if name.isupper() and isinstance(value, str)},
        "alternatives": {name: get_args(value) for name, value in public.items() if get_origin(value) is Literal},
        "models": schema["$defs"],
    }
    json.dump(contract, sys.stdout, indent=2)


main()
