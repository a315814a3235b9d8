"""RDF: facts out of Turtle, N-Triples, RDF/XML and JSON-LD, and a graph into them. Needs the `rdf` extra.

Resources are called by their label (`rdfs:label`, `skos:prefLabel`, `schema:name`, `foaf:name`), or by the end of their
IRI. `rdf:type` and `rdfs:subClassOf` become `is_a`; `skos:altLabel` and `owl:sameAs` become `also_known_as`. What
describes the vocabulary and not the world is left out, as is what has no name.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from retrieval.errors import GraftError
from retrieval.loaders.clean import one_line

if TYPE_CHECKING:
    from networkx import MultiDiGraph
    from rdflib import Graph

FORMATS = {".ttl": "turtle", ".nt": "nt", ".rdf": "xml", ".jsonld": "json-ld"}
"""What rdflib calls the format of a file, by its ending."""
_OWN = "urn:graft:"
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s_\-]+")


def read(path: Path) -> list[tuple[str, str, str]]:
    """The facts of a file: subject, relation and object, in a fixed order.

    Raises:
        GraftError: The extra is not installed, the file is not understood, or it names a context on the network.
        OSError: It cannot be opened.
    """
    rdflib = _rdflib()
    data = path.read_bytes()
    if path.suffix.lower() == ".jsonld":
        _check_local(data, path)
    graph = rdflib.Graph()
    try:
        graph.parse(data=data, format=FORMATS[path.suffix.lower()], publicID=_OWN)
    except Exception as error:  # every parser has errors of its own
        raise GraftError(f"triples file {path} cannot be read: {one_line(error)[:200]}") from None
    return _facts(graph)


def write(network: MultiDiGraph, path: Path) -> None:
    """Write a graph as `KnowledgeGraph.networkx` gives it, each fact also as a statement with the chunks that make it.

    Raises:
        GraftError: The extra is not installed.
        OSError: The file cannot be written.
    """
    rdflib = _rdflib()
    label, kind = rdflib.RDFS.label, rdflib.URIRef(f"{_OWN}kind")
    graph = rdflib.Graph()
    graph.bind("graft", _OWN)
    iris = {node: rdflib.URIRef(f"{_OWN}entity:{quote(node, safe='')}") for node in network}
    for node, iri in iris.items():
        graph.add((iri, label, rdflib.Literal(node)))
        graph.add((iri, kind, rdflib.Literal(network.nodes[node]["kind"])))
    edges = network.edges(data=True)
    for number, (subject, object_, data) in enumerate(edges):
        relation = rdflib.URIRef(f"{_OWN}relation:{quote(data['relation'], safe='')}")
        graph.add((relation, label, rdflib.Literal(data["relation"].replace("_", " "))))
        graph.add((iris[subject], relation, iris[object_]))
        fact = rdflib.URIRef(f"{_OWN}fact:{number}")
        graph.add((fact, rdflib.RDF.type, rdflib.RDF.Statement))
        graph.add((fact, rdflib.RDF.subject, iris[subject]))
        graph.add((fact, rdflib.RDF.predicate, relation))
        graph.add((fact, rdflib.RDF.object, iris[object_]))
        for chunk in data["chunks"]:
            graph.add((fact, rdflib.URIRef(f"{_OWN}stated_in"), rdflib.Literal(chunk)))
    path.write_text(graph.serialize(format=FORMATS[path.suffix.lower()]), encoding="utf8")


def _rdflib() -> Any:
    try:
        import rdflib
    except ImportError:
        raise GraftError("RDF needs the rdf extra: pip install 'graft-bots[rdf]'") from None
    return rdflib


def _check_local(data: bytes, path: Path) -> None:
    """Refuse JSON-LD that would have its context fetched."""
    try:
        waiting = [json.loads(data)]
    except (ValueError, RecursionError) as error:
        raise GraftError(f"triples file {path} cannot be read: {one_line(error)[:200]}") from None
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            context = value.get("@context")
            contexts = context if isinstance(context, list) else [context]
            if any(isinstance(item, str) for item in contexts) or "@import" in value:
                raise GraftError(f"triples file {path} names a context on the network; put the context into the file")
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _facts(graph: Graph) -> list[tuple[str, str, str]]:
    from rdflib import FOAF, OWL, RDF, RDFS, SDO, SKOS, BNode, URIRef

    labels = (RDFS.label, SKOS.prefLabel, SDO.name, URIRef("http://schema.org/name"), FOAF.name)
    special: dict[Any, str] = {
        RDF.type: "is_a",
        RDFS.subClassOf: "is_a",
        SKOS.altLabel: "also_known_as",
        OWL.sameAs: "also_known_as",
    }
    vocabulary = tuple(str(space) for space in (RDF, RDFS, OWL, SKOS))
    names: dict[Any, str] = {}
    for label in reversed(labels):
        told = sorted(graph.subject_objects(label), key=lambda pair: (_language(pair[1]) in ("", "en"), pair[1]))
        names |= {subject: one_line(name) for subject, name in told}
    statements = set(graph.subjects(RDF.type, RDF.Statement))

    def name_of(term: Any) -> str:
        if term in names:
            return names[term]
        if isinstance(term, BNode):
            return ""
        return one_line(_end(str(term)).replace("_", " ") if isinstance(term, URIRef) else term)

    facts = []
    for subject, predicate, object_ in graph:
        own = str(predicate).startswith(_OWN) and not str(predicate).startswith(f"{_OWN}relation:")
        about_words = predicate not in special and str(predicate).startswith(vocabulary)
        if subject in statements or predicate in labels or own or about_words:
            continue
        if isinstance(object_, URIRef) and str(object_).startswith(vocabulary):
            continue
        relation = special.get(predicate) or _relation(names.get(predicate) or _end(str(predicate)))
        fact = (name_of(subject), relation, name_of(object_))
        if all(fact) and fact[0] != fact[2]:
            facts.append(fact)
    return sorted(facts)


def _language(literal: Any) -> str:
    return getattr(literal, "language", None) or ""


def _end(iri: str) -> str:
    """The last part of an IRI, in readable characters."""
    return unquote(re.split(r"[/#:]", iri.rstrip("/#"))[-1])


def _relation(name: str) -> str:
    """A relation's name: words in lower case, joined by underscores."""
    return "_".join(filter(None, _WORDS.split(name))).lower()
