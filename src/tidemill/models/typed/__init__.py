"""Types as sequences: a file's words with sentinels go in, types come out (CodeTIDAL5)."""
