"""The other conditions of a FlowDeployment, each a function of what was seen."""

from flow_operator.manifests.names import REVISION, Manifest, label_of
from flow_operator.status.conditions import Breach, Finding, false, true, unknown
from flow_operator.status.seen import Seen, said, secrets_of, source_problem


def accepted(seen: Seen) -> Finding:
    """The spec can be acted on."""
    return false(seen.conflict) if seen.conflict else true("Accepted", "the spec is valid")


def references_resolved(seen: Seen) -> Finding:
    """What the spec names was found, as far as pods that use it can tell."""
    if seen.source_missing:
        return false(seen.source_missing)
    for pod in seen.current:
        # A pod that is ready and yet says something has lost a connection and goes on with what it knew.
        if pod.state and (pod.state.reason == "ConnectionInvalid" or (pod.state.ready and pod.state.message)):
            return false(
                Breach("ConnectionInvalid", said(pod, pod.state.message) + secrets_of(seen, pod.state))
            )
        if problem := source_problem(pod):
            return false(problem)
        if pod.trouble is not None and pod.trouble.reason == "ContainerNotStarted":
            return false(pod.trouble)
    spec = seen.serving.spec
    named = [f"Secret {each.secret_ref.name}" for each in spec.connections]
    named += [f"Secret {spec.flow.fetch_secret.name}"] if spec.flow.fetch_secret else []
    named += ["the flow's source"] if spec.flow.fetched else []
    if not named:
        return true("Resolved", "everything that the spec names was found")
    if any(pod.ready or (pod.state and pod.state.reason == "FlowInvalid") for pod in seen.current):
        return true("Resolved", "everything that the spec names was found")
    names = ", ".join(dict.fromkeys(named))
    return unknown("WaitingForPods", f"the pods will tell whether these can be used: {names}")


def progressing(seen: Seen) -> Finding:
    """A rollout is under way."""
    if seen.deployment is None:
        why = seen.source_missing or seen.conflict or seen.refused
        return false(why) if why else unknown("NotObserved", "the Deployment was not seen yet")
    for condition in seen.rollout.get("conditions") or ():
        if condition.get("reason") == "ProgressDeadlineExceeded":
            said = f"the rollout of revision {seen.serving.revision} makes no progress"
            return false(Breach("Stalled", said))
    total = int(seen.rollout.get("replicas") or 0)
    if seen.rollout and seen.updated == total == seen.wanted and seen.available >= seen.wanted:
        revision = label_of(seen.deployment, REVISION)
        return false(Breach("Complete", f"revision {revision} is rolled out"))
    return true("RollingOut", f"{seen.updated} of {seen.wanted} pods run revision {seen.serving.revision}")


def runtime_outdated(seen: Seen) -> Finding:
    """The pods run an older runtime than the installed release has."""
    if seen.deployment is None:
        return unknown("NoDeployment", "there are no pods yet")
    if seen.serving.revision is None or seen.serving.kept is None:
        return false(Breach("Current", "new and running pods are the same"))
    old, new = _server_image(seen.serving.kept.template), seen.serving.image
    what = f"image {old}; the installed release has {new}" if old != new else "a pod of an older release"
    return true("OlderRuntime", f"the pods run {what}. Any change under spec.runtime brings them up to date.")


def _server_image(template: Manifest) -> str:
    containers = template["spec"]["containers"]
    return str(next((each.get("image") for each in containers if each.get("name") == "server"), ""))
