"""Controls for a live notebook and the site. Before each stands a static figure, for a reader who cannot click."""
