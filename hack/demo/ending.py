"""Print what came out of a run, the same for `make try` and `make demo`."""

import os
from pathlib import Path

from hack.demo.example import STORY
from hack.demo.results import Results
from hack.demo.screen import heading
from hack.demo.summary import clean, metric_lines, object_lines, row_lines, worst_lines

STORY_HEADING = (
    "The question it began with (another monitor failed its short, correct answer, without a reason)"
)


def print_ending(results: Results, store: str, report: Path) -> None:
    """Print objects, verdicts, the worst rows and the story's row; write the report to a file and say so."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_bytes(results.html)
    summary = results.report.summary
    heading(f"Store {store}: {len(results.objects)} objects, {len(results.records)} records")
    print("\n".join(object_lines(results.objects)))
    print("  records by pod: " + ", ".join(f"{pod} {count}" for pod, count in results.by_pod().items()))
    judge = results.report.judge_model
    judged = f"{summary.sampled} distinct of {summary.records} records"
    heading(f"Verdicts of run {summary.run}: {judged}, judge {judge}")
    print("\n".join(metric_lines(summary)))
    if summary.judge_message:
        print(f"  judge: {clean(summary.judge_message)}")
    heading("The three worst rows")
    print("\n".join(worst_lines(results.worst(3))))
    story = results.about(STORY)
    if story is not None:
        heading(STORY_HEADING)
        print("\n".join(row_lines(story, story.judgements)))
    heading("Report")
    print(f"  {relative(report)}  (open it in a browser)")


def relative(path: Path) -> str:
    """The path as short as it can be said from where the reader is."""
    return min(os.path.relpath(path), str(path), key=len)
