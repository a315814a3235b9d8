"""The confidence of an answer rises with what speaks for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chatbot.bot import Bot
from chatbot.confidence import confidence
from chatbot.grafts import find_all
from chatbot.search import Searcher
from chatbot.support import FEATURES, Ranked, SupportModel, judge
from retrieval.encoder import Encoder
from retrieval.index import Index
from tests.conftest import MakeCorpus

QUESTIONS = {"dense": "What does a replacement card cost?", "lexical": "补办新卡收费多少？"}
CHINESE = {"挂失": "银行卡丢失后请拨打客服电话挂失。补办新卡收费十元。", "网点": "网点周末不营业。"}
STEPS = np.linspace(-12, 12, 25)


@pytest.fixture(params=["dense", "lexical"])
def index(request: pytest.FixtureRequest, northwind: Bot, make_corpus: MakeCorpus, encoder: Encoder) -> Index:
    """One for each of the two fitted models."""
    found = northwind.index if request.param == "dense" else make_corpus(CHINESE, "zh").index(encoder)
    assert judge(found) == request.param
    return found


@pytest.fixture
def weighed(index: Index) -> Ranked:
    question = QUESTIONS[judge(index)]
    return SupportModel.load(index, find_all()).rank(question, Searcher(index, None).search(question, 10))


def with_support(ranked: Ranked, score: float) -> Ranked:
    return replace(ranked, best=[replace(ranked.best[0], score=score), *ranked.best[1:]])


def with_odds(ranked: Ranked, odds: float) -> Ranked:
    """As if the reranker had given some unit these log-odds, and the others hardly any."""
    features = ranked.features.copy()
    features[:, FEATURES.index("rerank")] = -50.0
    features[ranked.best[0].row, FEATURES.index("rerank")] = -np.logaddexp(0, -odds)
    return replace(ranked, features=features)


def test_more_support_never_lowers_the_confidence(index: Index, weighed: Ranked) -> None:
    told = [confidence(with_support(weighed, score), index) for score in STEPS]
    assert told == sorted(told) and told[-1] > told[0] + 0.1
    assert told[0] > 0 and told[-1] < 1


def test_better_odds_that_some_unit_answers_never_lower_the_confidence(index: Index, weighed: Ranked) -> None:
    ranks = [with_odds(weighed, odds) for odds in STEPS]
    assert [ranked.answerable for ranked in ranks] == pytest.approx(STEPS.tolist(), abs=1e-2)
    told = [confidence(ranked, index) for ranked in ranks]
    assert told == sorted(told) and told[-1] > told[0] + 0.1


def test_without_units_there_is_no_confidence(index: Index) -> None:
    question = QUESTIONS[judge(index)]
    nothing = replace(Searcher(index, None).search(question, 10), passages=[])
    assert confidence(SupportModel.load(index, find_all()).rank(question, nothing), index) == 0.0
