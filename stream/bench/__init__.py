"""`divergent-stream bench`: what this machine makes of an ensemble, beside what it could make."""
