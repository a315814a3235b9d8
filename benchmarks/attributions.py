"""Ways to weigh the words behind an answer, compared: hiding each, gradient × input, and chance.

    python -m benchmarks.attributions [BOT ...]

A faithful weight is not negative for the answer's own words, and the answer loses more by the three heaviest others
than by any three. The second measure hides words itself, which favours hiding; the first favours none.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch

from adapters.pairs import merged
from adapters.reader import attribution
from adapters.reader.runtime import Reader
from adapters.registry import find_adapter
from apps import BUNDLED
from chatbot import bots
from chatbot.cli.opening import open_bot
from chatbot.decision import Weighed
from chatbot.evaluation.cases import read_cases
from chatbot.units import place
from retrieval.encoder import Encoder

QUESTIONS = 20
"""Of each bot, the first that have an answer."""
HIDDEN = 3
"""Words hidden together."""


def readings(names: list[str]) -> Iterator[tuple[attribution.Reading, Reader]]:
    """What the reader reads when the bots are asked their development questions."""
    encoder = Encoder.load()
    for name in names:
        bot = open_bot(name, encoder)
        if bot.support.grafts is None:
            continue
        answerable = [case for case in read_cases(bot.config.folder / "dev.jsonl") if case.answer]
        for case in answerable[:QUESTIONS]:
            decision = bot.decide(case.question)
            if not isinstance(decision, Weighed) or not decision.ranked.best:
                continue
            best = decision.ranked.best[0]
            chunk = best.unit.chunk
            heading = place(chunk, decision.ranked.evidence.titles)
            reader = bot.support.grafts.reader
            span = decision.ranked.span(best)
            if found := attribution.read(reader, case.question, heading, chunk.text, *span):
                yield found, reader


def gradients(model: torch.nn.Module, reading: attribution.Reading) -> np.ndarray:
    """Gradient × input of the answer's score, summed over each word's tokens, shape (words,)."""
    inputs = model.get_input_embeddings()(torch.tensor([reading.ids])).detach().requires_grad_(True)
    output = model(inputs_embeds=inputs, token_type_ids=torch.tensor([reading.type_ids]))
    starts, ends = output.start_logits[0], output.end_logits[0]
    score = starts[reading.first] + ends[reading.last] - starts[0] - ends[0]
    (gradient,) = torch.autograd.grad(score, inputs)
    of_tokens = (gradient * inputs).sum(-1)[0].detach().numpy()
    return np.array([of_tokens[word.rows].sum() for word in reading.words])


def main(names: list[str]) -> None:
    """Compare and print."""
    bots.SHELVES.append(BUNDLED)
    chance = np.random.default_rng(0)
    model = merged(find_adapter("default", "reader"), "BertForQuestionAnswering").eval()
    against: dict[str, list[bool]] = {}
    lost: dict[str, list[float]] = {}
    for reading, reader in readings(names or list(bots.bundled())):
        methods = {
            "hiding": attribution.losses(reader, reading, [word.rows for word in reading.words]),
            "gradient × input": gradients(model, reading),
            "chance": chance.normal(size=len(reading.words)),
        }
        own = np.array([word.of_answer for word in reading.words])
        for method, weights in methods.items():
            against.setdefault(method, []).extend((weights[own] < 0).tolist())
            heaviest = np.flatnonzero(~own)[np.argsort(-weights[~own])][:HIDDEN]
            hidden = [row for word in heaviest for row in reading.words[word].rows]
            lost.setdefault(method, []).extend(attribution.losses(reader, reading, [hidden]).tolist())
    print(f"| weights by | own words against the answer | lost without the {HIDDEN} heaviest others, logits |")
    print("|---|---:|---:|")
    for method, losses in lost.items():
        print(f"| {method} | {np.mean(against[method]):.2f} | {np.mean(losses):.2f} |")
    print(f"{len(lost['hiding'])} answers")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="BOT")
    main(parser.parse_args().names)
