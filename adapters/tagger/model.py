"""The tagger in torch: the backbone, told how words are written, a head for words and one for pairs of entities."""

from __future__ import annotations

import torch
from transformers import BertConfig, BertModel
from transformers.models.bert.modeling_bert import BertPreTrainedModel

from adapters.tagger.data import LABELS, RELATIONS, SHAPES

WIDTH = 192
"""Units of the hidden layer that weighs a pair."""


class Heads(torch.nn.Module):
    """All that is trained in full."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.shape = torch.nn.Embedding(SHAPES, size)
        self.words = torch.nn.Linear(size, len(LABELS))
        self.ends = torch.nn.Linear(4 * size, WIDTH)
        self.relations = torch.nn.Linear(WIDTH, len(RELATIONS) + 1)


class Tagger(BertPreTrainedModel):
    """Gives the states of all tokens; `words` and `relations` are told from these."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.heads = Heads(config.hidden_size)
        self.post_init()

    def states(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """States, shape (batch, tokens, size); `token_type_ids` are the shapes of words."""
        found = self.bert.embeddings.word_embeddings(input_ids) + self.heads.shape(token_type_ids)
        states: torch.Tensor = self.bert(inputs_embeds=found, attention_mask=attention_mask)[0]
        return states

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor,
        firsts: torch.Tensor,
        pairs: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of words, shape (words, labels), and of pairs, shape (pairs, none and relations).

        Args:
            firsts: Row and first token of each word, shape (words, 2).
            pairs: Row, and begin and end of subject, object and what lies between, in tokens, shape (pairs, 7).
        """
        states = self.states(input_ids, attention_mask, token_type_ids)
        words = self.heads.words(states[firsts[:, 0], firsts[:, 1]])
        ends = torch.cat([pooled(states, pairs[:, [0, at, at + 1]]) for at in (1, 3, 5)] + [states[pairs[:, 0], 0]], 1)
        return words, self.heads.relations(torch.relu(self.heads.ends(ends)))


def pooled(states: torch.Tensor, spans: torch.Tensor) -> torch.Tensor:
    """The greatest of each unit over spans (row, begin, end), shape (spans, size); 0 for empty ones."""
    at = torch.arange(states.shape[1])
    inside = (at >= spans[:, 1:2]) & (at < spans[:, 2:3])
    found = states[spans[:, 0]].masked_fill(~inside[..., None], -1e4).amax(1)
    return found.masked_fill((spans[:, 1] >= spans[:, 2])[:, None], 0.0)
