"""From the syntax of a file to its values: one walk, in the order of execution."""
