"""What `bot.yaml` may say. Every key but `name` and `knowledge` is optional."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

_ADDRESS = re.compile(r"https?://[^\s/?#@]+/?")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Fraction = Annotated[float, Field(ge=0, le=1)]


class Chunking(_Section):
    """How documents are cut."""

    words: int = Field(180, ge=20, le=1000, description="Most words in a chunk; two Chinese characters count as one.")
    overlap: int = Field(
        30, ge=0, validate_default=True, description="Words of whole sentences that neighbouring chunks share."
    )

    @field_validator("overlap")
    @classmethod
    def _overlap_fits(cls, overlap: int, others: ValidationInfo) -> int:
        if overlap >= others.data.get("words", overlap + 1):
            raise PydanticCustomError("overlap", "must be smaller than `words`")
        return overlap


class Knowledge(_Section):
    """What the bot knows."""

    sources: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, description="Files, folders and globs, relative to bot.yaml."
    )
    chunk: Chunking = Chunking()


class Retrieval(_Section):
    """How passages are found."""

    encoder: str = Field(
        "default", min_length=1, description="`default`, a folder, or a sentence-transformers model's name."
    )
    index: Literal["auto", "flat", "hnsw", "ivf", "ivfpq"] = Field(
        "auto",
        description="`auto` looks at all chunks (`flat`) up to 100,000, beyond that at the likely ones (`ivf`).",
    )
    lexical: bool = Field(True, description="Search words (BM25) beside meanings.")
    top_k: int = Field(10, ge=1, le=50, description="Passages a reply may draw on.")


class Store(_Section):
    """Where the vectors are kept."""

    kind: Literal["local", "milvus"] = Field("local", description="`local`: in the folder of the index.")
    uri: str | None = Field(
        None, description="With milvus: http(s)://host:port, or a file that ends in .db, relative to bot.yaml."
    )

    @field_validator("uri")
    @classmethod
    def _known(cls, uri: str | None) -> str | None:
        # errors of this kind are shown without the value, which may hold a secret
        if uri is None or _ADDRESS.fullmatch(uri) or ("://" not in uri and uri.endswith(".db")):
            return uri
        if "@" in uri:
            raise ValueError("must hold no user or password; put user:password into the environment as MILVUS_TOKEN")
        raise ValueError("must be http(s)://host:port, or a file that ends in .db")

    @model_validator(mode="after")
    def _fits(self) -> Store:
        if self.kind == "milvus" and not self.uri:
            raise ValueError("of kind milvus needs a uri: http(s)://host:port, or a file that ends in .db")
        if self.uri and self.kind != "milvus":
            raise ValueError("takes a uri only with kind: milvus")
        return self


class Graph(_Section):
    """The knowledge graph."""

    extractor: Literal["default", "tagger", "llm", "none"] = Field(
        "default", description="`tagger` and `llm` find more, in more time; `none` builds no graph."
    )
    triples: list[str] = Field([], description="Files of your own facts: CSV, TSV, TXT, RDF, GraphML or JSON.")
    aliases: list[str] = Field([], description="CSV files of other names, and of names to be kept apart.")


class Adapters(_Section):
    """What weighs sentences, finds entities, tells intents, grades answers, and what the encoder has learned."""

    reader: str = Field("default", min_length=1, description="`default`, or the folder of an adapter of your own.")
    matcher: str = Field("default", min_length=1, description="The same.")
    reranker: str = Field("default", min_length=1, description="The same.")
    tagger: str = Field("default", min_length=1, description="The same; for `graph.extractor: tagger`.")
    intent: str | None = Field(None, min_length=1, description="The folder of a classifier of requests; see `routes`.")
    grader: str | None = Field(None, min_length=1, description="The folder of one that grades answers to the `quiz`.")
    embedder: str = Field(
        "default", min_length=1, description="`default`, the encoder as it is, or the folder of an adapter of your own."
    )


class Prompt(_Section):
    """What a language model is told."""

    persona: str = Field("You are a helpful assistant.", description="Who the bot is.")
    instructions: list[str] = Field(["Answer from the passages only.", "Be brief."], description="Rules, one a line.")
    template: str | None = Field(None, description="A template of your own in place of the built-in one.")
    examples: str | None = Field(None, description="JSONL of question and answer; some are shown to the model.")
    shown: int = Field(2, ge=0, le=20, description="How many.")
    choice: Literal["nearest", "first"] = Field(
        "nearest", description="Those nearest to the question, or the first of the file, the same for all questions."
    )


class Generator(_Section):
    """What writes the reply."""

    model: str = Field(
        "extractive",
        description="`extractive` (no language model), `hf:NAME_OR_PATH`, or `PROVIDER:MODEL`,"
        " e.g. `openai:gpt-4o-mini`.",
    )
    adapter: str | None = Field(None, description="With `hf:`, a LoRA adapter's folder.")
    base_url: str | None = Field(None, description="With a provider, the address of a compatible server.")
    temperature: float = Field(0.0, ge=0, le=2)
    max_tokens: int = Field(400, ge=1, le=32_000)
    timeout: float = Field(60.0, gt=0, le=3600, description="Seconds to wait for a provider.")

    @field_validator("model")
    @classmethod
    def _known(cls, model: str) -> str:
        if model != "extractive" and not model.partition(":")[2]:
            raise PydanticCustomError("model", "must be extractive, hf:NAME_OR_PATH or PROVIDER:MODEL")
        return model

    @model_validator(mode="after")
    def _adapter_fits(self) -> Generator:
        if self.adapter and not self.model.startswith("hf:"):
            raise ValueError("adapter needs a model that starts with hf:")
        return self


class Urgent(_Section):
    """A message that must not wait for retrieval."""

    when: list[str] = Field(min_length=1, description="Phrases; any of them in the user's message.")
    say: str = Field(min_length=1)


class Route(_Section):
    """What is done with requests of one intent: one of `faq`, `say` and `escalate`."""

    faq: str | None = Field(None, min_length=1, description="Say the answer to this question of the FAQ.")
    say: str | None = Field(None, min_length=1, description="Say this.")
    escalate: str | None = Field(None, min_length=1, description="Say this, and keep the request for people.")
    above: Fraction = Field(0.6, description="Least probability of the intent.")

    @model_validator(mode="after")
    def _one(self) -> Route:
        if sum(bool(way) for way in (self.faq, self.say, self.escalate)) != 1:
            raise ValueError("needs one of faq, say and escalate")
        return self


class Guardrails(_Section):
    """What the bot must and must not say."""

    abstain_below: Literal["auto"] | Fraction = Field("auto", description="Least confidence of an answer.")
    refusal: str | None = Field(None, description="Said when the documents do not answer.")
    disclaimer: str | None = Field(None, description="Shown under every answer.")
    urgent: list[Urgent] = Field([], description="Checked before anything else.")
    blocked: list[str] = Field([], description="Topics the bot declines.")
    pii: Literal["mask", "keep"] = Field(
        "mask", description="Personal data in the stored history and sent to a provider."
    )


class Monitor(_Section):
    """A stream of news that is watched for surges of negative items."""

    news: str | None = Field(
        None, min_length=1, description="JSON lines of `date` and `text`; what `graft monitor BOT` and the app read."
    )
    sentiment: str = Field(min_length=1, description="The folder of a classifier, made by `graft train`.")
    topic: str | None = Field(None, min_length=1, description="The same; surges are then also looked for by topic.")
    negative: str = Field("negative", min_length=1, description="The label of the sentiment that counts.")
    sure: Fraction = Field(0.5, description="Items whose label is less probable than this count as unsure.")
    by: Literal["day", "hour"] = Field("day", description="What items are counted by.")
    baseline: int | None = Field(
        None, ge=4, le=1000, description="Days or hours before it that one is compared with; 28 days or 168 hours."
    )
    false_flags: float = Field(
        0.01, gt=0, lt=0.5, description="Most likely share of days or hours that are flagged by chance."
    )

    @property
    def bins(self) -> int:
        """The days or hours that one is compared with."""
        return self.baseline or {"day": 28, "hour": 168}[self.by]


class Ui(_Section):
    """What the chat shows first."""

    greeting: str | None = None
    suggestions: list[str] = Field([], max_length=8)


class BotConfig(_Section):
    """One bot."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Short, lower case, no spaces.")
    title: str = ""
    description: str = ""
    language: str = Field("en", pattern=r"^[a-z]{2}$", description="Two letters, such as en or zh.")
    knowledge: Knowledge
    retrieval: Retrieval = Retrieval()
    store: Store = Store()
    graph: Graph = Graph()
    prompt: Prompt = Prompt()
    generator: Generator = Generator()
    adapters: Adapters = Adapters()
    faq: str | None = Field(
        None, min_length=1, description="A file of questions and answers, matched first, answered word for word."
    )
    routes: dict[str, Route] = Field({}, description="By intent, as `adapters.intent` tells it; `oos` is of no intent.")
    quiz: str | None = Field(
        None, min_length=1, description="JSONL of question and reference; answers to them are graded."
    )
    guardrails: Guardrails = Guardrails()
    monitor: Monitor | None = Field(None, description="News to watch; see docs/monitor.md.")
    ui: Ui = Ui()
    folder: Path = Field(Path(), exclude=True, description="Where bot.yaml is; set by the loader.")

    @model_validator(mode="after")
    def _parts_fit(self) -> BotConfig:
        if self.graph.extractor == "tagger" and self.language != "en":
            raise ValueError("graph.extractor: tagger reads English only; take default or llm")
        if self.quiz and not self.adapters.grader:
            raise ValueError("a quiz needs a grader: adapters: {grader: DIR}; train one with: graft train grader")
        if self.quiz and self.language != "en":
            raise ValueError("a quiz is graded in English only")
        if self.graph.extractor == "llm" and self.generator.model == "extractive":
            raise ValueError("graph.extractor: llm needs a generator.model that is a language model")
        if self.routes and not self.adapters.intent:
            raise ValueError("routes need adapters.intent: a classifier that tells the intents")
        if self.adapters.embedder != "default" and self.retrieval.encoder != "default":
            raise ValueError("adapters.embedder is for the bundled encoder; leave retrieval.encoder at default")
        return self

    def path(self, relative: str) -> Path:
        """A path of the file, relative to it."""
        return Path(os.path.realpath(self.folder / os.path.expanduser(relative)))

    @property
    def store_uri(self) -> str | None:
        """Where Milvus is, a file with its whole path; None where the vectors are kept locally."""
        uri = self.store.uri
        return uri if uri is None or "://" in uri else str(self.path(uri))

    @property
    def adapter_folders(self) -> Adapters:
        """The adapters with whole paths."""
        named = self.adapters.model_dump(exclude_none=True).items()
        return Adapters(**{task: name if name == "default" else str(self.path(name)) for task, name in named})

    @property
    def display_title(self) -> str:
        """The title, or the name made readable."""
        return self.title or self.name.replace("_", " ").replace("-", " ").capitalize()
