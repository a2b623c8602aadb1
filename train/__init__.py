"""A sample's journey: manifest, dataset, augmentation, member, loss, checkpoint."""
