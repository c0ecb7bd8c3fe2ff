"""Every equation that the chapter on the loss displays is checked here, with SymPy or by numbers.

`CHECKS` maps the label of an equation to its check. A displayed equation without a label, a label without a check and
a check without an equation each fail a test.
"""

import json
import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from scipy import integrate, optimize, stats

from dcgan_lib import losses, theory
from dcgan_lib.theory import DiracGame

CHAPTER = Path(__file__).parents[1] / "book" / "02-minimax-loss.ipynb"
DISPLAYED = re.compile(r"\$\$(?P<body>.+?)\$\$[ \t]*(?:\((?P<label>[\w-]+)\))?", re.DOTALL)
OTHER_FORMS = re.compile(r"\{math\}|\\begin\{(equation|align|gather)\*?\}")
CHECKS: dict[str, Callable[[], None]] = {}

X = theory.line(-12, 14, 5200)
RNG = np.random.default_rng(0)
LOGIT, T, H, PSI, THETA = sp.symbols("l t h psi theta", real=True)
A, B, D = sp.symbols("a b d", positive=True)


def checks(*labels: str):
    """Enter a check into the table under the labels of the equations that it covers."""

    def enter(check: Callable[[], None]) -> Callable[[], None]:
        for label in labels:
            assert label not in CHECKS, label
            CHECKS[label] = check
        return check

    return enter


def equations(markdown: str) -> tuple[list[str], list[str]]:
    """Labels of the displayed equations of a text, and the displayed equations that have none."""
    text = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
    found = list(DISPLAYED.finditer(text))
    return [m["label"] for m in found if m["label"]], [m["body"].strip() for m in found if not m["label"]]


def chapter() -> str:
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


# --- the table is complete


def test_every_displayed_equation_of_the_chapter_is_checked():
    labels, without = equations(chapter())
    assert not without, f"displayed equations without a label: {without}"
    assert len(labels) == len(set(labels)) and len(labels) > 30
    assert not set(labels) - set(CHECKS), f"displayed equations without a check: {sorted(set(labels) - set(CHECKS))}"
    assert not set(CHECKS) - set(labels), f"checks of equations that are gone: {sorted(set(CHECKS) - set(labels))}"


def test_the_chapter_displays_equations_in_the_one_form_that_is_searched():
    assert not OTHER_FORMS.search(chapter()) and chapter().count("$$") == 2 * len(equations(chapter())[0])


def test_a_new_equation_would_be_noticed():
    labels, without = equations("so\n$$\n1 = 1\n$$ (eq-loss-new)\nand\n\n$$\n2 = 3\n$$\n\n```python\n$$ code $$\n```")
    assert labels == ["eq-loss-new"] and without == ["2 = 3"]


# --- helpers


def sigmoid(u):
    return 1 / (1 + sp.exp(-u))


def softplus(u):
    return sp.log(1 + sp.exp(u))


def same_function(left: sp.Expr, right: sp.Expr, *symbols: sp.Symbol) -> None:
    """Two expressions agree: symbolically, or else to 30 digits at generic points."""
    if sp.simplify(left - right) == 0:
        return
    for k in range(5):
        point = {s: sp.Rational(7 * k + 3 * i - 11, 5) for i, s in enumerate(symbols)}
        assert abs(sp.N((left - right).subs(point), 30)) < sp.Float("1e-25"), (left, right, point)


def close(left, right, tolerance: float = 1e-7) -> None:
    np.testing.assert_allclose(
        np.asarray(left, dtype=float), np.asarray(right, dtype=float), rtol=tolerance, atol=tolerance
    )


def some_pairs() -> list[tuple[torch.Tensor, torch.Tensor]]:
    normal, uniform = partial(theory.normal, X), partial(theory.uniform, X)
    two = theory.mixture([0.3, 0.7], [normal(-2, 0.5), normal(3, 0.8)])
    return [
        (normal(0.2, 1.1), normal(1.7, 0.8)),
        (two, normal(3, 0.8)),
        (uniform(0, 2), uniform(1, 3)),
        (uniform(-3, -1), uniform(1, 4)),
        (normal(), normal()),
    ]


# --- from cross-entropy to the value


@checks("eq-loss-bce")
def _():
    for y in (0, 1):
        formula = -y * sp.log(D) - (1 - y) * sp.log(1 - D)
        assert sp.simplify(-sp.log(D**y * (1 - D) ** (1 - y)) - formula) == 0
    d, y = torch.tensor([0.3, 0.6]), torch.tensor([1.0, 0.0])
    close(F.binary_cross_entropy(d, y, reduction="none"), -y * d.log() - (1 - y) * (1 - d).log())


