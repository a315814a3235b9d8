"""Models and how they are adapted to a domain: the shared backbone and its compiled form."""

from adapters.backbone import Backbone, EncoderSpec, load_backbone
from adapters.models import ModelError, locate
from adapters.registry import Adapter, find_adapter

__all__ = ["Adapter", "Backbone", "EncoderSpec", "ModelError", "find_adapter", "load_backbone", "locate"]
