"""What `training.optimizer` and `training.schedule` may name.

Optimizers take the parameters of the Keras class of their name. The learning rate is
`training.learning_rate`: the schedule says which part of it holds at which step.
"""

from itertools import pairwise
from typing import Annotated, Literal

import pydantic

from modules.spec.part import Below1, NotNegative, Part, Positive, Share, Within0And1, named


class Sgd(Part):
    """Stochastic gradient descent, with momentum if need be."""

    name: Literal["sgd"] = "sgd"
    momentum: Below1 = 0.0
    nesterov: bool = False
    weight_decay: NotNegative = 0.0

    @pydantic.model_validator(mode="after")
    def _nesterov_looks_ahead_by_momentum(self) -> "Sgd":
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov without momentum changes nothing: give momentum = 0.9")
        return self


class Adam(Part):
    """Kingma and Ba, 2015."""

    name: Literal["adam"] = "adam"
    beta_1: Below1 = 0.9
    beta_2: Below1 = 0.999
    epsilon: Positive = 1e-7
    amsgrad: bool = False  # Reddi et al., 2018


class AdamW(Part):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"] = "adamw"
    weight_decay: NotNegative = 1e-4
    beta_1: Below1 = 0.9
    beta_2: Below1 = 0.999
    epsilon: Positive = 1e-7
    amsgrad: bool = False


class Nadam(Part):
    """Adam with Nesterov's momentum (Dozat, 2016)."""

    name: Literal["nadam"] = "nadam"
    beta_1: Below1 = 0.9
    beta_2: Below1 = 0.999
    epsilon: Positive = 1e-7


class RMSprop(Part):
    """Tieleman and Hinton, 2012."""

    name: Literal["rmsprop"] = "rmsprop"
    rho: Below1 = 0.9
    momentum: Below1 = 0.0
    epsilon: Positive = 1e-7
    centered: bool = False


class Adagrad(Part):
    """Duchi et al., 2011."""

    name: Literal["adagrad"] = "adagrad"
    initial_accumulator_value: NotNegative = 0.1
    epsilon: Positive = 1e-7


class Adafactor(Part):
    """Shazeer and Stern, 2018: the learning rate is relative to the size of the weights."""

    name: Literal["adafactor"] = "adafactor"
    beta_2_decay: float = pydantic.Field(-0.8, ge=-1, lt=0)
    epsilon_1: Positive = 1e-30
    epsilon_2: Positive = 1e-3
    clip_threshold: Positive = 1.0


class Lion(Part):
    """Chen et al., 2023: steps of one size; a tenth of AdamW's learning rate suits it."""

    name: Literal["lion"] = "lion"
    beta_1: Within0And1 = 0.9
    beta_2: Below1 = 0.99
    weight_decay: NotNegative = 0.0


class Lamb(Part):
    """You et al., 2020: a learning rate a layer, for large batches."""

    name: Literal["lamb"] = "lamb"
    beta_1: Below1 = 0.9
    beta_2: Below1 = 0.999
    epsilon: Positive = 1e-7
    weight_decay: NotNegative = 0.0


class Muon(Part):
    """Jordan et al., 2024: orthogonal steps for hidden layers, AdamW for all else."""

    name: Literal["muon"] = "muon"
    momentum: Below1 = 0.95
    nesterov: bool = True
    ns_steps: int = pydantic.Field(5, ge=1, le=20)  # Newton-Schulz iterations
    weight_decay: NotNegative = 1e-4


class Ftrl(Part):
    """McMahan et al., 2013: for wide linear models; l1 makes weights 0."""

    name: Literal["ftrl"] = "ftrl"
    learning_rate_power: float = pydantic.Field(-0.5, ge=-10, le=0)
    initial_accumulator_value: NotNegative = 0.1
    l1_regularization_strength: NotNegative = 0.0
    l2_regularization_strength: NotNegative = 0.0
    l2_shrinkage_regularization_strength: NotNegative = 0.0
    beta: NotNegative = 0.0


Optimizer = Annotated[
    Sgd | Adam | AdamW | Nadam | RMSprop | Adagrad | Adafactor | Lion | Lamb | Muon | Ftrl,
    pydantic.Field(discriminator="name"),
    pydantic.BeforeValidator(named),
]


class Constant(Part):
    """The learning rate at every step."""

    name: Literal["constant"] = "constant"


class Cosine(Part):
    """Half a cosine down to `final`, after a straight rise from 0 if `warmup` is given."""

    name: Literal["cosine"] = "cosine"
    warmup: Below1 = 0.0  # share of the steps
    final: Share = 0.0  # share of the learning rate


class Exponential(Part):
    """Multiplied by `decay_rate` once every `decay_steps`."""

    name: Literal["exponential"] = "exponential"
    decay_rate: float = pydantic.Field(0.1, gt=0, le=1)
    decay_steps: float = pydantic.Field(1.0, gt=0, le=1)  # share of the steps
    staircase: bool = False  # in leaps, not evenly


class Piecewise(Part):
    """One share of the learning rate after the other (He et al., 2016)."""

    name: Literal["piecewise"] = "piecewise"
    boundaries: tuple[Within0And1, ...] = pydantic.Field((0.5, 0.75), min_length=1)
    factors: tuple[Share, ...] = (1.0, 0.1, 0.01)  # before, between and after the boundaries

    @pydantic.model_validator(mode="after")
    def _boundaries_rise_between_factors(self) -> "Piecewise":
        if len(self.factors) != len(self.boundaries) + 1:
            raise ValueError(
                f"{len(self.boundaries)} boundaries part {len(self.boundaries) + 1} factors, "
                f"got {len(self.factors)}"
            )
        if any(one >= other for one, other in pairwise(self.boundaries)):
            raise ValueError(f"boundaries must rise, got {list(self.boundaries)}")
        return self


class Linear(Part):
    """A straight line from the learning rate down to `final`."""

    name: Literal["linear"] = "linear"
    final: Share = 0.0  # share of the learning rate


class Polynomial(Part):
    """Down to `final` as (1 - share of the steps) to a power."""

    name: Literal["polynomial"] = "polynomial"
    power: Positive = 2.0  # 1 is linear; more falls sooner
    final: Share = 0.0


class OneCycle(Part):
    """Up, down as fast, then far below the start (Smith and Topin, 2018)."""

    name: Literal["one_cycle"] = "one_cycle"
    peak: float = pydantic.Field(0.45, gt=0, le=0.5)  # share of the steps at which it is reached
    start_factor: Share = 0.04  # share of the learning rate at the first step
    final_factor: Share = 0.0004  # and at the last


Schedule = Annotated[
    Constant | Cosine | Exponential | Piecewise | Linear | Polynomial | OneCycle,
    pydantic.Field(discriminator="name"),
    pydantic.BeforeValidator(named),
]
