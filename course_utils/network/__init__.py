"""What the layers of a model do: shapes, receptive fields, diagrams, activations, Grad-CAM, calibration, health."""
