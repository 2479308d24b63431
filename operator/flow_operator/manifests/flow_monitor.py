"""All children of a FlowMonitor."""

from collections.abc import Callable

from flow_operator.manifests.cron_job import cron_job
from flow_operator.manifests.evaluation import Evaluation
from flow_operator.manifests.evaluator_account import evaluator_account
from flow_operator.manifests.evaluator_config import evaluator_config
from flow_operator.manifests.names import Manifest, sealed

BUILDERS: tuple[Callable[[Evaluation], Manifest | None], ...] = (
    evaluator_account,
    evaluator_config,
    cron_job,
)


def build(evaluation: Evaluation) -> list[Manifest]:
    """Build every child that can be described, in the order in which they are to be applied."""
    return [sealed(manifest) for builder in BUILDERS if (manifest := builder(evaluation)) is not None]