@checks("eq-loss-mean", "eq-loss-value", "eq-loss-integral")
def _():
    """A generator 1.7 + 0.8 z, data N(0.2, 1.1), and a D that is not the best."""

    def d(x):
        return 1 / (1 + np.exp(0.9 * x - 0.4 + 0.1 * x**2))

    data, z = stats.norm(0.2, 1.1), stats.norm()
    on_data = integrate.quad(lambda x: data.pdf(x) * np.log(d(x)), -12, 14)[0]
    on_fakes = integrate.quad(lambda u: z.pdf(u) * np.log(1 - d(1.7 + 0.8 * u)), -12, 12)[0]
    p_g = stats.norm(1.7, 0.8)
    bce = 0.5 * integrate.quad(lambda x: -data.pdf(x) * np.log(d(x)) - p_g.pdf(x) * np.log(1 - d(x)), -12, 14)[0]
    close(bce, -on_data / 2 - on_fakes / 2)  # the mean over both halves
    close(on_data + on_fakes, -2 * bce)  # the value
    logit = torch.logit(torch.from_numpy(d(X.numpy())))
    close(theory.value(logit, *some_pairs()[0], X), on_data + on_fakes)  # one integral over x


@checks("eq-loss-d")
def _():
    real, fake = torch.from_numpy(RNG.normal(size=(2, 50)))
    value = real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean()
    close(losses.d_cross_entropy(real, fake), -value)
    close(F.softplus(-real).mean() + F.softplus(fake).mean(), -value)


# --- the best discriminator


@checks("eq-loss-optimal", "eq-loss-proof-optimal")
def _():
    y = sp.symbols("y", positive=True)
    f = A * sp.log(y) + B * sp.log(1 - y)
    same_function(f.diff(y), A / y - B / (1 - y))
    same_function(f.diff(y, 2), -A / y**2 - B / (1 - y) ** 2)
    assert sp.solve(f.diff(y), y) == [A / (A + B)]
    for a, b in ((0.3, 0.9), (2.0, 0.1), (0.7, 0.0), (0.0, 0.4)):
        found = optimize.minimize_scalar(
            lambda v, a=a, b=b: -(a * np.log(v) + b * np.log(1 - v)), bounds=(1e-9, 1 - 1e-9), method="bounded"
        )
        close(theory.optimal_d(torch.tensor(a), torch.tensor(b)), found.x, 1e-4)


@checks("eq-loss-logit")
def _():
    same_function(sp.log((A / (A + B)) / (1 - A / (A + B))), sp.log(A) - sp.log(B), A, B)
    p, q = some_pairs()[0]
    close(theory.optimal_logit(p, q), p.log() - q.log())


# --- what the generator minimises


@checks("eq-loss-kl")
def _():
    for p, q in some_pairs()[:2]:
        close(theory.kl(p, q, X), theory.integrate(p * (p / q).log(), X))
        assert theory.kl(p, q, X) > 0
    for _ in range(20):  # and for any two discrete distributions
        p, q = RNG.dirichlet(np.ones(5), size=2)
        assert stats.entropy(p, q) > 0 and stats.entropy(p, p) == 0


@checks("eq-loss-jsd")
def _():
    for p, q in some_pairs():
        m = (p + q) / 2
        jsd = theory.jsd(p, q, X)
        close(jsd, theory.kl(p, m, X) / 2 + theory.kl(q, m, X) / 2)
        entropy = [-theory.integrate(torch.xlogy(d, d), X) for d in (m, p, q)]
        close(jsd, entropy[0] - (entropy[1] + entropy[2]) / 2)
        assert -1e-12 <= jsd <= math.log(2) + 1e-12


@checks("eq-loss-criterion", "eq-loss-proof-criterion")
def _():
    for p, q in some_pairs():
        m = (p + q) / 2
        half = theory.integrate(torch.xlogy(p, p / (2 * m)).nan_to_num() + torch.xlogy(q, q / (2 * m)).nan_to_num(), X)
        close(theory.best_value(p, q, X), half)
        close(half, -2 * math.log(2) + theory.kl(p, m, X) + theory.kl(q, m, X))
        close(half, -math.log(4) + 2 * theory.jsd(p, q, X))
        equal = bool(torch.equal(p, q))
        assert equal == bool(theory.best_value(p, q, X) < -math.log(4) + 1e-9)


