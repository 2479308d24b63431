"""Print what came out of a run, the same for `make try` and `make demo`."""

from pathlib import Path

from flow_runtime.contracts.run import RunSummary
from hack.demo.example import STORY
from hack.demo.results import Results
from hack.demo.screen import heading
from hack.demo.summary import clean, metric_lines, object_lines, row_lines, worst_lines


def print_ending(summary: RunSummary, results: Results, store: str, judge: str, report: Path) -> None:
    """Objects, verdicts, the three worst rows, the story's row, and where the report is."""
    heading(f"Store {store}: {len(results.objects)} objects, {len(results.records)} records")
    print("\n".join(object_lines(results.objects)))
    print("  records by pod: " + ", ".join(f"{pod} {count}" for pod, count in results.by_pod().items()))
    heading(f"Verdicts of run {summary.run}: {summary.sampled} of {summary.records} records, judge {judge}")
    print("\n".join(metric_lines(summary)))
    if summary.judge_message:
        print(f"  judge: {clean(summary.judge_message)}")
    heading("The three worst rows")
    print("\n".join(worst_lines(results.worst(3))))
    story = results.about(STORY)
    if story is not None:
        heading("The short, correct answer that another product's monitor failed without a reason")
        print("\n".join(row_lines(story, story.judgements)))
    heading("Report")
    print(f"  {report}  (open it in a browser)")
