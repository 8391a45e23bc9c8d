"""menus.schema.json: what an editor needs to complete and check menus.yaml while it is written."""

import json

from app.menus.model import MenuFile

SCHEMA = "menus.schema.json"


def schema_text() -> str:
    schema = MenuFile.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "menus.yaml"} | {
        name: value for name, value in schema.items() if name != "title"
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
