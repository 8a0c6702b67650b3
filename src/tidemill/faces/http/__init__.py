"""The face for programs over HTTP: what stands between a hostile client and an ASGI application."""
