"""Which expert leaves a tier when room is needed: policies, and what they cost on a trace."""
