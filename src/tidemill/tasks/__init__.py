"""One file a task: input, expert, answer, measure."""
