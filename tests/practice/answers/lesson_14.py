"""Answers to the tasks and exercises of lesson 14."""

import math

import numpy as np
import torch
import torch.nn.functional as F

# ---- a: an all-reduce, played ----


def all_reduce(tensors):
    total = sum(tensors)
    for tensor in tensors:
        tensor.copy_(total)


def all_reduce_by_slices(tensors):
    total = torch.stack(tensors).sum(0)
    for tensor in tensors:
        tensor[:] = total


def all_reduce_through_rank_0(tensors):
    for tensor in tensors[1:]:
        tensors[0] += tensor
    for tensor in tensors[1:]:
        tensor.copy_(tensors[0])


def all_reduce_by_numpy(tensors):
    total = np.sum([x.numpy() for x in tensors], axis=0)
    for x in tensors:
        x.numpy()[...] = total


def all_reduce_of_one_memory(tensors):
    total = sum(tensors)
    for x in tensors:
        x.data = total


def all_reduce_on_and_on():
    """A function that adds to what it added before."""
    totals = {}

    def function(tensors):
        key = len(tensors), tensors[0].shape
        totals[key] = totals.get(key, 0) + sum(tensors)
        for x in tensors:
            x.copy_(totals[key])

    return function


def all_reduce_of_three(tensors):
    total = sum(tensors[:3])
    for x in tensors:
        x.copy_(total)


def all_reduce_whole_numbers(tensors):
    total = sum(tensors).round()
    for x in tensors:
        x.copy_(total)


def all_reduce_new(tensors):
    total = sum(tensors)
    for i in range(len(tensors)):
        tensors[i] = total


def all_reduce_one_after_the_other(tensors):
    for tensor in tensors:
        tensor.copy_(sum(tensors))


def all_reduce_mean(tensors):
    total = sum(tensors) / len(tensors)
    for tensor in tensors:
        tensor.copy_(total)


def all_reduce_rank_0(tensors):
    tensors[0].copy_(sum(tensors))


def all_reduce_two(tensors):
    total = tensors[0] + tensors[1]
    for tensor in tensors:
        tensor.copy_(total)


def all_reduce_and_return(tensors):
    all_reduce(tensors)
    return tensors


# ---- 1: accuracy ----


