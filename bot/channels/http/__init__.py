"""HTTP for every channel that serves it: the server, limits on its connections, health and metrics."""
