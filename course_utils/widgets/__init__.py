"""Controls for a live notebook. Before each stands a static figure, for a reader who cannot click."""