@checks("eq-loss-bound")
def _():
    for p, q in some_pairs()[:2]:
        best = theory.optimal_logit(p, q)
        for off in (0.0, 0.5, 2.0):
            loss = -theory.value(best + off * torch.sin(3 * X), p, q, X)
            gap = theory.jsd(p, q, X) - (math.log(4) - loss) / 2
            assert abs(gap) < 1e-9 if off == 0 else gap > 1e-4


# --- two losses for the generator


@checks("eq-loss-slopes")
def _():
    same_function(sp.log(1 - sigmoid(LOGIT)).diff(LOGIT), -sigmoid(LOGIT), LOGIT)
    same_function((-sp.log(sigmoid(LOGIT))).diff(LOGIT), -(1 - sigmoid(LOGIT)), LOGIT)
    logits = torch.tensor([-7.0, 0.3, 4.0])
    close(losses.slope(losses.g_saturating, logits), -logits.sigmoid(), 1e-6)
    close(losses.slope(losses.g_non_saturating, logits), -(1 - logits.sigmoid()), 1e-6)


def gradients() -> dict[str, torch.Tensor]:
    """By a location and a scale of G: the mean losses against a frozen D*, and the divergences. Both by autograd."""
    now = torch.tensor([1.2, 0.7], dtype=torch.float64, requires_grad=True)
    z = theory.line(-9, 9, 4000)
    p_data = theory.normal(X, 0.3, 1.1)

    def best_logit(x):  # log N(x; 0.3, 1.1) - log N(x; 1.2, 0.7), frozen at the current parameters
        return -(((x - 0.3) / 1.1) ** 2) / 2 + ((x - 1.2) / 0.7) ** 2 / 2 + math.log(0.7 / 1.1)

    on_fakes = best_logit(now[0] + now[1] * z)
    p_g = theory.normal(X, now[0], now[1])
    means = {
        "minimax": theory.integrate(theory.normal(z) * -F.softplus(on_fakes), z),
        "non_saturating": theory.integrate(theory.normal(z) * F.softplus(-on_fakes), z),
        "kl": theory.kl(p_g, p_data, X),
        "jsd": theory.jsd(p_g, p_data, X),
    }
    return {name: torch.autograd.grad(mean, now, retain_graph=True)[0] for name, mean in means.items()}


@checks("eq-loss-envelope", "eq-loss-non-saturating", "eq-loss-split")
def _():
    by = gradients()
    assert by["jsd"].abs().min() > 0.01  # both parameters matter
    close(by["minimax"], 2 * by["jsd"])
    close(by["non_saturating"], by["kl"] - 2 * by["jsd"])
    close(by["minimax"] + by["non_saturating"], by["kl"])


# --- supports


@checks("eq-loss-uniform")
def _():
    for theta in (-2.5, -1.0, -0.4, 0.0, 0.25, 0.95, 1.0, 6.0):
        jsd = theory.jsd(theory.uniform(X, 0, 1), theory.uniform(X, theta, theta + 1), X)
        close(jsd, min(abs(theta), 1) * math.log(2))


# --- arithmetic


@checks("eq-loss-softplus")
def _():
    same_function(-sp.log(sigmoid(LOGIT)), softplus(-LOGIT), LOGIT)
    same_function(-sp.log(1 - sigmoid(LOGIT)), softplus(LOGIT), LOGIT)


@checks("eq-loss-stable")
def _():
    for value in (-100, -3.7, 0, 2.2, 100):
        exact = sp.N(sp.log(1 + sp.exp(sp.Rational(str(value)))), 40)
        stable = max(value, 0) + math.log1p(math.exp(-abs(value)))
        assert stable == pytest.approx(float(exact), rel=1e-14)
        assert F.softplus(torch.tensor(float(value))).item() == pytest.approx(float(exact), rel=1e-6)


@checks("eq-loss-frozen")
def _():
    kept = np.float32(1) - np.float32(1e-7)
    assert kept == 1 - 2.0**-23
    close(-np.log(1 - np.float64(kept)) / 2, 23 / 2 * math.log(2))
    assert f"{23 / 2 * math.log(2):.7f}".startswith("7.971192")


# --- softer targets


@checks("eq-loss-smoothing")
def _():
    a, b, p, q, y = sp.symbols("a b p q y", positive=True)
    f = (a * p + b * q) * sp.log(y) + ((1 - a) * p + (1 - b) * q) * sp.log(1 - y)
    (best,) = sp.solve(f.diff(y), y)
    assert sp.simplify(best - (a * p + b * q) / (p + q)) == 0
    assert sp.simplify(best.subs(b, 0) - a * p / (p + q)) == 0
    close(theory.optimal_d(torch.tensor(0.7), torch.tensor(0.2), 0.9, 0.1), (0.9 * 0.7 + 0.1 * 0.2) / 0.9, 1e-6)


