# %% 9,000 pictures, 8 epochs, batches of 128, 5,000 validation pictures, 560 steps (section 1)
assert len(cifar.validation) == 5_000 and len(cifar.train) == 45_000
if course.speed == "class":
    assert len(training) == 9_000 and epochs == 8 and steps == 560

# %% pictures of 32 x 32 pixels (section 2)
assert cifar.train.images.shape[2:] == (32, 32)

# %% no picture of the 128 is among the 500 others (section 3)
assert len(set(order[:628].tolist())) == 628 and len(batch.images) == 128 and len(others.images) == 500

# %% the triangle: 1 at step 23 of 100, 0.535 at step 61.5 (section 3)
assert triangle(23, steps=100) == 1 and round(triangle(61.5, steps=100), 3) == 0.535

# %% a new network gains most from a rate of 1 or more, a trained one is harmed by it (section 3)
if course.speed != "smoke" and not cifar.standin:
    new, trained = changes["a new network"], changes["your trained one"]
    assert one_step_rates[-2:] == [1, 3] and new.index(min(new)) >= 5
    assert trained[-1] > 0.1 and min(trained) > -0.05

# %% a rise over 15 of 40 steps changes little (section 3)
if course.speed != "smoke" and not cifar.standin:
    assert abs(loss_after_40_steps(rise=1) - loss_after_40_steps(rise=15)) < 0.15

# %% 560 steps of weight decay leave 0.756; 0.00133 and 0.375 are the settings (section 4)
assert round((1 - 0.375 * 0.00133) ** 560, 3) == 0.756

# %% with the momentum and the plan of the training, more than half of such a weight is gone (section 4)
idle = torch.nn.Parameter(torch.tensor([1.0]))
decaying = torch.optim.SGD([idle], lr=0.375, momentum=0.85, nesterov=True, weight_decay=1.33e-3)
falling = airbench.triangular_schedule(decaying, 560)
for _ in range(560):
    idle.grad = torch.zeros(1)
    decaying.step()
    falling.step()
assert 0.3 < idle.item() < 0.5

# %% two small steps and one large one end near each other for small rates only (section 5)
if course.speed != "smoke" and not cifar.standin:
    model = network()
    model(first.images)
    model.eval()
    learned = [p for p in model.parameters() if p.requires_grad]
    start = copy.deepcopy(model.state_dict())
    apart = {}
    for rate in (0.001, 0.01, 1):
        origin, two, one = walk([], 0), walk([first, second], rate), walk([joined], 2 * rate)
        apart[rate] = ((two - one).norm() / (two - origin).norm()).item()
    assert apart[0.001] < 0.05 and apart[0.01] < 0.1 and apart[1] > 0.2
assert 3.0 * 128 / 1_024 == 0.375

# %% the smallest smoothed loss is 0.867, at 0.82 (section 6)
assert round(-(0.82 * torch.tensor(0.82).log() + 0.18 * torch.tensor(0.02).log()).item(), 3) == 0.867

# %% p lifts tiny values 41 times in three steps; above 1.3 values explode, 2 becomes 34 in one step (section 10)
assert p(1.3) > 1.3 and p(p(p(1.3))) > 1_000
assert round(a**3) == 41 and round(p(2) - 34) == 0 and 0.035 < p(p(p(0.001))) < 0.045

# %% each step lifts tiny values 3.4445 times at most; A's directions: 1.4 to 1 after three steps (section 10)
assert max(p(x / 1000) / (x / 1000) for x in range(1, 1001)) < 3.4445
most, least = torch.linalg.svdvals(newton_schulz(A, 3)).tolist()
assert round(most / least, 1) == 1.4

# %% between 0.03 and 1, three steps give values from about 0.7 to 1.2 (section 10)
values = p(p(p(torch.linspace(0.03, 1, 2_000))))
assert round(values.min().item(), 1) == 0.7 and round(values.max().item(), 1) == 1.2

# %% the strongest direction of a gradient is ten times and more as strong as the weakest (section 10)
if course.speed != "smoke" and not cifar.standin:
    assert before.max() > 10 * before.min() and after.min() > 0.6 and after.max() < 1.25

# %% Muon's own work is about a hundredth, 1.3 %; its rate is 0.126 (section 10)
assert round(100 * share, 1) == 1.3 and round(0.5 * (128 / 2_000) ** 0.5, 3) == 0.126

# %% three above three: 1 of 20 orders (section 12)
assert wins == 1 and len(orders) == 20

# %% what the trainings of the lesson reach (sections 2, 4, 10, 11)
for idea, low, high in (
    ("moved and mirrored pictures", 0.63, 0.74),
    ("Nesterov SGD, weight decay", 0.73, 0.82),
    ("Muon for the kernels, in place of Lookahead", 0.76, 0.84),
    ("six views of each test picture", 0.78, 0.86),
):
    course.between(mine[idea] / 100, low, high, what=idea)

