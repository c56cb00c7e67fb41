"""Which failed spans did no harm, because what called them went on or tried again; pure, called by timeline.py only."""

from traces.timeline.forest import Forest


def recovered_spans(forest: Forest, is_failed: bool) -> dict[int, bool]:
    """The failed spans whose caller went on all the same; True where a later sibling of the same name did the work."""
    last_success: dict[tuple[int | None, str], int] = {}
    for index, node in enumerate(forest.nodes):
        if node.status != "error":
            last_success[forest.parents[index], node.name] = index
    found: dict[int, bool] = {}
    failed = [index for index in forest.walk if forest.nodes[index].status == "error"]
    for index in failed:
        parent = forest.parents[index]
        is_retried = last_success.get((parent, forest.nodes[index].name), -1) > index
        if is_retried or not _has_failed(forest, parent, found, is_failed):
            found[index] = is_retried
    if is_failed and len(found) == len(failed):
        _blame_latest(forest, found)
    return found


def _has_failed(forest: Forest, index: int | None, recovered: dict[int, bool], is_failed: bool) -> bool:
    """Whether this caller ended in failure; None stands for the run itself."""
    if index is None:
        return is_failed
    return forest.nodes[index].status == "error" and index not in recovered


def _blame_latest(forest: Forest, recovered: dict[int, bool]) -> None:
    """In a run that failed although no failure reached the top, the last one is to blame."""
    if recovered:
        latest = max(
            recovered, key=lambda index: (forest.nodes[index].ended_at or forest.nodes[index].started_at, index)
        )
        del recovered[latest]
