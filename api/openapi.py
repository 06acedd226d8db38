"""The OpenAPI document, where Litestar says it less well than the routes do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from api.examples import example_of

SPAN = Schema(
    type=OpenAPIType.ARRAY,
    title="Span",
    description="Start and end, in code points of the source, the end not included.",
    prefix_items=[Schema(type=OpenAPIType.INTEGER), Schema(type=OpenAPIType.INTEGER)],
    min_items=2,
    max_items=2,
)
"""Litestar describes structs that are encoded as arrays as if they were objects."""


EVENTS = Schema(
    type=OpenAPIType.OBJECT,
    title="ServerSentEvent",
    properties={"data": Schema(type=OpenAPIType.STRING, description="JSON")},
    required=["data"],
)
"""An event as descriptions of event streams show it."""


def also_media_types(media_types: Iterable[str], *, events: bool = False) -> type[Operation]:
    """Returns an ``operation_class`` for a handler whose 2xx answers have further media types.

    Args:
        media_types: of octets.
        events: it may also answer with server-sent events.
    """

    @dataclass
    class MediaTypesOperation(Operation):
        def __post_init__(self) -> None:
            for status, response in (self.responses or {}).items():
                if status.startswith("2") and isinstance(response, OpenAPIResponse):
                    octets = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
                    more = {kind: OpenAPIMediaType(schema=octets) for kind in media_types}
                    if events:
                        more["text/event-stream"] = OpenAPIMediaType(schema=EVENTS)
                    response.content = more | dict(response.content or {})

    return MediaTypesOperation


def takes_file(media_types: Iterable[str]) -> type[Operation]:
    """Returns an ``operation_class`` for a handler that reads the body itself, as one of these."""

    @dataclass
    class FileOperation(Operation):
        def __post_init__(self) -> None:
            octets = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
            content = {kind: OpenAPIMediaType(schema=octets) for kind in media_types}
            self.request_body = RequestBody(content=content, required=True)

    return FileOperation


def correct_openapi(document: OpenAPI) -> None:
    """Corrects the whole document.

    A parameter in a path, query or header is text: it may be missing, but it is never null.
    """
    if "Span" in document.components.schemas:
        document.components.schemas["Span"] = SPAN
    for name in closed_types(msgspec.Struct) & document.components.schemas.keys():
        document.components.schemas[name].additional_properties = False
    for operation in operations_of(document):
        _summarize(operation)
        for parameter in operation.parameters or ():
            if isinstance(parameter, Parameter) and isinstance(parameter.schema, Schema):
                _never_null(parameter.schema)


def closed_types(kind: type[msgspec.Struct]) -> set[str]:
    """Returns the names of all types below one that refuse fields which they do not know.

    Litestar does not look at that; a client would believe that such fields are ignored.
    """
    found = {kind.__name__} if kind.__struct_config__.forbid_unknown_fields else set[str]()
    return found.union(*map(closed_types, kind.__subclasses__()))


def operations_of(document: OpenAPI) -> Iterator[Operation]:
    """Yields all operations."""
    for item in (document.paths or {}).values():
        for method in ("get", "post", "put", "delete", "head", "patch"):
            operation = getattr(item, method)
            if operation is not None:
                yield operation


class DocumentRenderer(JsonRenderPlugin):
    """Renders the document with an example of every answer that a named component describes.

    They are added here, since Litestar's own objects lose the nulls in an example.
    """

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Returns the document as JSON."""
        for item in openapi_schema["paths"].values():
            for operation in item.values():
                for status, response in operation["responses"].items():
                    for media in response.get("content", {}).values():
                        name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
                        if status.isdecimal() and (shown := example_of(name, int(status))):
                            media["example"] = shown
        return super().render(request, openapi_schema)


def _summarize(operation: Operation) -> None:
    """Makes the first sentence of a description the summary where there is none of its own.

    Litestar's own is the handler's name: one word.
    """
    first = (operation.description or "").partition("\n\n")[0]
    if " " in (operation.summary or "") or not first:
        return
    sentence = " ".join(first.split()).removesuffix(".")
    operation.summary = sentence.partition(". ")[0]


def _never_null(schema: Schema) -> None:
    if isinstance(schema.type, list):
        (schema.type,) = [kind for kind in schema.type if kind != OpenAPIType.NULL]
    if schema.enum:
        schema.enum = [value for value in schema.enum if value is not None]
    real = [one for one in schema.one_of or () if getattr(one, "type", None) != OpenAPIType.NULL]
    if len(real) == 1 and isinstance(real[0], Schema):
        schema.type, schema.one_of = real[0].type, None