@checks("eq-loss-target")
def _():
    left = T * softplus(-LOGIT) + (1 - T) * softplus(LOGIT)
    same_function(left, softplus(LOGIT) - T * LOGIT, LOGIT, T)
    assert sp.limit((softplus(LOGIT) - LOGIT).rewrite(sp.exp), LOGIT, sp.oo) == 0  # so it tends to (1 - t) l


@checks("eq-loss-hinge")
def _():
    for p, q in RNG.uniform(size=(10, 2)):
        scores = np.linspace(-4, 4, 8001)
        cost = p * np.maximum(0, 1 - scores) + q * np.maximum(0, 1 + scores)
        close(cost.min(), 2 * min(p, q))
        close(scores[cost.argmin()], np.sign(p - q), 1e-3)


# --- the Dirac-GAN

U = PSI * THETA
V = sp.log(sigmoid(0)) + sp.log(1 - sigmoid(U))


def field_jacobian(push_g: sp.Expr, push_d: sp.Expr) -> sp.Matrix:
    return sp.Matrix([push_g, push_d]).jacobian([THETA, PSI]).subs({THETA: 0, PSI: 0})


@checks("eq-loss-dirac-value")
def _():
    same_function(V, -sp.log(2) - softplus(U), PSI, THETA)


@checks("eq-loss-dirac-field")
def _():
    same_function(-V.diff(THETA), PSI * sigmoid(U), PSI, THETA)
    same_function(V.diff(PSI), -THETA * sigmoid(U), PSI, THETA)
    theta, psi = torch.tensor([0.8, -1.3], dtype=torch.float64)
    ours = DiracGame().field(theta, psi)
    close(ours, [psi * torch.sigmoid(psi * theta), -theta * torch.sigmoid(psi * theta)])


@checks("eq-loss-dirac-circle")
def _():
    same_function(2 * THETA * -V.diff(THETA) + 2 * PSI * V.diff(PSI), sp.Integer(0), PSI, THETA)


@checks("eq-loss-dirac-jacobian")
def _():
    half = field_jacobian(-V.diff(THETA), V.diff(PSI))
    assert half == sp.Matrix([[0, 1], [-1, 0]]) / 2
    assert set(sp.Matrix([[0, A], [-A, 0]]).eigenvals()) == {sp.I * A, -sp.I * A}
    for loss, slope in (("saturating", 0.5), ("non_saturating", 0.5), ("wasserstein", 1.0)):
        close(theory.jacobian(DiracGame(loss)), slope * np.array([[0, 1], [-1, 0]]))


@checks("eq-loss-dirac-simultaneous")
def _():
    s = sp.symbols("s", real=True)
    after = (THETA + H * s * PSI) ** 2 + (PSI - H * s * THETA) ** 2
    assert sp.expand(after - (1 + H**2 * s**2) * (THETA**2 + PSI**2)) == 0
    assert sp.expand((1 + H * sp.I * A) * (1 - H * sp.I * A)) == 1 + H**2 * A**2
    path = theory.trajectory(DiracGame(), (0.7, -0.4), 0.6, 1)
    slope = 1 / (1 + math.exp(0.28))
    close(path[1].square().sum(), (1 + 0.36 * slope**2) * path[0].square().sum())
    close(theory.eigenvalues(theory.update_matrix(DiracGame(), 0.6)).abs() ** 2, [1 + 0.36 / 4] * 2)


@checks("eq-loss-dirac-alternating")
def _():
    c = sp.symbols("c", positive=True)
    step = sp.Matrix([[1, c], [0, 1]]) * sp.Matrix([[1, 0], [-c, 1]])
    assert sp.expand(step) == sp.Matrix([[1 - c**2, c], [-c, 1]]) and sp.expand(step.det()) == 1
    for h in (0.1, 1.0, 3.9, 4.3):
        matrix = theory.update_matrix(DiracGame(), h, "alternating")
        close(matrix, np.array(step.subs(c, h / 2).tolist(), dtype=float))
        size = theory.eigenvalues(matrix).abs().max()
        assert size > 1.2 if h > 4 else abs(size - 1) < 1e-6


