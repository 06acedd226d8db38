"""An EPUB's package document: metadata, manifest, spine, and the way to contents and cover.

Source: EPUB 3.3 §5 (package document); OPF 2.0.1 for EPUB 2 (`toc`, `guide`, `<meta name=cover>`).
Tolerant: no namespace is asked for, and what is missing costs only itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.book import BookMetadata
from core.errors import FieldError
from text.books.archive import Archive
from text.books.epub.container import CONTAINER
from text.books.epub.metadata import meta_content, read_metadata
from text.books.omissions import Omissions
from text.books.pages.markup import Element, local_name, parse_xml
from text.books.pages.urls import resolve_url

PACKAGE_TYPE = "application/oebps-package+xml"
NCX_TYPE = "application/x-dtbncx+xml"


@dataclass(frozen=True, slots=True)
class ManifestItem:
    """A file that the package lists.

    Attributes:
        path: entry of the container; empty = the container does not hold it.
        href: as the package writes it, for messages.
        media_type: as declared, in lower case; empty = none.
        properties: of EPUB 3: nav, cover-image, …
        fragment: what its href has behind a ``#``, which it should not have.
        fallback: id of the item that stands for it where its type is not known; empty = none.
    """

    path: str
    href: str
    media_type: str
    properties: frozenset[str]
    fragment: str
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class SpineItem:
    """A place in the reading order.

    Attributes:
        item: the file that stands there.
        linear: whether it belongs to the order in which the book is read.
    """

    item: ManifestItem
    linear: bool


@dataclass(frozen=True, slots=True)
class PackageDocument:
    """What an EPUB says of itself.

    Attributes:
        path: of its file.
        title, language: empty where it has none.
        authors: in order.
        metadata: what else it says.
        manifest: items by id.
        spine: reading order.
        navigation: paths of navigation documents.
        ncxs: paths of tables of contents of EPUB 2, the one that the spine names first.
        contents_paths: pages that the guide calls a table of contents.
        fixed_layout: whether the pages are laid out as pictures are.
        covers: what may show the cover, by id or reference, in the order of trust.
    """

    path: str
    title: str
    authors: tuple[str, ...]
    language: str
    metadata: BookMetadata
    manifest: Mapping[str, ManifestItem]
    spine: tuple[SpineItem, ...]
    navigation: tuple[str, ...]
    ncxs: tuple[str, ...]
    contents_paths: frozenset[str]
    fixed_layout: bool
    covers: tuple[str, ...]


def read_package(container: Archive, omissions: Omissions) -> PackageDocument:
    """Reads the package document of an EPUB 2 or 3.

    Args:
        container: the EPUB.
        omissions: learns of files that are listed and missing.

    Raises:
        FieldError: there is no package document, or it cannot be read.
    """
    path = _package_path(container, omissions)
    try:
        root = parse_xml(container.read(path), path, omissions)
    except OSError as error:
        raise FieldError("file", f"the EPUB's package cannot be read: {error}") from error
    metadata = _section(root, "metadata")
    facts = read_metadata(metadata)
    manifest = _manifest(root, path, container, omissions)
    spine = next((e for e in root.iter() if local_name(e) == "spine"), None)
    return PackageDocument(
        path=path,
        title=facts.title,
        authors=facts.authors,
        language=facts.language,
        metadata=facts.metadata,
        manifest=manifest,
        spine=tuple(_spine(spine, manifest, omissions)),
        navigation=tuple(i.path for i in manifest.values() if "nav" in i.properties and i.path),
        ncxs=tuple(_ncxs(manifest, "" if spine is None else spine.get("toc") or "")),
        contents_paths=frozenset(_guide(root, path, "toc", container)),
        fixed_layout=_is_fixed_layout(root, metadata),
        covers=tuple(_covers(metadata, root, path)),
    )


def _package_path(container: Archive, omissions: Omissions) -> str:
    """The first package that the container names; else the only one that it holds."""
    try:
        root = parse_xml(container.read(container.find(CONTAINER) or ""), CONTAINER, omissions)
        rootfiles = [e for e in root.iter() if local_name(e) == "rootfile"]
    except (OSError, FieldError):
        rootfiles = []
    rootfiles.sort(key=lambda e: (e.get("media-type") or PACKAGE_TYPE) != PACKAGE_TYPE)
    for rootfile in rootfiles:
        found = container.find(resolve_url("", rootfile.get("full-path") or "")[0])
        if found is not None:
            return found
    packages = [name for name in container.names if name.lower().endswith(".opf")]
    if len(packages) == 1:
        message = "the EPUB's container does not name its package; the only one in it is taken"
        omissions.remark("file_missing", message)
        return packages[0]
    raise FieldError("file", "the EPUB's package cannot be read: its container names none")


def _section(root: Element, name: str) -> list[Element]:
    """Elements of a section, whatever lies between (EPUB 2 had dc-metadata)."""
    return [e for s in root.iter() if local_name(s) == name for e in s.iter() if e is not s]


def _covers(metadata: Sequence[Element], root: Element, base: str) -> Iterator[str]:
    """Yields ids and paths that EPUB 2 and its producers give for covers.

    ``<meta name="cover">`` should hold an id and often holds a path; the guide's reference leads to
    a page or to a picture.
    """
    named = meta_content(metadata, "cover")
    if named:
        yield named
        yield resolve_url(base, named)[0]
    for reference in _section(root, "guide"):
        if "cover" in (reference.get("type") or "").lower():
            yield resolve_url(base, reference.get("href") or "")[0]


def _ncxs(manifest: Mapping[str, ManifestItem], named: str) -> list[str]:
    found = [manifest[named]] if named in manifest else []
    found += [item for item in manifest.values() if item.media_type == NCX_TYPE]
    found += [item for item in manifest.values() if item.path.lower().endswith(".ncx")]
    return list(dict.fromkeys(item.path for item in found if item.path))


def _guide(root: Element, base: str, kind: str, container: Archive) -> Iterator[str]:
    """Yields paths of the guide's references of a kind. Source: OPF 2.0.1 §2.6."""
    for reference in _section(root, "guide"):
        if (reference.get("type") or "").lower() == kind:
            path = container.find(resolve_url(base, reference.get("href") or "")[0])
            if path:
                yield path


