"""nbgrader's settings for a class of this course. nbgrader reads them in the folder from which it is called.

`make handin` puts a copy beside `source/`; the copy is yours to change.
"""

from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, OverwriteCells


class HandOut(ClearSolutions):
    """Puts in the place of each answer what the course hands out: a gap, or broken code to mend (lesson 11)."""

    def preprocess_cell(self, cell, resources, cell_index):
        if "handed_out" not in cell.metadata:
            return super().preprocess_cell(cell, resources, cell_index)
        cell.source = cell.metadata.pop("handed_out")
        return cell, resources


class PutBack(OverwriteCells):
    """Puts tests that a student deleted back, at the end; what a student marks as a cell of nbgrader is none.

    nbgrader's own way stops at an answer that is deleted with its test, and, for the whole class, at a pasted test.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if "grade_id" in cell.metadata.get("nbgrader", {}):
            cell.metadata.nbgrader["schema_version"] = 3
        else:
            cell.metadata.pop("nbgrader", None)
        return cell, resources

    def add_missing_grade_cells(self, nb, resources):
        there = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells}
        released = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        sources = {cell.name: cell for cell in released.source_cells}
        for test in released.grade_cells:
            if test.name not in there:
                nb.cells.append(self.missing_cell_transform(sources[test.name], test.max_score))
        return nb, resources

    def add_missing_task_cells(self, nb, resources):
        return nb, resources  # the course has none


c = get_config()  # noqa: F821 (nbgrader defines it)
c.CourseDirectory.course_id = "cnn-course"
steps = GenerateAssignment.preprocessors.default()
c.GenerateAssignment.preprocessors = [HandOut if step is ClearSolutions else step for step in steps]
steps = Autograde.sanitize_preprocessors.default()
c.Autograde.sanitize_preprocessors = [PutBack if step is OverwriteCells else step for step in steps]

c.Execute.timeout = 300  # seconds for one cell: some answers train a network
c.Execute.iopub_timeout = 60  # a busy server is slow, too
c.OverwriteCells.add_missing_cells = True
# A student's own course_utils.py or torch.py beside the notebook would be imported in the place of the real one.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "*.pyc", "*.py", "*.so", "*.pyd", "feedback"]
