"""SAT: an accelerator for N:M sparse training, to the cycle (arXiv 2309.13015)."""
