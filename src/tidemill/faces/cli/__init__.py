"""The command line: one file a verb, resolved on dispatch."""
