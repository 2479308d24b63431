"""`make demo`: the example on a real cluster, from the chart to a judged run with reasons.

Needs a cluster and built images, which the make target sees to. Leaves everything running; a second run works
on what is there.
"""

import asyncio
import os
import sys
import time
from dataclasses import replace

from flow_runtime.store import StoreError
from hack import helm
from hack.demo import asking, cluster, ending, example, host_llm, llm, results, traffic
from hack.demo.kubectl import Kubectl
from hack.demo.processes import Processes, stop_on_terminate
from hack.demo.screen import DemoError, fail, heading
from hack.demo.status import status_lines

REPORT = example.ROOT / ".cache" / "demo" / "report.html"
LOGS = example.ROOT / ".cache" / "demo" / "logs"


def run() -> None:
    """Everything, in order."""
    began = time.monotonic()
    images = helm.built_images()
    kubectl = Kubectl(helm.kubeconfig(), cluster.NAMESPACE)
    chosen = llm.choose(os.environ)
    heading("LLM")
    print(f"  {chosen.said()}")
    heading("Steps")
    with Processes(LOGS) as processes:
        if chosen.kind is llm.Kind.LOCAL:
            chosen = host_llm.start(processes, chosen)
        elif chosen.kind is llm.Kind.STUB:
            chosen = replace(chosen, base_url=cluster.STUB_URL)
        cluster.install_operator(kubectl, images)
        cluster.apply_helpers(kubectl, images, chosen)
        cluster.apply_example(kubectl, chosen)
        with traffic.bucket(kubectl) as store:
            questions = example.questions()
            before = asyncio.run(results.records_stored(store, cluster.IDENTITY))
            local = chosen.kind is llm.Kind.LOCAL
            answered = traffic.ask(kubectl, questions, asking.AT_ONCE_SLOW if local else asking.AT_ONCE)
            traffic.wait_until_stored(kubectl, store, before + answered)
            summary = traffic.judge(kubectl, chosen.kind)
            found = asyncio.run(results.read_results(store, cluster.IDENTITY, cluster.NAME, summary.run))
    print("\n".join(status_lines(kubectl)))
    ending.print_ending(found, cluster.STORE_URL, REPORT)
    print(f"\nThe demo took {time.monotonic() - began:.0f} s and is still there; look at it with")
    print(f"  export KUBECONFIG={ending.relative(helm.kubeconfig())}")
    print(f"  kubectl -n {cluster.NAMESPACE} get fd,fm")
    print("`make down` removes the cluster.")


def main() -> int:
    """Run it; 0 when it came to a verdict, whatever that is."""
    stop_on_terminate()
    try:
        run()
    except DemoError as error:
        return fail(error)
    except StoreError as error:
        return fail(DemoError(str(error), f"kubectl -n {cluster.NAMESPACE} logs deploy/store"))
    except KeyboardInterrupt:
        print("\nInterrupted; run it again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
