"""The API as an OpenAPI 3.1 document, made from the models that the routes read and answer with.

Servers load this package when somebody asks for the document, not before: `presets_store.api.served_document`.
"""

from presets_store.api.openapi.document import document

__all__ = ["document"]
