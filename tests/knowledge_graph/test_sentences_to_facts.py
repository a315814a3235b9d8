"""Plain sentences of four kinds of document become typed facts, the right way round."""

from __future__ import annotations

import pytest

from knowledge_graph.build import extract
from knowledge_graph.facts import RELATED
from retrieval.document import Chunk

Said = tuple[str, str, str]

HELP_DESK: dict[str, Said] = {
    "The parking permit costs 35 euros a year.": ("parking permit", "costs", "35 euros a year"),
    "A visitor badge is issued by the front desk.": ("visitor badge", "handled_by", "front desk"),
    "The travel office handles expense claims.": ("travel office", "handles", "expense claim"),
    "An expense claim requires a receipt.": ("expense claim", "requires", "receipt"),
    "The premium plan includes phone support.": ("premium plan", "includes", "phone support"),
    "Phone support is available to business members.": ("phone support", "applies_to", "business member"),
    "A refund takes five working days.": ("refund", "takes", "five working days"),
    "Lost property is kept in the basement office.": ("lost property", "located_in", "basement office"),
}
MEDICAL: dict[str, Said] = {
    "Scurvy is caused by vitamin C deficiency.": ("vitamin C deficiency", "causes", "scurvy"),
    "Smoking can cause chronic bronchitis.": ("smoking", "causes", "chronic bronchitis"),
    "Salbutamol relieves asthma.": ("salbutamol", "treats", "asthma"),
    "Gout is usually treated with allopurinol.": ("allopurinol", "treats", "gout"),
    "The measles vaccine protects against measles.": ("measles vaccine", "prevents", "measles"),
    "Regular exercise reduces the risk of stroke.": ("regular exercise", "prevents", "stroke"),
    "Eczema is a type of dermatitis.": ("eczema", "is_a", "dermatitis"),
    "Untreated diabetes may lead to kidney damage.": ("diabetes", "causes", "kidney damage"),
    "The pancreas produces insulin.": ("pancreas", "produces", "insulin"),
    "The retina is part of the eye.": ("retina", "part_of", "eye"),
}
SECURITY: dict[str, Said] = {
    "Kerberos uses symmetric keys.": ("Kerberos", "uses", "symmetric key"),
    "A firewall blocks unwanted traffic.": ("firewall", "prevents", "unwanted traffic"),
    "Phishing is a form of social engineering.": ("phishing", "is_a", "social engineering"),
    "Spear phishing leads to credential theft.": ("spear phishing", "causes", "credential theft"),
    "A buffer overflow is also called a buffer overrun.": ("buffer overflow", "also_known_as", "buffer overrun"),
    "Remote access requires a hardware token.": ("remote access", "requires", "hardware token"),
    "Critical alerts are escalated to the duty manager.": ("critical alert", "reports_to", "duty manager"),
    "SHA-1 was replaced by SHA-256.": ("SHA-1", "replaced_by", "SHA-256"),
}
COURSE: dict[str, Said] = {
    "Organic Chemistry is taught by Professor Lindqvist.": ("Organic Chemistry", "handled_by", "Professor Lindqvist"),
    "Linear Algebra is a prerequisite for Machine Learning.": ("Machine Learning", "requires", "Linear Algebra"),
    "The written exam lasts two hours.": ("written exam", "takes", "two hours"),
    "The final grade depends on the term project.": ("final grade", "requires", "term project"),
    "Numerical Methods covers sparse matrices.": ("Numerical Methods", "includes", "sparse matrices"),
    "The Harbour Institute was founded by Ada Brandt.": ("Ada Brandt", "founded", "Harbour Institute"),
    "Ada Brandt was born in Tromsø.": ("Ada Brandt", "born_in", "Tromsø"),
    "Plagiarism is governed by the honour code.": ("plagiarism", "governed_by", "honour code"),
}
SAID = HELP_DESK | MEDICAL | SECURITY | COURSE


def facts(sentence: str, ends: tuple[str, str]) -> set[Said]:
    """Typed facts of a one-sentence corpus in which both ends have a page of their own."""
    chunks = [Chunk("said#0", "said", sentence, 0, len(sentence))]
    pages = {"said": "Notes"} | {name: name for name in ends if not name[0].isdigit()}
    graph = extract(chunks, pages)
    return {
        (graph.nodes[t.subject].key, t.relation, graph.nodes[t.object].key)
        for t in graph.triples
        if t.relation != RELATED
    }


def folded(said: Said) -> Said:
    from knowledge_graph.names import key_of

    ends = [end if end[0].isdigit() or end.startswith(("five", "two")) else key_of(end) for end in (said[0], said[2])]
    return ends[0], said[1], ends[1]


if __name__ == "__main__":
    ok = 0
    for s, t in SAID.items():
        f = facts(s, (t[0], t[2]))
        good = f == {folded(t)}
        ok += good
        if not good: print(s, folded(t), f)
    print(ok, len(SAID))
