"""A bot: opened from its build, it takes a question and returns a reply, or streams it."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from tokenize import TokenError
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from adapters import Adapter, ModelError
from chatbot import citations, extractive, faq, guardrails, stated, wording
from chatbot.bots import BotSource
from chatbot.checksums import check
from chatbot.confidence import confidence
from chatbot.courtesy import courtesy
from chatbot.decision import Decision, Fixed, Known, Stated, Weighed
from chatbot.encoders import encoder_fingerprint, encoder_of
from chatbot.followup import condense
from chatbot.grafts import find_all
from chatbot.home import Manifest, NotBuilt, published_at, read_manifest
from chatbot.lazy import Lazy
from chatbot.passages import rerank_passages
from chatbot.reply import Citation, Reply, Trace
from chatbot.router import Router, intent_adapter
from chatbot.search import Found, Searcher
from chatbot.sessions import Sessions, Turn
from chatbot.support import SupportModel
from chatbot.threshold import fingerprint, in_use
from chatbot.topics import nearest_topics
from chatbot.vector_store import vector_store
from knowledge_graph import KnowledgeGraph
from knowledge_graph.asking import GraphAsker
from knowledge_graph.rank import GraphRanker
from knowledge_graph.store import load_matrix
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.index import Index
from retrieval.scope import EVERYTHING, Scope
from retrieval.vectors import VectorsMissing

if TYPE_CHECKING:
    from chatbot.writer import Writer

LONGEST_QUESTION = 2_000
"""Characters of a question that are read; the rest is ignored."""
PAUSE = 20.0
"""Seconds after which an index that could not be opened is tried again."""


def cleaned(question: str) -> str:
    """A question as it is read: without lone surrogates and outer spaces, and no longer than is read."""
    return question.encode("utf8", "replace").decode("utf8").strip()[:LONGEST_QUESTION]


class Bot:
    """Answers questions; safe to share between threads.

    Args:
        source: The bot's config and home.
        manifest: Of the build that the indexes belong to.
        index: Its opened indexes.
        ranker: Over its graph; None where it has none.
        adapters: Those that weigh what is found, by task.
    """

    def __init__(
        self,
        source: BotSource,
        manifest: Manifest,
        index: Index,
        ranker: GraphRanker | None,
        adapters: Mapping[str, Adapter],
    ) -> None:
        self.source = source
        self.config = source.config
        self.home = source.home
        self.manifest = manifest
        self.index = index
        self.graph = KnowledgeGraph(index.store)
        self.asker = GraphAsker(index.store)
        brought = index.store.rows("SELECT EXISTS (SELECT 1 FROM edges WHERE given)")[0][0]
        self._brought = GraphAsker(index.store, brought=True) if brought else None
        self.searcher = Searcher(index, ranker, self.config.retrieval.lexical)
        self.refusal = self.config.guardrails.refusal or wording.say(self.config.language, "refusal")
        intents = intent_adapter(self.config)
        told_by = {**adapters, "intent": intents} if intents else adapters
        self.fingerprint = fingerprint(self.config, manifest, told_by)
        self.threshold = in_use(self.config, self.home, index, self.fingerprint)
        self._faq = index.store.faq()
        self._of_faq = {entry.document_id for entry in self._faq}
        self.router = Router(self.config.routes, intents, index.encoder, self._faq) if intents else None
        self._support = Lazy(lambda: SupportModel.load(index, adapters))
        self._sessions = Lazy(lambda: Sessions(source.home / "sessions.db"))
        self._writer: Writer | None = None
        self._seen = (0, 0)
        self._again = math.inf
        self._next: Bot | None = None
        self._looking = threading.Lock()
        if self.config.generator.model != "extractive":
            from chatbot.writer import Writer

            self._writer = Writer(self.config, self.refusal, index.encoder)

    @classmethod
    def open(cls, source: BotSource, encoder: Encoder | None = None) -> Bot:
        """Open a built bot.

        Args:
            encoder: Shared by several bots; one that needs another loads its own.

        Raises:
            NotBuilt: There is no index, it is damaged, or it was built with another encoder.
            GraftError: The store of its vectors does not answer.
            ModelError: An adapter is missing or does not fit.
        """
        manifest = read_manifest(source.home)
        while True:
            try:
                return cls._open(source, manifest, encoder)
            except NotBuilt:
                before, manifest = manifest, read_manifest(source.home)
                if manifest.build == before.build:  # and not one that was replaced meanwhile
                    raise

    @classmethod
    def _open(cls, source: BotSource, manifest: Manifest, encoder: Encoder | None) -> Bot:
        adapters = find_all(source.config.adapter_folders)
        if manifest.encoder != encoder_fingerprint(source.config):
            raise NotBuilt("the index was built with another encoder; run: graft index BOT")
        encoder = encoder_of(source.config, encoder)
        folder = source.home / "builds" / manifest.build
        try:
            check(folder)
            index = Index.open(folder, encoder, vector_store(source))
            graph = source.config.graph.extractor != "none"
            ranker = GraphRanker(load_matrix(folder, index.store), index.store) if graph else None
            return cls(source, manifest, index, ranker, adapters)
        except VectorsMissing as error:
            raise NotBuilt(str(error)) from error
        except (
            OSError,
            EOFError,
            ValueError,
            LookupError,
            RuntimeError,
            sqlite3.Error,
            BadZipFile,
            TokenError,
        ) as error:
            raise NotBuilt(f"the index in {folder} is damaged; run: graft index BOT") from error

    def current(self) -> Bot:
        """This bot, or the same one over the index that was published since; opened once for all who ask.

        Where the new index cannot be opened, the old one goes on answering, and the new one is tried again from time to
        time.
        """
        with self._looking:
            if self._next is None:
                self._look()
            if self._next:
                self._next = self._next.current()  # so that those in between are let go
            return self._next or self

    def _look(self) -> None:
        if (seen := published_at(self.home)) == self._seen and time.monotonic() < self._again:
            return
        self._seen, self._again = seen, math.inf
        try:
            if read_manifest(self.home).build != self.manifest.build:
                self._next = Bot.open(self.source, self.index.encoder)
        except (GraftError, ModelError):
            self._again = time.monotonic() + PAUSE

    @property
    def support(self) -> SupportModel:
        """What weighs the sentences of the passages; its adapters are loaded when first needed."""
        return self._support.get()

    @property
    def sessions(self) -> Sessions:
        """The bot's conversations, opened when first needed."""
        return self._sessions.get()

    def ask(self, question: str, session: str | None = None, scope: Scope = EVERYTHING) -> Reply:
        """Answer a question.

        Args:
            session: Conversation to continue and to keep the turn in; None asks outside any.
            scope: The documents to answer from.

        Raises:
            NothingInScope: There are none.
        """
        reply = None
        for part in self.stream(question, session, scope):
            reply = part
        assert isinstance(reply, Reply)
        return reply

    def stream(self, question: str, session: str | None = None, scope: Scope = EVERYTHING) -> Iterator[str | Reply]:
        """Pieces of the reply's text as they come, then the whole `Reply`, whose text may differ in its citations.

        Args and raises: See `ask`.
        """
        question = cleaned(question)
        history = self.sessions.turns(session) if session else []
        trace = Trace()
        reply: Reply | None = None
        resolved = question
        for part in self._turn(question, history, trace, scope):
            if isinstance(part, tuple):
                resolved, reply = part
            else:
                yield part
        assert reply is not None
        if session and question and not reply.error:
            masked = self.config.guardrails.pii == "mask"
            kept = [guardrails.mask(text) if masked else text for text in (question, resolved, reply.text)]
            escalated = reply.intent.label if reply.intent and reply.intent.escalated else None
            self.sessions.add(session, kept[0], kept[1], kept[2], reply.confidence, reply.abstained, escalated)
        yield reply

    def decide(
        self,
        question: str,
        history: Sequence[Turn] = (),
        trace: Trace | None = None,
        resolved: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> Decision:
        """Settle what a question is answered by.

        Args:
            question: As `cleaned`.
            resolved: The question made whole, where that is known already.
        """
        trace = Trace() if trace is None else trace
        with trace.step("guard"):
            fixed = self._fixed(question, history)
        if fixed:
            return fixed
        routed = None
        if self.router and scope == EVERYTHING:
            with trace.step("intent"):
                routed = self.router.route(question)
        if routed and not routed.entry:
            return Fixed("intent", routed.text, question, routed.intent)
        if resolved is None:
            with trace.step("condense"):
                resolved = self._resolve(question, history)
        found = self.searcher.search(resolved, self.config.retrieval.top_k, trace, scope)
        with trace.step("faq"):
            if routed and routed.entry:
                match = faq.matched(routed.entry, self.index, routed.intent.probability)
                return Known(match, resolved, found, routed.intent)
            known = faq.match(resolved, found.vector, self.index, self._faq) if scope == EVERYTHING else None
        if known:
            return Known(known, resolved, found)
        with trace.step("support"):
            # a language model writes a whole question; without one, what went before only helps to search
            asked = resolved if self._writer else question
            ranked = self.support.rank(resolved, found, asked)
            weighed = Weighed(ranked, confidence(ranked, self.index), resolved, found)
        if self._brought and scope == EVERYTHING:
            with trace.step("facts"):
                answer = self._brought.ask(resolved)
            if answer.answers and answer.confidence > (weighed.confidence if ranked.best else 0.0):
                return Stated(answer, resolved, found)
        return weighed

    def _fixed(self, question: str, history: Sequence[Turn]) -> Fixed | None:
        rules = self.config.guardrails
        if alarm := guardrails.urgent(question, rules):
            return Fixed("urgent", alarm, question)
        if polite := courtesy(question, self.config):
            # what was spoken of before stays the subject
            return Fixed("courtesy", polite, history[-1].resolved if history else question)
        if topic := guardrails.blocked(question, rules):
            said = wording.say(self.config.language, "blocked").format(topic=topic)
            return Fixed("blocked", " ".join(filter(None, (said, rules.refusal))), question)
        return None if question and self.manifest.chunks else Fixed("empty", self.refusal, question)

    def _turn(
        self, question: str, history: Sequence[Turn], trace: Trace, scope: Scope
    ) -> Iterator[str | tuple[str, Reply]]:
        decision = self.decide(question, history, trace, scope=scope)
        resolved = decision.resolved
        if isinstance(decision, Fixed):
            disclaimer = self.config.guardrails.disclaimer if decision.rule == "urgent" else None
            reply = Reply(
                decision.text,
                confidence=decision.confidence,
                abstained=decision.abstains,
                trace=trace,
                disclaimer=disclaimer,
                intent=decision.intent,
            )
            yield from self._say(reply.text, resolved, reply)
        elif isinstance(decision, Known):
            yield from self._faq_reply(decision, trace)
        elif isinstance(decision, Stated):
            text, cited = stated.compose(decision.answer, self.index.store)
            reply = self._answer(text, cited, resolved, decision.found, decision.answer.confidence, trace)
            yield from self._say(text, resolved, replace(reply, facts=list(decision.answer.path)))
        elif decision.abstains(self.threshold.value):
            reply = self._refuse(trace, decision.confidence, decision.found)
            yield from self._say(reply.text, resolved, reply)
        elif self._writer:
            yield from self._write(self._writer, resolved, history, decision.found, decision.confidence, trace)
        else:
            ranked = decision.ranked
            with trace.step("generate"):
                text, cited = extractive.compose(resolved, ranked.best, ranked.evidence.titles, self._of_faq)
            reply = self._answer(text, cited, resolved, decision.found, decision.confidence, trace)
            yield from self._say(text, resolved, reply)

    def _say(self, text: str, resolved: str, reply: Reply) -> Iterator[str | tuple[str, Reply]]:
        yield text
        yield resolved, reply

    def _resolve(self, question: str, history: Sequence[Turn]) -> str:
        if not history:
            return question
        written = self._writer.condense(question, history) if self._writer else ""
        return cleaned(written) or condense(question, [turn.resolved for turn in history])

    def _write(
        self, writer: Writer, resolved: str, history: Sequence[Turn], found: Found, sure: float, trace: Trace
    ) -> Iterator[str | tuple[str, Reply]]:
        from chatbot.generators import ProviderError

        if grafts := self.support.grafts:
            with trace.step("rerank"):
                passages = rerank_passages(resolved, found.passages, self.index, grafts.reranker)
                found = replace(found, passages=passages)
        ids = [passage.chunk.id for passage in found.passages]
        facts = self.graph.facts(ids, resolved)
        titles = self.index.store.titles_of({passage.chunk.document_id for passage in found.passages})
        pieces: list[str] = []
        try:
            with trace.step("generate"):
                for piece in writer.answer(resolved, history, found.passages, facts, titles):
                    pieces.append(piece)
                    yield piece
        except ProviderError as error:
            text = f"{wording.say(self.config.language, 'provider')} {error}"
            yield resolved, Reply(text, trace=trace, passages=found.passages, error=True)
            return
        with trace.step("ground"):
            text, cited = citations.ground("".join(pieces), found.passages)
        if not text or self.refusal in text:
            yield resolved, self._refuse(trace, sure, found)
        else:
            yield resolved, self._answer(text, cited, resolved, found, sure, trace)

    def _answer(
        self, text: str, cited: list[Citation], resolved: str, found: Found, sure: float, trace: Trace
    ) -> Reply:
        with trace.step("facts"):
            chunks = [passage.chunk for passage in found.passages]
            ids = [chunk.id for chunk in chunks if any(citations.covers(chunk, citation) for citation in cited)]
            told = " ".join(citation.quote for citation in cited)
            facts = self.graph.facts(ids, f"{resolved} {told}", ends=2)
        return Reply(
            text,
            [citations.sourced(citation, self.index.store) for citation in cited],
            facts,
            sure,
            False,
            trace,
            found.passages,
            disclaimer=self.config.guardrails.disclaimer,
        )

    def _faq_reply(self, known: Known, trace: Trace) -> Iterator[str | tuple[str, Reply]]:
        match, entry, document = known.match, known.match.entry, known.match.document
        text = f"{match.answer} [1]"
        cited = [Citation(document.id, document.source, entry.question, entry.start, entry.end, match.answer)]
        reply = self._answer(text, cited, known.resolved, known.found, match.likeness, trace)
        yield from self._say(text, known.resolved, replace(reply, intent=known.intent))

    def _refuse(self, trace: Trace, sure: float, found: Found) -> Reply:
        titles = self.index.store.titles_of({passage.chunk.document_id for passage in found.passages})
        topics = nearest_topics(found.passages, titles, self._of_faq)
        offer = f"\n\n{wording.say(self.config.language, 'topics')} {' · '.join(topics)}" if topics else ""
        return Reply(self.refusal + offer, [], [], sure, True, trace, found.passages, topics)
