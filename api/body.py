"""The JSON body of a request, decoded strictly; every refusal names its field."""

from __future__ import annotations

import re
from typing import Any, ClassVar, TypeVar

import msgspec
from litestar.dto import MsgspecDTO

from api.problems import BodyError, FieldProblem
from core.request import SynthesisRequest

T = TypeVar("T")
_PLACED = re.compile(r"^(?P<message>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)


def decode_body(body: bytes, content_type: str, kind: type[T]) -> T:
    """Decodes JSON; numbers are not read from strings, unknown fields are refused.

    Raises:
        BodyError: 415 not JSON by its media type; 400 no JSON; 422 a field is refused.
    """
    media = content_type.split(";")[0].strip().lower()
    if media and media != "application/json" and not media.endswith("+json"):
        raise _body_error("the body must be application/json", "unsupported_media_type", 415)
    if not body.strip():
        raise _body_error("the body is empty", "empty_body", 400)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise field_problem(error, kind) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _body_error(f"the body is not JSON: {error}", "invalid_json", 400) from error


def field_problem(error: msgspec.ValidationError, kind: type[Any]) -> BodyError:
    """Returns what msgspec found, with the field and what it allows.

    >>> class A(msgspec.Struct, forbid_unknown_fields=True): a: int
    >>> field_problem(msgspec.ValidationError("Expected `int`, got `str` - at `$.a`"), A).errors[0]
    FieldProblem(field='a', message='Expected `int`, got `str`', allowed='integer')
    """
    placed = _PLACED.match(str(error))
    message, path = (placed["message"], placed["path"] or "") if placed else (str(error), "")
    code = "invalid_field"
    if unknown := _UNKNOWN.match(message):
        path, code = ".".join(filter(None, (path, unknown["name"]))), "unknown_field"
        return _field_error(path, "unknown field", ", ".join(_properties(kind)), code)
    if missing := _MISSING.match(message):
        path = ".".join(filter(None, (path, missing["name"])))
        return _field_error(path, "required field is missing", None, "missing_field")
    return _field_error(path or "body", message, _allowed(kind, path), code)


def _field_error(field: str, message: str, allowed: str | None, code: str) -> BodyError:
    return BodyError(
        f"{field}: {message}", code=code, errors=(FieldProblem(field, message, allowed),)
    )


def _body_error(message: str, code: str, status: int) -> BodyError:
    errors = (FieldProblem("body", message),)
    return BodyError(message, code=code, status=status, errors=errors)


def _properties(kind: type[Any]) -> dict[str, Any]:
    (_,), components = msgspec.json.schema_components([kind])
    found: dict[str, Any] = components.get(kind.__name__, {}).get("properties", {})
    return found


def _allowed(kind: type[Any], path: str) -> str | None:
    schema = _properties(kind).get(path)
    if schema is None:
        return "a JSON object" if not path else None
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    return " or ".join(_words(option) for option in options)


def _words(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    words = [str(schema.get("type", "value"))]
    if "minimum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxLength" in schema:
        words.append(f"{schema['minLength']} to {schema['maxLength']} characters")
    if "pattern" in schema:
        words.append(f"like {schema['pattern']}")
    return " ".join(words)


class SynthesisBody(MsgspecDTO[SynthesisRequest]):
    """A transfer object that decodes the body with ``decode_body``.

    Litestar's own decoding is lax (``"2"`` counts as 2.0) and loses the range of a refused field.
    """

    wire_type: ClassVar[type[msgspec.Struct]] = SynthesisRequest
    """Subclasses name another."""

    def decode_bytes(self, value: bytes) -> Any:
        """Raises BodyError."""
        content_type = self.asgi_connection.headers.get("content-type", "")
        return decode_body(value, content_type, self.wire_type)

    @classmethod
    def create_for_field_definition(cls, *args: Any, **kwargs: Any) -> None:
        """Does nothing: there is no transfer model."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: Any, handler_id: str, schema_creator: Any
    ) -> Any:
        """Returns the schema of the wire type itself."""
        return schema_creator.for_field_definition(field_definition)
