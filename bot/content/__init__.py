"""Read YAML into one checked, immutable `Content`, with errors that name their line."""
