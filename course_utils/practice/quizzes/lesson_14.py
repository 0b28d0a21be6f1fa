"""The quiz of lesson 14: shares, batches, random numbers, waiting, and bytes."""

from course_utils.practice.quiz import question, right, wrong

PICTURES, PROCESSES, BATCH = 1_000, 3, 64
EACH = -(-PICTURES // PROCESSES)
PARAMETERS, MACHINES = 44_426, 4  # LeNet
SENT = 2 * (MACHINES - 1) * PARAMETERS * 4 // MACHINES
MANY = 64

QUESTIONS = (
    question(
        f"`DistributedSampler` shares {PICTURES:,} pictures among {PROCESSES} processes. How many does each get?",
        wrong(PICTURES // PROCESSES, "then one picture would be in no share; by default it pads."),
        right(EACH, f"{PROCESSES} · {EACH} is {PROCESSES * EACH:,}: two pictures come twice."),
        wrong(PICTURES, "this happens without a sampler: everybody sees everything."),
        wrong(
            f"`{EACH}, {PICTURES // PROCESSES}` and `{PICTURES // PROCESSES}`", "equally many steps need equal shares."
        ),
    ),
    question(
        f"One process trained with batches of {2 * BATCH}. Two processes shall do the same training. No batch "
        "normalisation. What is `batch_size` in each?",
        right(BATCH, f"the global batch is 2 · {BATCH}, as before."),
        wrong(2 * BATCH, "then each step would use twice as many pictures: another training."),
        wrong(4 * BATCH, "then each step would use four times as many pictures."),
    ),
    question(
        "In your script stands `if rank == 0: loss.backward()`, where the model is a DistributedDataParallel of two "
        "processes. What happens?",
        wrong("Rank 0 trains alone.", "its `backward` holds an all-reduce, and rank 1 never joins it."),
        wrong("An error: rank 1 has no gradients.", "nobody can tell a late process from one that never comes."),
        right("Rank 0 waits for rank 1.", "an all-reduce ends when all processes have called it."),
    ),
    question(
        f"Four machines, LeNet with {PARAMETERS:,} parameters in float32. How many bytes does each send in a ring "
        "all-reduce?",
        wrong(PARAMETERS * 4, "this is the gradient once; six parts of a quarter each are more."),
        wrong(SENT // 4, "this is the number of numbers; float32 has four bytes."),
        wrong(SENT // 2, "the first three rounds add up; the finished sums must travel too."),
        right(SENT, f"2 · {MACHINES - 1} rounds, and a part of a quarter of the gradient in each."),
    ),
    question(
        "After each epoch you measure with a `DistributedSampler` and average the accuracies of the processes. What is "
        "wrong?",
        wrong("Nothing; training does the same.", "training may see a picture twice; a measurement must not."),
        right("Padded pictures count twice.", "share without padding, and add hits and pictures over all processes."),
        wrong("Accuracy needs `nccl`.", "the backend only sends messages, of any meaning."),
        wrong("The sampler shuffles.", "the order does not change how many are right."),
    ),
    question(
        "All processes call `torch.manual_seed(777)` at the beginning, and the network has dropout. What happens?",
        wrong("An error: two processes must not have one seed.", "nothing compares the seeds."),
        right(
            "All drop the same units in the first picture of their share, in the second, and so on.",
            "call `torch.manual_seed(777 + rank)` after the network is made.",
        ),
        wrong("DDP gives each process a seed of its own.", "DDP copies weights and buffers, no random numbers."),
        wrong("The networks become different.", "all make the same step: the mean of the gradients."),
    ),
    question(
        f"You go from 2 to {MANY} machines, with a ring and a small network. What makes the all-reduce longer?",
        wrong("The bytes: each sends its whole gradient to all others.", "each sends less than twice its gradient."),
        right(
            "The waits.",
            f"2 rounds become 2 · {MANY - 1} = {2 * (MANY - 1)}, and each costs the latency, however short a part is.",
        ),
        wrong("Rank 0: it receives everything.", "in a ring, nobody receives more than others."),
    ),
    question(
        "A batch is computed in four equal pieces, with `backward()` after each and one step at the end. By what must "
        "the mean loss of each piece be multiplied?",
        wrong("`4`", "the gradients are added up; this makes their sum still larger."),
        wrong("`1`", "the sum of four means is four times the mean."),
        right("`1/4`", "then the sum of the pieces is the mean over the batch."),
    ),
)
