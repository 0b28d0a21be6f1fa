"""nbgrader's settings for a class of this course. nbgrader reads them in the folder from which it is called.

`make handin` puts a copy beside `source/`; the copy is yours to change.
"""

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions


class HandOut(ClearSolutions):
    """Puts in the place of each answer what the course hands out: a gap, or broken code to mend (lesson 11)."""

    def preprocess_cell(self, cell, resources, cell_index):
        if "handed_out" not in cell.metadata:
            return super().preprocess_cell(cell, resources, cell_index)
        cell.source = cell.metadata.pop("handed_out")
        return cell, resources


c = get_config()  # noqa: F821 (nbgrader defines it)
c.CourseDirectory.course_id = "cnn-course"
steps = GenerateAssignment.preprocessors.default()
c.GenerateAssignment.preprocessors = [HandOut if step is ClearSolutions else step for step in steps]

c.Execute.timeout = 300  # seconds for one cell: some answers train a network
c.Execute.iopub_timeout = 60  # a busy server is slow, too
c.OverwriteCells.add_missing_cells = True  # a test cell that a student deleted comes back
# A student's own course_utils.py or torch.py beside the notebook would be imported in the place of the real one.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "*.py", "*.so", "*.pyd", "feedback"]
