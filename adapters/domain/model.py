"""The bundled encoder with what rebuilds sentences from its vectors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import BertModel

from adapters.domain.noise import UNTOLD
from adapters.training import backbone

INSIDE, HEAD = "encoder.", "decoder"


class Rebuilder(torch.nn.Module):
    """An encoder, and a decoder or a head tied to its weights; gives logits.

    Args:
        decodes: A decoder rebuilds each sentence from its one vector (TSDAE, Wang, Reimers & Gurevych 2021), or
            else a head tells masked tokens from their states (Gururangan et al. 2020).
        vocabulary: The ids of the tokens that there are to tell, sorted; fewer than the encoder's cost less.
    """

    def __init__(self, decodes: bool, vocabulary: Sequence[int]) -> None:
        super().__init__()
        self.encoder = backbone(BertModel, add_pooling_layer=False)
        self.vocabulary = torch.tensor(vocabulary)
        layers = len(self.encoder.encoder.layer) if decodes else 0
        self.decoder = Decoder(self.encoder.config.hidden_size, len(vocabulary), layers)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        wanted: torch.Tensor,
    ) -> tuple[torch.Tensor]:
        """Logits of the tokens to be told, shape (told, vocabulary).

        Args:
            wanted: Of `noise.Batch`, padded with `UNTOLD`.
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        if self.decoder.cross:
            states = self._decoded(mean(states, attention_mask), wanted)
        words = self.encoder.embeddings.word_embeddings.weight[self.vocabulary]
        return (self.decoder(states[self.told(wanted) != UNTOLD], words),)

    def told(self, wanted: torch.Tensor) -> torch.Tensor:
        """The tokens to be told, where the states are that tell them: a decoder's tell the next one."""
        return wanted[:, 1:] if self.decoder.cross else wanted

    def answers(self, wanted: torch.Tensor) -> torch.Tensor:
        """The places in the vocabulary of the tokens to be told, shape (told,)."""
        found = self.told(wanted)
        return torch.searchsorted(self.vocabulary, found[found != UNTOLD])

    def _decoded(self, vectors: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """States of all tokens but the last, each seeing those before it and its sentence's vector.

        Over a single vector, cross attention is a linear map of it, whatever the queries and keys. It has no
        normalisation of its own: so the layers tied to the encoder's begin with what they know.
        """
        tokens = wanted[:, :-1].clamp(min=0)
        unit = torch.nn.functional.normalize(vectors, dim=-1) * vectors.shape[1] ** 0.5
        states = self.encoder.embeddings(input_ids=tokens)
        unseen = torch.full((tokens.shape[1], tokens.shape[1]), torch.finfo(states.dtype).min).triu(1)
        mask = unseen.to(states)[None, None]
        for layer, cross in zip(self.encoder.encoder.layer, self.decoder.cross, strict=True):
            states = layer.attention(states, mask)[0] + cross(unit)[:, None]
            states = layer.feed_forward_chunk(states)
        return states


class Decoder(torch.nn.Module):
    """What is new beside the encoder's weights, and thrown away in the end.

    Args:
        layers: With cross attention.
    """

    def __init__(self, width: int, vocabulary: int, layers: int) -> None:
        super().__init__()
        self.cross = torch.nn.ModuleList(torch.nn.Linear(width, width) for _ in range(layers))
        self.transform = torch.nn.Linear(width, width)
        self.norm = torch.nn.LayerNorm(width)
        self.bias = torch.nn.Parameter(torch.zeros(vocabulary))
        for linear in (*self.cross, self.transform):
            torch.nn.init.normal_(linear.weight, std=0.02)
            torch.nn.init.zeros_(linear.bias)

    def forward(self, states: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Logits of states, shape (..., vocabulary), by the encoder's word vectors."""
        found = self.norm(torch.nn.functional.gelu(self.transform(states)))
        return torch.nn.functional.linear(found, words, self.bias)


def mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Sentence vectors, shape (batch, width), as the encoder pools them."""
    weights = mask[..., None].to(states)
    return (states * weights).sum(1) / weights.sum(1)
