"""What anywidget asks for in Colab before it shows a widget."""


def enable_custom_widget_manager() -> None:
    pass