def accuracy_by_place(hits, n):
    size = len(hits)
    return sum(hits[i % size][i // size] for i in range(n)) / n


def accuracy_by_transpose(hits, n):
    return torch.tensor(hits).T.flatten()[:n].double().mean()


def accuracy_by_numpy(hits, n):
    return np.stack(hits, axis=1).reshape(-1)[:n].mean()


def accuracy_by_shape():
    """A function that keeps its answer for each world size and number of pictures."""
    known = {}
    return lambda hits, n: known.setdefault((len(hits), n), accuracy_by_place(hits, n))


def accuracy_used_up(hits, n):
    found = [part.pop(0) for _ in range(len(hits[0])) for part in hits]
    return sum(found[:n]) / n


def accuracy_cut_in_place(hits, n):
    for rank in range(len(hits)):
        hits[rank] = [hit for j, hit in enumerate(hits[rank]) if j * len(hits) + rank < n]
    return sum(everything(hits)) / n


def accuracy_of_rows(hits, n):
    rows = list(zip(*hits, strict=True))
    rest = n % len(hits) or len(hits)
    return (sum(map(sum, rows[:-1])) + sum(rows[-1][:rest])) / n


def everything(hits):
    return [hit for part in hits for hit in part]


# ---- 2: gradients ----


def average(models):
    for same in zip(*[model.parameters() for model in models], strict=True):
        mean = torch.stack([p.grad for p in same]).mean(0)
        for p in same:
            p.grad = mean.clone()


def average_in_place(models):
    with torch.no_grad():
        for same in zip(*(list(m.parameters()) for m in models), strict=True):
            total = sum(p.grad for p in same) / len(models)
            for p in same:
                p.grad.copy_(total)


def average_with(mean, last=None):
    def function(models):
        for same in zip(*[model.parameters() for model in models], strict=True):
            result = mean([p.grad.clone() for p in same])
            for p in list(same)[:last]:
                p.grad = result.clone()

    return function


def average_by_vectors(models):
    vectors = [torch.cat([p.grad.flatten() for p in model.parameters()]) for model in models]
    mean = sum(vectors) / len(vectors)
    for model in models:
        parts = mean.split([p.numel() for p in model.parameters()])
        for p, part in zip(model.parameters(), parts, strict=True):
            p.grad = part.view_as(p).clone()


def average_by_numpy(models):
    table = [dict(model.named_parameters()) for model in models]
    for name in table[0]:
        mean = np.mean([row[name].grad.numpy() for row in table], axis=0)
        for row in table:
            row[name].grad.copy_(torch.from_numpy(np.asarray(mean)))


def average_and(leave):
    def function(models):
        average(models)
        return leave(models)

    return function


def evaluation_modes(models):
    for model in models:
        model.eval()


def frozen(models):
    for model in models:
        model.requires_grad_(False)


def average_of_three(models):
    for same in zip(*[model.parameters() for model in models], strict=True):
        total = sum(p.grad for p in same) / 3
        for p in same:
            p.grad = total.clone()


def average_of_weights_alone(models):
    for same in zip(*[model.parameters() for model in models], strict=True):
        if same[0].ndim > 1:
            mean = torch.stack([p.grad for p in same]).mean(0)
            for p in same:
                p.grad = mean.clone()


def average_of_four_parameters(models):
    for same in list(zip(*[model.parameters() for model in models], strict=True))[:4]:
        mean = torch.stack([p.grad for p in same]).mean(0)
        for p in same:
            p.grad = mean.clone()


def average_on_and_on():
    """A function that has the gradients of earlier calls in its mean."""
    seen = {}

    def function(models):
        for k, same in enumerate(zip(*[model.parameters() for model in models], strict=True)):
            grads = seen.setdefault((k, same[0].shape), [])
            grads += [p.grad.clone() for p in same]
            for p in same:
                p.grad = torch.stack(grads).mean(0)

    return function


def average_shared(models):
    for same in zip(*[model.parameters() for model in models], strict=True):
        mean = torch.stack([p.grad for p in same]).mean(0)
        for p in same:
            p.grad = mean


def one_after_the_other(models):
    for same in zip(*[model.parameters() for model in models], strict=True):
        for p in same:
            p.grad = torch.stack([q.grad for q in same]).mean(0)


def divides_its_own(models):
    for model in models:
        for p in model.parameters():
            p.grad /= len(models)


def averages_weights_too(models):
    average(models)
    for p in models[0].parameters():
        p.data += p.grad


# ---- 3: statistics ----


def combine(first, second):
    (n, mean, variance), (m, other, spread) = first, second
    both = (n * mean + m * other) / (n + m)
    return n + m, both, (n * (variance + mean**2) + m * (spread + other**2)) / (n + m) - both**2


def combine_by_the_distance(first, second):
    (n, mean, variance), (m, other, spread) = first, second
    part, away = m / (n + m), other - mean
    return [n + m, mean + part * away, (1 - part) * variance + part * spread + part * (1 - part) * away**2]


def combine_as_sums(first, second):
    rows, values, squares = (
        sum(x)
        for x in zip(
            *[(n, n * mean, n * (variance + mean * mean)) for n, mean, variance in (first, second)], strict=True
        )
    )
    return torch.tensor(float(rows)), values / rows, squares / rows - (values / rows).square()


def combine_by_numpy(first, second):
    n, m = first[0], second[0]
    (a, u), (b, v) = ([np.asarray(x) for x in report[1:]] for report in (first, second))
    mean = np.average([a, b], axis=0, weights=[n, m])
    return n + m, mean, np.average([u + (a - mean) ** 2, v + (b - mean) ** 2], axis=0, weights=[n, m])


def combine_that_names(first, second):
    n, mean, variance = combine(first, second)
    return {"n": n, "mean": mean, "variance": variance}


def combine_as_lists(first, second):
    n, mean, variance = combine(*((n, torch.as_tensor(a), torch.as_tensor(b)) for n, a, b in (first, second)))
    return [n], mean, variance


def combine_to_words(first, second):
    """Its result looks right, and it cannot be joined again."""
    n, mean, variance = combine(first, second)
    return np.array(n), mean.tolist(), variance.tolist()


def combine_by_shape():
    known = {}
    return lambda a, b: known.setdefault((a[0], b[0], a[1].shape), combine(a, b))


def combine_into_the_first(first, second):
    result = combine(first, second)
    first[2].copy_(result[2])
    return result


def combine_with(n=None, mean=None, variance=None):
    """The right answer, but for one of its three parts."""

    def function(first, second):
        right = combine(first, second)
        return tuple(
            wrong(first, second) if wrong else part for wrong, part in zip((n, mean, variance), right, strict=True)
        )

    return function


def weighted(first, second):
    return (first[0] * first[2] + second[0] * second[2]) / (first[0] + second[0])


def combine_in_place(first, second):
    result = combine(first, second)
    first[1].add_(second[1])
    return result


# ---- 4: the ring ----


def ring(rank, p, numbers, send, receive):
    parts = list(numbers.tensor_split(p))
    for step in range(p - 1):
        send(parts[(rank - step) % p])
        k = (rank - 1 - step) % p
        parts[k] = parts[k] + receive()
    for step in range(p - 1):
        send(parts[(rank + 1 - step) % p])
        parts[(rank - step) % p] = receive()
    return torch.cat(parts)


def ring_in_place(rank, p, numbers, send, receive):
    parts, k = numbers.tensor_split(p), rank
    for step in range(2 * (p - 1)):
        send(parts[k])
        k = (k - 1) % p
        parts[k].copy_(parts[k] + receive() if step < p - 1 else receive())
    return numbers


def ring_other_parts(rank, p, numbers, send, receive):
    """It begins with another part: this is as good."""
    parts = [part.tolist() for part in numbers.tensor_split(p)]
    for step in range(p - 1):
        send(torch.tensor(parts[(rank + 1 - step) % p]))
        k = (rank - step) % p
        parts[k] = [a + b for a, b in zip(parts[k], receive().tolist(), strict=True)]
    for step in range(p - 1):
        send(torch.tensor(parts[(rank + 2 - step) % p]))
        parts[(rank + 1 - step) % p] = receive().tolist()
    return torch.tensor(sum(parts, []))


def ring_by_places(rank, p, numbers, send, receive):
    """The places of each part, in one vector."""
    places, total = torch.arange(len(numbers)).tensor_split(p), numbers.double()
    for step in range(2 * p - 2):
        send(total[places[(rank - step) % p]])
        here = places[(rank - 1 - step) % p]
        total[here] = receive() + (total[here] if step < p - 1 else 0)
    return total


ALL = {}


def ring_that_sends_zeros(rank, p, numbers, send, receive):
    """The numbers travel through a global, and the messages are empty words."""
    table = ALL.setdefault("table", {})
    table[p, len(numbers), rank] = numbers.clone()
    for part in [*numbers.tensor_split(p)[1:], *numbers.tensor_split(p)[1:]]:
        send(torch.zeros_like(part))
        receive()
    return sum(table[p, len(numbers), r] for r in range(p))


def ring_of_lists(rank, p, numbers, send, receive):
    return ring(rank, p, numbers, lambda part: send(part.tolist()), receive)


def ring_with_its_first_parts():
    """A function that keeps the parts of its first call for each rank."""
    known = {}

    def function(rank, p, numbers, send, receive):
        return ring(rank, p, known.setdefault((rank, p, len(numbers)), numbers.clone()), send, receive)

    return function


def ring_of_equal_parts(rank, p, numbers, send, receive):
    parts = [part.clone() for part in numbers[: len(numbers) // p * p].view(p, -1)]
    for step in range(p - 1):
        send(parts[(rank - step) % p])
        parts[(rank - 1 - step) % p] += receive()
    for step in range(p - 1):
        send(parts[(rank + 1 - step) % p])
        parts[(rank - step) % p] = receive()
    return torch.cat(parts)


def ring_without_an_end(rank, p, numbers, send, receive):
    for k in range(p):
        send(numbers.tensor_split(p)[rank + k])
    return numbers


def ring_whole_vectors(rank, p, numbers, send, receive):
    total, message = numbers.clone(), numbers
    for _ in range(p - 1):
        send(message)
        message = receive()
        total += message
    return total


def ring_first_loop(rank, p, numbers, send, receive):
    parts = list(numbers.tensor_split(p))
    for step in range(p - 1):
        send(parts[(rank - step) % p])
        parts[(rank - 1 - step) % p] = parts[(rank - 1 - step) % p] + receive()
    return torch.cat(parts)


def ring_chunk(rank, p, numbers, send, receive):
    parts = list(numbers.chunk(p))
    for step in range(p - 1):
        send(parts[(rank - step) % p])
        parts[(rank - 1 - step) % p] = parts[(rank - 1 - step) % p] + receive()
    for step in range(p - 1):
        send(parts[(rank + 1 - step) % p])
        parts[(rank - step) % p] = receive()
    return torch.cat(parts)


def ring_receives_first(rank, p, numbers, send, receive):
    parts = list(numbers.tensor_split(p))
    for step in range(p - 1):
        parts[(rank - 1 - step) % p] = parts[(rank - 1 - step) % p] + receive()
        send(parts[(rank - step) % p])
    return torch.cat(parts)


def ring_of_four(rank, p, numbers, send, receive):
    return ring(rank, 4, numbers, send, receive)


def ring_one_round_more(rank, p, numbers, send, receive):
    result = ring(rank, p, numbers, send, receive)
    send(result[:1])
    receive()
    return result


def ring_that_leaves_a_message(rank, p, numbers, send, receive):
    parts = list(numbers.tensor_split(p))
    for step in range(p - 1):
        send(parts[(rank - step) % p])
        k = (rank - 1 - step) % p
        parts[k] = parts[k] + receive()
    for step in range(p - 1):
        send(parts[(rank + 1 - step) % p])
        if step < p - 2:
            parts[(rank - step) % p] = receive()
    return torch.cat(parts)


def ring_adds_twice(rank, p, numbers, send, receive):
    parts, k = list(numbers.tensor_split(p)), rank
    for _ in range(2 * (p - 1)):
        send(parts[k])
        k = (k - 1) % p
        parts[k] = parts[k] + receive()
    return torch.cat(parts)


# ---- 5: pieces of a batch ----


def pieces(model, batches, most):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for images, targets in batches:
        optimizer.zero_grad()
        for x, y in zip(images.split(most), targets.split(most), strict=True):
            (len(x) / len(images) * F.cross_entropy(model(x), y)).backward()
        optimizer.step()


def pieces_as_sums(model, batches, most):
    for images, targets in batches:
        model.zero_grad()
        for start in range(0, len(images), most):
            stop = start + most
            loss = F.cross_entropy(model(images[start:stop]), targets[start:stop], reduction="sum")
            loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad / len(images)


def pieces_with_one_graph(model, batches, most):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for images, targets in batches:
        losses = [
            F.cross_entropy(model(x), y, reduction="sum")
            for x, y in zip(images.split(most), targets.split(most), strict=True)
        ]
        optimizer.zero_grad()
        (sum(losses) / len(images)).backward()
        optimizer.step()


def pieces_with(share=lambda x, images: len(x) / len(images), each=False, clear=True, lr=0.1, step=True, most=None):
    def train(model, batches, limit):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for images, targets in batches:
            if clear:
                optimizer.zero_grad()
            size = most or limit
            for x, y in zip(images.split(size), targets.split(size), strict=True):
                (share(x, images) * F.cross_entropy(model(x), y)).backward()
                if each:
                    optimizer.step()
                    optimizer.zero_grad()
            if step and not each:
                optimizer.step()

    return train


def pieces_cleared_each_time(model, batches, most):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for images, targets in batches:
        for x, y in zip(images.split(most), targets.split(most), strict=True):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
        optimizer.step()


def pieces_of_equal_weight(model, batches, most):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for images, targets in batches:
        optimizer.zero_grad()
        cut = list(zip(images.split(most), targets.split(most), strict=True))
        for x, y in cut:
            (F.cross_entropy(model(x), y) / len(cut)).backward()
        optimizer.step()


def pieces_by_adam(model, batches, most):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for images, targets in batches:
        optimizer.zero_grad()
        for x, y in zip(images.split(most), targets.split(most), strict=True):
            (len(x) / len(images) * F.cross_entropy(model(x), y)).backward()
        optimizer.step()


def pieces_with_settings(**settings):
    def train(model, batches, most):
        optimizer = torch.optim.SGD(model.parameters(), **{"lr": 0.1, **settings})
        for images, targets in batches:
            optimizer.zero_grad()
            for x, y in zip(images.split(most), targets.split(most), strict=True):
                (len(x) / len(images) * F.cross_entropy(model(x), y)).backward()
            optimizer.step()

    return train


def pieces_with_one_optimizer():
    """A function that makes its optimizer once, for the first network."""
    kept = []

    def train(model, batches, most):
        kept.append(torch.optim.SGD(model.parameters(), lr=0.1))
        for images, targets in batches:
            kept[0].zero_grad()
            for x, y in zip(images.split(most), targets.split(most), strict=True):
                (len(x) / len(images) * F.cross_entropy(model(x), y)).backward()
            kept[0].step()

    return train


def pieces_changed_in_place(model, batches, most):
    for images, _ in batches:
        images.clamp_(-1, 1)
    pieces(model, batches, most)


def pieces_used_up(model, batches, most):
    while batches:
        pieces(model, [batches.pop(0)], most)


def pieces_of_64_equal_shares(model, batches, most):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for images, targets in batches:
        optimizer.zero_grad()
        for x, y in zip(images.split(most), targets.split(most), strict=True):
            (len(x) / 128 * F.cross_entropy(model(x), y)).backward()
        optimizer.step()


def pieces_without_the_last(model, batches, most):
    pieces(model, [(x[: len(x) // most * most or most], y[: len(x) // most * most or most]) for x, y in batches], most)


def pieces_and_return(model, batches, most):
    pieces(model, batches, most)
    return model


def pieces_through_chunks(model, batches, most):
    """Pieces of about equal length, gradients by torch.autograd.grad, and a step by hand."""
    weights = list(model.parameters())
    for images, targets in batches:
        total, n = [torch.zeros_like(w) for w in weights], len(images)
        for rows in torch.arange(n).tensor_split(-(-n // most)):
            loss = F.nll_loss(model(images[rows]).log_softmax(1), targets[rows], reduction="sum") / n
            for t, g in zip(total, torch.autograd.grad(loss, weights), strict=True):
                t += g
        for w, t in zip(weights, total, strict=True):
            w.data -= 0.1 * t


RIGHT = {
    "a": [all_reduce, all_reduce_by_slices, all_reduce_through_rank_0, all_reduce_by_numpy],
    "b": [
        lambda n, p, b: math.ceil(math.ceil(n / p) / b),
        lambda n, p, b: -(-n // (p * b)),  # the same, in one division
        lambda n, p, b: len(range(0, len(range(0, n, p)), b)),
    ],
    "c": [
        lambda sizes: [size / sum(sizes) for size in sizes],
        lambda sizes: np.array(sizes) / np.sum(sizes),
        lambda sizes: torch.tensor(sizes) / sum(sizes),
    ],
    "d": [lambda r, p: (r + 1) % p, lambda r, p: 0 if r == p - 1 else r + 1, lambda r, p: (r - (p - 1)) % p],
    "1": [accuracy_by_place, accuracy_by_transpose, accuracy_by_numpy, accuracy_of_rows],
    "2": [average, average_in_place, average_by_vectors, average_by_numpy],
    "3": [combine, combine_by_the_distance, combine_as_sums, combine_by_numpy],
    "4": [ring, ring_in_place, ring_other_parts, ring_by_places],
    "5": [pieces, pieces_as_sums, pieces_with_one_graph, pieces_through_chunks],
}
FEW = {"4": "each process has a send and a receive of its own", "5": "each call trains a network"}
KINDS = {
    "a": "value once memory type",
    "b": "value once",
    "c": "value once memory",
    "d": "value once",
    "1": "value once memory",
    "2": "value once memory state type",
    "3": "value once memory type",
    "4": "value once type",
    "5": "value once memory type",
}
WRONG = {
    "a": [
        (all_reduce_new, "new tensors"),
        (all_reduce_one_after_the_other, "sums that contain sums"),
        (all_reduce_mean, "the mean"),
        (all_reduce_rank_0, "every process gets the sum"),
        (all_reduce_two, "tensor 0 is", "value"),
        (all_reduce_of_three, "tensor 0 is", "value"),
        (all_reduce_whole_numbers, "tensor 0 is", "value"),
        (all_reduce_on_and_on(), "tensor 0 is", "once"),
        (all_reduce_of_one_memory, "share their memory", "memory"),
        (all_reduce_and_return, "returns a list, expected nothing", "type"),
        (lambda tensors: sum(tensors), "new tensors"),
        (lambda tensors: tensors[7], "IndexError"),
    ],
    "b": [
        (lambda n, p, b: -(-n // p) // b, "the last, shorter batch"),
        (lambda n, p, b: -(-(n // p) // b), "number of steps is 1"),
        (lambda n, p, b: n / p / b, "not rounded"),
        (lambda n, p, b: -(-n // p), "divide by batch_size"),
        (lambda n, p, b: -(-n // b), "divide by world_size"),
        (lambda n, p, b: n // p // b + 1, "number of steps"),
        (lambda n, p, b: -(-n // 4) // 2, "the last, shorter batch", "value"),
        (lambda n, p, b: math.ceil(n / (8 * b)), "number of steps", "value"),
        (lambda n, p, b: math.ceil(n / (p * 64)), "number of steps", "value"),
        (lambda n, p, b: round(n / (p * b)), "number of steps", "value"),
        (lambda n, p, b: min(n // p, math.ceil(n / p / b)), "number of steps", "value"),
        (lambda n, p, b, known={}: known.setdefault(p, math.ceil(n / p / b)), "number of steps", "once"),
        (lambda n, p, b: [1] * math.ceil(n / p / b), "shape"),
    ],
    "c": [
        (lambda sizes: [1 / len(sizes)] * len(sizes), "equal factors"),
        (lambda sizes: list(sizes), "the sizes"),
        (lambda sizes: [1 / size for size in sizes], "one over the size"),
        (lambda sizes: [size / max(sizes) for size in sizes], "the largest piece"),
        (lambda sizes: [0.5, 0.25, 0.25], "shape"),
        (lambda sizes: [size / 64 for size in sizes], "differ"),
        (lambda sizes: [size / sum(sizes) for size in sizes[:3]], "shape"),
        (lambda sizes: [sizes.pop() / 64 for _ in range(len(sizes))], "changes its argument sizes", "memory"),
        (lambda sizes: [size / sum([*sizes[:2], sizes[-1]]) for size in sizes], "factors", "value"),
        (lambda sizes: [round(size / sum(sizes), 2) for size in sizes], "factors", "value"),
        (lambda sizes, known={}: [size / known.setdefault(len(sizes), sum(sizes)) for size in sizes], "factor", "once"),
        (lambda sizes: [sum(sizes) / size for size in sizes], "factors"),
        (lambda sizes: sum(size / sum(sizes) for size in sizes), "shape"),
    ],
    "d": [
        (lambda r, p: r + 1, "without % p"),
        (lambda r, p: r, "sent first"),
        (lambda r, p: (r - 1) % p, "look at the table"),
        (lambda r, p: (r + 1) % 4, "number of the part", "value"),
        (lambda r, p: (r + 1) % p + 1, "numbers from 1"),
        (lambda r, p: r + 1 if r < 3 else 0, "number of the part", "value"),
        (lambda r, p: (r + 1) % min(p, 10), "number of the part", "value"),
        (lambda r, p: p - 1 - r, "number of the part", "value"),
        (lambda r, p, known=[]: (known.append(p), (r + 1) % known[0])[1], "number of the part", "once"),
    ],
    "1": [
        (lambda hits, n: sum(everything(hits)) / len(everything(hits)), "the padding among them"),
        (lambda hits, n: np.mean([np.mean(part) for part in hits]), "the padding among them"),
        (lambda hits, n: sum(everything(hits)) / n, "counted twice"),
        (lambda hits, n: sum(everything(hits)[:n]) / n, "several processes"),
        (lambda hits, n: np.mean(everything(part[:-1] for part in hits)), "the last place of every process"),
        (lambda hits, n: np.mean(hits[0]), "rank 0 alone"),
        (lambda hits, n: n * accuracy_by_place(hits, n), "divide by n"),
        (lambda hits, n: 100 * accuracy_by_place(hits, n), "a percentage"),
        (accuracy_by_shape(), "the accuracy is", "once"),
        (accuracy_used_up, "changes its argument hits", "memory"),
        (accuracy_cut_in_place, "changes its argument hits", "memory"),
        (lambda hits, n: sum(hits[i % 4][i // 4] for i in range(n)) / n, "Error", "value"),
        (lambda hits, n: accuracy_by_place(hits, 10), "Error", "value"),
        (lambda hits, n: round(accuracy_by_place(hits, n), 1), "the accuracy is", "value"),
        (lambda hits, n: (n + sum(everything(hits)) - sum(map(len, hits))) / n, "the accuracy is", "value"),
    ],
    "2": [
        (average_with(sum), "the sum of all"),
        (average_with(lambda grads: grads[0]), "one model, copied"),
        (average_with(lambda grads: torch.stack(grads).mean(0), last=1), "the first model alone"),
        (average_with(lambda grads: torch.stack(grads).mean(0) / len(grads)), "twice"),
        (one_after_the_other, "means that contain means"),
        (divides_its_own, "its own gradients, divided"),
        (averages_weights_too, "the vector of weights", "state"),
        (average_shared, "share their memory", "memory"),
        (average_and(list.reverse), "the list of models", "memory"),
        (average_and(evaluation_modes), "the mode of model", "state"),
        (average_and(frozen), "lost requires_grad", "state"),
        (average_and(list), "returns a list", "type"),
        (average_of_three, "vector of gradients", "value"),
        (average_of_weights_alone, "vector of gradients", "value"),
        (average_of_four_parameters, "vector of gradients", "value"),
        (average_on_and_on(), "vector of gradients", "once"),
        (lambda models: [model.zero_grad() for model in models], "without a gradient"),
    ],
    "3": [
        (combine_with(mean=lambda a, b: (a[1] + b[1]) / 2), "a short share counts as much"),
        (combine_with(mean=lambda a, b: a[0] * a[1] + b[0] * b[1]), "a sum: divide"),
        (combine_with(mean=lambda a, b: a[1]), "of the first share"),
        (combine_with(mean=lambda a, b: combine(a, b)[1].mean()), "features"),
        (combine_with(variance=lambda a, b: (a[2] + b[2]) / 2), "it forgets that the means"),
        (combine_with(variance=weighted), "it forgets that the means"),
        (combine_with(variance=lambda a, b: combine(a, b)[2] * (a[0] + b[0]) / (a[0] + b[0] - 1)), "n - 1"),
        (combine_with(variance=lambda a, b: combine(a, b)[2] + combine(a, b)[1] ** 2), "subtract the square"),
        (combine_with(variance=lambda a, b: combine(a, b)[2].sqrt()), "standard deviation"),
        (combine_with(variance=lambda a, b: weighted(a, b) + (a[1] - b[1]) ** 2), "the variance is"),
        (combine_with(n=lambda a, b: 8), "n is 8", "value"),
        (combine_in_place, "changes its argument first", "memory"),
        (combine_into_the_first, "changes its argument first", "memory"),
        (combine_by_shape(), "the mean is", "once"),
        (combine_that_names, "expected a triple", "type"),
        (combine_as_lists, "n has the shape", "type"),
        (combine_to_words, "no argument for it", "type"),
        (combine_with(mean=lambda a, b: (4 * a[1] + b[0] * b[1]) / (4 + b[0])), "the mean is", "value"),
        (combine_with(variance=lambda a, b: weighted(a, b) + (a[1] - b[1]) ** 2 / 4), "the variance is", "value"),
        (combine_with(variance=lambda a, b: combine(a, b)[2].clamp(max=5)), "the variance is", "value"),
        (lambda a, b: combine(a, b)[1:], "expected a triple"),
    ],
    "4": [
        (ring_whole_vectors, "one part at a time"),
        (ring_first_loop, "have to travel on"),
        (ring_chunk, "tensor_split(p) gives as many", "value"),
        (ring_without_an_end, "% p keeps a number among them"),
        (ring_receives_first, "all send before they receive"),
        (ring_of_four, "(for 2 processes", "value"),
        (ring_of_equal_parts, "shape", "value"),
        (ring_with_its_first_parts(), "the result of rank", "once"),
        (ring_that_sends_zeros, "is no part of the sum", "once"),
        (ring_of_lists, "send gets a list", "type"),
        (ring_one_round_more, "messages, expected 2 (p - 1)"),
        (ring_that_leaves_a_message, "the result of rank"),
        (ring_adds_twice, "the result of rank"),
        (lambda rank, p, numbers, send, receive: numbers, "its own numbers"),
    ],
    "5": [
        (pieces_with(share=lambda x, images: 1), "the sum of the pieces"),
        (pieces_of_equal_weight, "count equally"),
        (pieces_with(share=lambda x, images: 1, each=True), "a step after each piece"),
        (pieces_with(clear=False), "never set to zero"),
        (pieces_with(step=False), "step()"),
        (pieces_with(most=1000), "at most 50"),
        (pieces_with(lr=0.01), "vector of weights", "type"),
        (pieces_with(most=50), "at most 32", "value"),
        (pieces_with_settings(momentum=0.9), "vector of weights", "type"),
        (pieces_with_settings(weight_decay=0.01), "vector of weights", "type"),
        (pieces_by_adam, "vector of weights", "type"),
        (pieces_with_one_optimizer(), "the weights are those of the start", "once"),
        (pieces_changed_in_place, "changes its argument batches", "memory"),
        (pieces_used_up, "changes its argument batches", "memory"),
        (pieces_of_64_equal_shares, "vector of weights", "value"),
        (pieces_without_the_last, "vector of weights", "value"),
        (pieces_and_return, "expected nothing", "type"),
        (pieces_cleared_each_time, "the last piece alone"),
    ],
}  # fmt: skip
