"""The page in a browser as a channel: rendered on the server, with plain forms; htmx makes it smoother."""
