"""As much of google.colab as a notebook meets: its name in sys.modules, which tells a setup cell where it runs."""