def _is_fixed_layout(root: Element, metadata: Sequence[Element]) -> bool:
    """Whether all pages are pre-paginated. Source: EPUB 3.3 §8.2.2; Kindle's fixed-layout."""
    layouts = [e for e in metadata if e.get("property") == "rendition:layout"]
    fixed = any("".join(map(str, e.itertext())).strip() == "pre-paginated" for e in layouts)
    fixed = fixed or meta_content(metadata, "fixed-layout").lower() == "true"
    references = (e for e in root.iter() if local_name(e) == "itemref")
    return fixed and not any(
        "rendition:layout-reflowable" in (e.get("properties") or "").split() for e in references
    )


def _manifest(
    root: Element, base: str, container: Archive, omissions: Omissions
) -> dict[str, ManifestItem]:
    elements = [e for e in _section(root, "manifest") if local_name(e) == "item"]
    found = [_resolved(base, e.get("href") or "", container) for e in elements]
    claimed = {path for path, _ in found}
    manifest: dict[str, ManifestItem] = {}
    for element, (path, fragment) in zip(elements, found, strict=True):
        href = element.get("href") or ""
        if not path:
            path = container.find_by_basename(resolve_url(base, href)[0]) or ""
            path = "" if path in claimed else path
        if not path:
            omissions.remark("file_missing", f"the EPUB lists {href}, but does not hold it")
        media_type = (element.get("media-type") or "").partition(";")[0].strip().lower()
        properties = frozenset((element.get("properties") or "").split())
        fallback = element.get("fallback") or ""
        item = ManifestItem(path, href, media_type, properties, fragment, fallback)
        manifest.setdefault(element.get("id") or f"#{len(manifest)}", item)
    return manifest


def _resolved(base: str, href: str, container: Archive) -> tuple[str, str]:
    path, fragment = resolve_url(base, href)
    return container.find(path) or container.find(resolve_url("", href)[0]) or "", fragment


def _spine(
    spine: Element | None, manifest: Mapping[str, ManifestItem], omissions: Omissions
) -> Iterable[SpineItem]:
    for reference in () if spine is None else spine.iter():
        if local_name(reference) != "itemref":
            continue
        identifier = reference.get("idref") or ""
        item = manifest.get(identifier)
        if item is None:
            omissions.remark("file_missing", f"the spine names {identifier!r}, which is no file")
        else:
            yield SpineItem(item, (reference.get("linear") or "yes").lower() != "no")
