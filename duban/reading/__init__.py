"""Reading: bytes of a published document in, a `Reading` out. Nothing is written."""
