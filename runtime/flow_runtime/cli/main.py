"""flowop validate | test | serve | build | records: arguments, help, exit codes."""

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

from flow_runtime.cli.screen import Problem, Screen

FINE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
EXIT_CODES = """exit codes:
  0    all is well
  1    the flow is invalid, or it failed
  2    the command was not understood, or a file that it names cannot be read
  130  interrupted by Ctrl-C"""


RECORDS = """Show what deployments were asked and what they answered, in order of time, one line each,
with the feedback on it below. Reads the store alone; needs no cluster."""
RECORDS_MORE = """examples:
  flowop records --store s3://flow-records --since 2d --failed
  flowop records --store s3://flow-records/default/shop/support-bot --since 15m
  flowop records --store s3://flow-records --deployment support-bot --since 1d --json |
    jq -r 'select(.inputs) | [.time, .status, .inputs.query] | @tsv'

exit codes:
  0    all that is stored was shown
  1    the store cannot be read
  2    the command was not understood, or there is nothing of that name
  3    some of it is missing: lost segments, objects or lines that cannot be read;
       stderr names them
  130  interrupted by Ctrl-C"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    screen = Screen(sys.stdout, sys.stderr)
    try:
        return int(options.run(options, screen))
    except Problem as problem:
        screen.problem(problem)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `flowop … | head`
        sys.stderr.close()
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flowop",
        description="Check, try, serve and package a prompt flow; read what it was asked. Needs no cluster.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"flowop {version('flow-operator')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _validate(commands)
    _test(commands)
    _serve(commands)
    _build(commands)
    _records(commands)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    text: str,
    more: str = "",
    required: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.{more}",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "flow",
        type=Path,
        metavar="DIR",
        nargs=None if required else "?",
        help="folder of the flow, or its .prompty or .yaml file",
    )
    return parser


def _connections(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--connections",
        type=Path,
        metavar="FILE",
        help="promptflow's connection YAML: documents in a file, or a folder of such files. Connections are "
        'also taken from promptflow\'s variables: NAME=\'{"type": "OpenAIConnection", "value": {…}}\', '
        "PROMPTFLOW_ENCODED_CONNECTIONS",
    )
    parser.add_argument("--variant", default="", metavar="NODE.ID", help="use another variant of a node")


def _validate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def run(options: argparse.Namespace, screen: Screen) -> int:
        from flow_runtime.cli.validate import validate

        return validate(options.flow, options.connections, options.variant, options.json, screen)

    more = (
        " Imports the flow's Python files, calls\nnothing, leaves nothing behind. Says all that is wrong, "
        "by promptflow's names,\nwith file and line. Names of connections are not checked without any."
    )
    parser = _command(commands, "validate", "check that a flow can be served", more)
    _connections(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def _test(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def run(options: argparse.Namespace, screen: Screen) -> int:
        from flow_runtime.cli.once import run_once

        if options.flow is None:  # written behind the inputs, which took it for one of theirs
            if len(options.inputs) < 2:
                parser.error("the following arguments are required: DIR")
            options.flow = Path(options.inputs.pop())
        return run_once(
            options.flow, options.inputs, options.connections, options.variant, options.json, screen
        )

    parser = _command(commands, "test", "run a flow once and print its outputs as JSON", required=False)
    parser.add_argument(
        "--inputs",
        nargs="+",
        default=["{}"],
        metavar="INPUT",
        help="a JSON object; or a file, x.json, x.jsonl (its first line) or @FILE; or name=value pairs "
        "(default: {}; a chat history may be left out)",
    )
    _connections(parser)
    parser.add_argument("--json", action="store_true", help="print a failure as JSON, too")
    parser.set_defaults(run=run)


def _serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def run(options: argparse.Namespace, screen: Screen) -> int:
        from flow_runtime.cli.serve import serve

        return serve(options, screen)

    parser = _command(commands, "serve", "serve a flow as a pod would, until Ctrl-C")
    parser.add_argument("--port", type=_port, default=8080, help="port of /score (default: 8080)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    _connections(parser)
    parser.add_argument(
        "--errors",
        choices=["Honest", "Strict"],
        default="Honest",
        help="Honest (default): 502, 503, 504 for the LLM's failures; Strict: promptflow's 400 for all",
    )
    parser.set_defaults(run=run)


def _build(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def run(options: argparse.Namespace, screen: Screen) -> int:
        from flow_runtime.cli.build import build

        return build(options.flow, options.output, options.base, screen)

    more = " The folder then holds the flow\nwith all that it includes, its requirements and a Dockerfile."
    parser = _command(commands, "build", "write a folder that an image of the flow can be built of", more)
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where to (default: ./<name of the flow>-image)"
    )
    parser.add_argument(
        "--base",
        default="",
        metavar="IMAGE",
        help="the runtime image to build on (default: flow-runtime:dev, from `make images`)",
    )
    parser.set_defaults(run=run)


def _records(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def run(options: argparse.Namespace, screen: Screen) -> int:
        from flow_runtime.cli.records import records

        return records(options, screen)

    text = "show what a deployment was asked and what it answered"
    parser = commands.add_parser(
        "records",
        help=text,
        description=RECORDS,
        epilog=RECORDS_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--store",
        required=True,
        metavar="URL",
        help="as in collection.store.url, or with the path of a cluster, namespace or deployment below it",
    )
    parser.add_argument(
        "--secret",
        type=Path,
        metavar="FOLDER",
        help="files with the keys of the store's Secret (default: what the environment has for the "
        "cloud's own tools, such as AWS_ACCESS_KEY_ID)",
    )
    for name in ("cluster", "namespace", "deployment"):
        parser.add_argument(f"--{name}", default="", metavar="NAME", help=f"only of this {name}")
    parser.add_argument(
        "--since",
        default="1h",
        metavar="TIME",
        help="15m, 1h30m, 2d, 1w ago, or 2026-11-22, 2026-11-22T17:30Z (default: 1h)",
    )
    parser.add_argument("--until", default="", metavar="TIME", help="before this time (default: now)")
    parser.add_argument("--failed", action="store_true", help="only requests that failed")
    parser.add_argument("--limit", type=_count, metavar="N", help="stop after the first N records")
    parser.add_argument(
        "--json", action="store_true", help="print whole lines as they are stored, feedback after its record"
    )
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if text.isdigit() and 0 < int(text) < 10**12:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of records: give 1 or more")


def _port(text: str) -> int:
    if text.isdigit() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")


if __name__ == "__main__":
    sys.exit(main())
