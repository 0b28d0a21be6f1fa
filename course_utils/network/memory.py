"""What a model keeps in memory between its forward and its backward pass.

The parameters are small beside it: a backward pass needs the numbers that each layer got for each picture of the batch.
"""

from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks


def kept_bytes(model: nn.Module, x: Tensor) -> int:
    """Bytes that PyTorch keeps for a backward pass after `model(x)`, without the model's parameters.

    Args:
        model: any module; its mode (training or evaluation) stays as it is.
        x: a batch; one that is twice as large keeps twice as much.

    Memory that several layers share counts once. Under `torch.no_grad()` nothing is kept: 0.

    >>> import torch
    >>> kept_bytes(nn.Linear(100, 10), torch.zeros(5, 100))  # the input: 5 * 100 numbers of 4 bytes
    2000
    """
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        if (place := tensor.untyped_storage().data_ptr()) not in own:
            kept[place] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        output = model(x)  # its name keeps it alive: memory that is freed may be given away, and would count once
    del output
    return sum(kept.values())