@checks("eq-loss-dirac-r1")
def _():
    g = sp.symbols("g", positive=True)
    roots = sp.Matrix([[0, A], [-A, -g]]).eigenvals()
    expected = [-g / 2 + sign * sp.sqrt(g**2 / 4 - A**2) for sign in (1, -1)]
    assert all(any(sp.simplify(root - e) == 0 for e in expected) for root in roots) and len(roots) == 2
    penalised = V - g / 2 * PSI**2
    assert field_jacobian(-V.diff(THETA), penalised.diff(PSI)) == sp.Matrix([[0, sp.S.Half], [-sp.S.Half, -g]])
    close(theory.jacobian(DiracGame(r1=0.7)), [[0, 0.5], [-0.5, -0.7]])
    close(theory.eigenvalues(theory.jacobian(DiracGame(r1=1.0))).real, [-0.5, -0.5], 1e-6)  # critical at 2 f'(0)


@checks("eq-loss-dirac-noise")
def _():
    for s in (0.4, 1.0, 1.9):
        close(theory.jacobian(DiracGame(noise=s)), [[0, 0.5], [-0.5, -(s**2) / 2]])
        close(theory.jacobian(DiracGame(noise=s)), theory.jacobian(DiracGame(r1=s**2 / 2)))


@checks("eq-loss-dirac-ttur")
def _():
    h_g, h_d = sp.symbols("h_G h_D", positive=True)
    step = sp.eye(2) + sp.diag(h_g, h_d) * sp.Matrix([[0, A], [-A, 0]])
    for root in step.eigenvals():
        assert sp.simplify(sp.expand(root * sp.conjugate(root)) - (1 + h_g * h_d * A**2)) == 0
    close(theory.eigenvalues(theory.update_matrix(DiracGame(lr_ratio=4.0), 0.3)).abs() ** 2, [1 + 0.3 * 1.2 / 4] * 2)


@checks("eq-loss-product")
def _():
    for slope, game in ((0.5, DiracGame(lr_ratio=9.0)), (1.0, DiracGame("wasserstein", lr_ratio=9.0))):
        border = math.sqrt(4 / slope**2 / 9)  # h_G with h_D = 9 h_G
        below, above = (
            theory.eigenvalues(theory.update_matrix(game, border * by, "alternating")).abs().max()
            for by in (0.99, 1.01)
        )
        assert abs(below - 1) < 1e-6 and above > 1.1


@checks("eq-loss-ring-flow")
def _():
    same_function(sigmoid(-LOGIT) - sigmoid(LOGIT), -sp.tanh(LOGIT / 2), LOGIT)
    theta, psi = torch.tensor([0.8, -1.3], dtype=torch.float64)
    push_g, push_d = DiracGame("non_saturating").field(theta, psi)
    u = theta * psi
    close(2 * theta * push_g + 2 * psi * push_d, -2 * u * torch.tanh(u / 2))


@checks("eq-loss-ring")
def _():
    r, h, angle = sp.symbols("r h phi", positive=True)
    u = r**2 * sp.sin(angle) * sp.cos(angle)
    lost = sp.integrate(u**2, (angle, 0, 2 * sp.pi)) / (2 * sp.pi)  # -2 u tanh(u/2) is -u^2 near the origin
    assert sp.simplify(lost - r**4 / 8) == 0
    assert sp.solve(h * lost - h**2 * r**2 / 4, r) == [sp.sqrt(2) * sp.sqrt(h)]
    settled = theory.trajectory(DiracGame("non_saturating"), (0.4, 0.0), 0.2, 1000).norm(dim=1)[-200:].mean()
    close(settled, math.sqrt(0.4), 0.01)


# --- the convergence proof


@checks("eq-loss-linear", "eq-loss-convex")
def _():
    p_data, p_0 = some_pairs()[0]
    p_1 = some_pairs()[1][0]
    logit = torch.sin(X)
    for t in (0.2, 0.7):
        mixed = (1 - t) * p_0 + t * p_1
        values = [theory.value(logit, p_data, q, X) for q in (mixed, p_0, p_1)]
        close(values[0], (1 - t) * values[1] + t * values[2])
        best = [theory.best_value(p_data, q, X) for q in (mixed, p_0, p_1)]
        assert best[0] < (1 - t) * best[1] + t * best[2]


def test_in_the_location_of_the_fakes_the_criterion_is_not_convex():
    near, middle, far = (theory.best_value(theory.normal(X), theory.normal(X, s), X) for s in (3.0, 4.5, 6.0))
    assert middle > (near + far) / 2


@pytest.mark.parametrize("label", CHECKS)
def test_the_equation_holds(label):
    CHECKS[label]()
