"""Where experts are: on disk, in one piece of memory that all workers share, and active."""
