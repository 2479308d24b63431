"""Installs, renders and removes our chart with Helm as a library, where there is no `helm` program.

`python -m hack.helm install|uninstall|template|lint`; demo and tests call the functions. It knows our chart
only.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import helm_python as helm

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "flow-operator"
RELEASE = "flow-operator"
NAMESPACE = "flow-system"
IMAGES_ENV = ROOT / ".cache" / "images.env"

Values = dict[str, Any]


def kubeconfig() -> Path:
    """Name the cluster to talk to: KUBECONFIG if set, else the one that `make up` made."""
    return Path(os.environ.get("KUBECONFIG") or ROOT / ".cache" / "kubeconfig")


def built_images(env_file: Path = IMAGES_ENV) -> dict[str, str]:
    """Read the references that hack/images/build wrote: RUNTIME, OPERATOR, VERSITYGW, PROMETHEUS."""
    if not env_file.exists():
        raise SystemExit(f"no {env_file.name}: build the images first (make images)")
    pairs = (line.split("=", 1) for line in env_file.read_text().splitlines() if "=" in line)
    return {name.removesuffix("_IMAGE"): reference for name, reference in pairs}


def image_values(images: dict[str, str]) -> Values:
    """Turn built images into values of the chart."""
    return {"operator": {"image": images["OPERATOR"]}, "runtime": {"image": images["RUNTIME"]}}


def install(values: Values, namespace: str = NAMESPACE, timeout: int = 120) -> str:
    """Install or upgrade the chart and wait until the operator is ready; returns the status."""
    options: Values = {"namespace": namespace, "wait": "watcher", "timeout": timeout}
    with helm.Config(kubeconfig_path=kubeconfig(), namespace=namespace) as config:
        found = {release["name"]: release["status"] for release in config.list(all_states=True)}
        if found.get(RELEASE) == "deployed":
            release = config.upgrade(CHART, RELEASE, values, **options)
        else:
            # What an interrupted or failed run left behind can only be removed; flows and CRDs stay.
            config.uninstall(RELEASE, ignore_not_found=True, wait="watcher", timeout=timeout)
            release = config.install(CHART, RELEASE, values, create_namespace=True, **options)
    return str(release["status"])


def uninstall(namespace: str = NAMESPACE, timeout: int = 120) -> None:
    """Remove the release, if it is there; the CRDs stay unless crds.keep was off."""
    with helm.Config(kubeconfig_path=kubeconfig(), namespace=namespace) as config:
        config.uninstall(RELEASE, ignore_not_found=True, wait="watcher", timeout=timeout)


def template(values: Values, namespace: str = NAMESPACE) -> dict[str, str]:
    """Render the chart without a cluster: file names to texts. Raises helm.HelmValuesError."""
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        return chart.render(values, name=RELEASE, namespace=namespace)


def lint() -> list[str]:
    """Lint the chart; returns what is wrong (warnings and errors, not remarks)."""
    remark = 1
    found = helm.lint(CHART)
    return [f"{m['path']}: {m['error']}" for m in found["messages"] if m["severity"] > remark]


def parse_values(settings: list[str]) -> Values:
    """Read `--set key=value` options as helm does; later ones win."""
    return dict(helm.parse_set_string(",".join(settings))) if settings else {}


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hack.helm", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["install", "uninstall", "template", "lint"])
    parser.add_argument("--namespace", "-n", default=NAMESPACE)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as helm's --set")
    parser.add_argument("--timeout", type=int, default=120, help="seconds to wait for a ready operator")
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except helm.HelmError as error:
        print(f"FAILED: helm {options.command}: {error}", file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    values = parse_values(options.set)
    if options.command == "lint":
        print("\n".join(findings := lint()) or "the chart is clean")
        return bool(findings)
    if options.command == "template":
        for name, text in sorted(template(values, options.namespace).items()):
            if text.strip() and not name.endswith("NOTES.txt"):
                print(f"---\n# Source: {name}\n{text.strip()}")
    elif options.command == "uninstall":
        uninstall(options.namespace, options.timeout)
    else:
        print(install(image_values(built_images()) | values, options.namespace, options.timeout))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
