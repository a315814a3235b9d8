"""Models and how they are adapted to a domain: the shared backbone and its compiled form."""

from adapters.backbone import Backbone, EncoderSpec, load_backbone
from adapters.models import ModelError, locate

__all__ = ["Backbone", "EncoderSpec", "ModelError", "load_backbone", "locate"]
