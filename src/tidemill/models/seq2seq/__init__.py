"""A T5 encoder-decoder: reads one sequence of tokens and writes another."""
