"""The mini-program's client, made from the API's own description: types and one method for each operation.

Written twice from one source: as TypeScript, and as the JavaScript that is left when its types are taken
away, for mini-programs without a compiler. What is a type stands between « and » in the texts below.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

Schema = dict[str, Any]

RUNTIME: Final = Path(__file__).with_name("client_runtime.txt")
HEADER: Final = "// 由 `make client` 从 /api/v1/openapi.json 生成，不要手改。用法见 docs/api.md。\n"
_TYPE: Final = re.compile(r"«[^»]*»", re.DOTALL)
_BLANK: Final = re.compile(r"\n(?:[ \t]*\n)+")
_PLAIN: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def typescript(described: dict[str, Any]) -> str:
    return _tidy(_source(described).replace("«", "").replace("»", ""))


def javascript(described: dict[str, Any]) -> str:
    return _tidy(_TYPE.sub("", _source(described)))


def _source(described: dict[str, Any]) -> str:
    types = [_type(name, schema) for name, schema in sorted(described["components"]["schemas"].items())]
    methods = [
        _method(method, path, operation)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    runtime = RUNTIME.read_text(encoding="utf-8")
    runtime = runtime.replace("// @types", "\n".join(types))
    return HEADER + runtime.replace("  // @methods\n", "\n".join(methods))


def _tidy(text: str) -> str:
    return _BLANK.sub("\n\n", text).replace("{\n\n", "{\n").replace("\n\n}", "\n}")


# --- types -------------------------------------------------------------------------------------------------


def _type(name: str, schema: Schema) -> str:
    if "enum" in schema:
        return f"«export type {name} = {' | '.join(map(json.dumps, schema['enum']))};»"
    required = set(schema.get("required", ()))
    # A field with a default may be left out of what is sent; what comes always has it.
    sent = name.endswith("In")
    lines = []
    for field, shape in schema.get("properties", {}).items():
        if said := shape.get("description"):
            lines.append(f"  /** {said} */")
        mark = "?" if sent and field not in required else ""
        lines.append(f"  {field}{mark}: {_shape(shape)};")
    doc = f"/** {schema['description'].splitlines()[0]} */\n" if schema.get("description") else ""
    return f"«{doc}export type {name} = {{\n" + "\n".join(lines) + "\n};»"


def _shape(shape: Schema) -> str:
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "const" in shape:
        return json.dumps(shape["const"])
    if "enum" in shape:
        return " | ".join(map(json.dumps, shape["enum"]))
    for several in ("anyOf", "oneOf"):
        if several in shape:
            return " | ".join(dict.fromkeys(_shape(each) for each in shape[several]))
    if shape.get("type") == "array":
        return f"Array<{_shape(shape['items'])}>"
    if shape.get("type") == "object":
        values = shape.get("additionalProperties", True)
        return f"Record<string, {'unknown' if isinstance(values, bool) else _shape(values)}>"
    if "type" not in shape:
        return "unknown"
    return _PLAIN[shape["type"]]


# --- methods -----------------------------------------------------------------------------------------------


def _method(method: str, path: str, operation: dict[str, Any]) -> str:
    """`name(given)`: `given` holds what stands in the address, `body`, and what belongs to keys and tags."""
    parameters = operation.get("parameters", [])
    named = {place: [each for each in parameters if each["in"] == place] for place in ("path", "query")}
    headers = {each["name"] for each in parameters if each["in"] == "header"}
    fields = [
        f"{each['name']}{'' if each['required'] else '?'}: {_shape(each['schema'])}"
        for each in (*named["path"], *named["query"])
    ]
    sent = operation.get("requestBody", {}).get("content", {})
    body, form = sent.get("application/json"), sent.get("multipart/form-data")
    if body is not None:
        fields.append(f"body: {_shape(body['schema'])}")
    if form is not None:
        fields += [f"{name}: {_shape(shape)}" for name, shape in form["schema"]["properties"].items()]
    if "Idempotency-Key" in headers:
        fields.append("key?: string")
    if "If-Match" in headers:
        fields.append("seen?: object")
    optional = all("?:" in field for field in fields)
    given = f"given«: {{ {'; '.join(fields)} }}»{' = {}' if optional else ''}" if fields else ""
    call = [
        f"method: {json.dumps(method.upper())}",
        f"path: {_address(path, [each['name'] for each in named['path']])}",
    ]
    if named["query"]:
        pairs = [f"{each['name']}: given.{each['name']}" for each in named["query"]]
        call.append(f"query: {{ {', '.join(pairs)} }}")
    if body is not None:
        call.append("body: given.body")
    if form is not None:
        call.append(_form(form["schema"]))
    if "Idempotency-Key" in headers:
        call.append("key: given.key ?? newKey()")
    if "If-Match" in headers:
        call.append("seen: given.seen")
    if "security" not in operation:
        call.append("open: true")
    answer = _answer(operation)
    return (
        f"  /** {operation['description']} */\n"
        f"  {operation['operationId']}({given})«: Promise<{answer}>» {{\n"
        f"    return this.call«<{answer}>»({{ {', '.join(call)} }});\n"
        "  }\n"
    )


def _form(schema: Schema) -> str:
    """Of a form with one file: what `wx.uploadFile` is given."""
    shapes = schema["properties"]
    file = next(name for name, shape in shapes.items() if shape.get("format") == "binary")
    rest = ", ".join(f"{name}: given.{name}" for name in shapes if name != file)
    return f'file: {{ name: "{file}", path: given.{file} }}, form: {{ {rest} }}'


def _address(path: str, names: list[str]) -> str:
    if not names:
        return json.dumps(path)
    for name in names:
        path = path.replace(f"{{{name}}}", f"${{encodeURIComponent(given.{name})}}")
    return f"`{path}`"


def _answer(operation: dict[str, Any]) -> str:
    good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    content = good.get("content")
    return _shape(content["application/json"]["schema"]) if content else "void"
