"""Damaged checkpoints, bundles, manifests and YAML: one clear line, or what the whole file says."""
