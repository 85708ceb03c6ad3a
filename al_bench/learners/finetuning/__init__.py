"""Models that begin with pretrained weights, all of which are trained: networks of timm, transformers of texts."""