# %% SGD in a triangle gains five points or more over Adam (section 4)
course.between(mine["Nesterov SGD, weight decay"] - mine["moved and mirrored pictures"], 5, 15, what="gain, in points,")

# %% six views gain about one or two points with the same weights (section 11)
gain = mine["six views of each test picture"] - mine["Muon for the kernels, in place of Lookahead"]
course.between(gain, 0.5, 2.7, what="gain, in points,")

# %% validation and test accuracy of the last network are close to each other (section 13)
course.between(abs(test_accuracy - mine["six views of each test picture"]), 0, 2.5, what="difference, in points,")

# %% the record is measured on 50,000 training and 10,000 test pictures; the older recipe has 12 epochs (section 13)
assert len(cifar.train) + len(cifar.validation) == 50_000 and len(cifar.test) == 10_000
older = record["sgd"]["seeds"].values()
assert all(len(run["train_loss"]) == 12 and run["accuracy"] > 0.94 for run in older)

# %% stored: what each idea of the diary brings, and where all three seeds are apart (sections 1 to 12)
names = list(diary)
assert len(names) == 14 and all(len(accuracies) == 3 for accuracies in diary.values())
means = {idea: sum(accuracies) / 3 for idea, accuracies in diary.items()}
steps_up = {idea: means[idea] - means[before] for before, idea in zip(names, names[1:], strict=False)}
apart = {idea for before, idea in zip(names, names[1:], strict=False) if min(diary[idea]) > max(diary[before])}
rate, plan = "a rate of 0.008 in place of 0.001", "a rate that rises and falls in lines"
muon, views = "Muon for the kernels, in place of Lookahead", "six views of each test picture"
assert apart == {rate, plan, muon, views} and len(steps_up) - len(apart) == 9
assert round(means["lesson 10's network"]) == 63 and round(means["first weights that pass the input on"]) == 67
assert max(steps_up, key=steps_up.get) == rate and 6 < steps_up[rate] < 7 and 2 < steps_up[plan] < 2.5
assert 1.25 < steps_up[muon] < 1.75 and 1.5 < steps_up[views] < 2
moved_row, before_row = diary["moved and mirrored pictures"], diary["first weights that pass the input on"]
assert min(before_row) < min(moved_row) and max(moved_row) < max(before_row)
assert 8.5 < means["Nesterov SGD, weight decay"] - means["moved and mirrored pictures"] < 9.5
for idea, least, most in (
    ("Nesterov SGD, weight decay", 0.4, 0.7),
    ("label smoothing", 0.4, 0.7),
    ("biases learn 64 times as fast", 0.2, 0.6),
    ("alternating flip", 0.2, 0.6),
    ("weight averaging (Lookahead)", 0.2, 0.3),
):
    assert least < steps_up[idea] < most, idea
assert max(diary["label smoothing"]) < max(diary["Nesterov SGD, weight decay"])
assert min(diary[muon]) > max(max(accuracies) for idea, accuracies in diary.items() if idea not in (muon, views))

# %% stored: what is missed, and what three seeds cannot tell (section 12)
whole = ablation["all ideas"]
assert len(ablation) == 19 and all(len(accuracies) == 3 for accuracies in ablation.values())
worth = {idea: sum(accuracies) / 3 - mean_of_all for idea, accuracies in ablation.items()}
lower = {idea for idea, accuracies in ablation.items() if max(accuracies) < min(whole)}
higher = {idea for idea, accuracies in ablation.items() if min(accuracies) > max(whole)}
at_chance = "with: lesson 10's network, random first weights"
plans = {"without: a rate that rises and falls in lines", "with: a constant rate"}
some = {
    "without: whitened first layer",
    "without: Muon for the kernels, in place of Lookahead",
    "without: six views of each test picture",
    "with: SGD in place of Muon",
    "with: Adam, so no weight decay or fast biases",
}
assert lower == {at_chance, *plans, *some} and higher == {"with: residual connections"}
assert set(ablation[at_chance]) == {10.0} and all(worth[idea] < -10 for idea in plans)
assert all(-3 < worth[idea] < -1 for idea in some)
assert (
    round(worth["with: SGD in place of Muon"]) == -2
    and round(worth["with: Adam, so no weight decay or fast biases"]) == -3
)
at_first = json.loads((ROOT / "results" / "ablation.json").read_text(encoding="utf-8"))[SIZE][at_chance]
assert all(run["train_loss"][1] > 5 * run["train_loss"][0] for run in at_first.values())
assert len(ablation) - 1 == 18 and round(18 / 20) == 1
