"""Reads a data file into a model, and says where it is wrong when it is.

A file that does not hold is refused whole, with its name, the line and the reason, so that the
person who edits a programme finds the place.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)

_REASONS_SHOWN = 5
_WORDS_SHOWN = 12
# The C parser reads twenty programmes ten times as fast; it is missing on some platforms.
_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SAFE):  # type: ignore[misc]
    """A safe loader that leaves a day no calendar has, such as 31 February, to the model."""

    def day(self, node: yaml.ScalarNode) -> object:
        """The day or moment, or the text as it stands."""
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            return node.value

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A mapping whose keys stand once: of two, one would be lost without a word."""
        seen: set[Any] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.value in seen and key.value != "<<":
                reason = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, reason, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.day)


class FileRefused(ValueError):
    """A data file that cannot be used: which, in which line, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")
        self.path = path
        self.reason = reason


class Finding(NamedTuple):
    """What is wrong with one row of a file: its place in the content, and why."""

    place: tuple[int | str, ...]
    reason: str


def read_model(
    path: Path, model: type[M], *, check: Callable[[M], Iterable[Finding]] | None = None
) -> M:
    """Parse one YAML file; raises FileRefused with line and reason.

    `check` looks at what the file says as a whole; each of its findings is named with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root, content = _parse(text)
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f"line {error.problem_mark.line + 1}: "
        raise FileRefused(path, f"{line}{error.problem or error.context}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FileRefused(path, str(error)) from error
    try:
        read = model.model_validate(content, extra="forbid")
    except ValidationError as error:
        raise FileRefused(path, _explain(error, root)) from error
    findings = [] if check is None else list(check(read))
    if findings:
        lines = [f"line {_line_of(root, one.place)}: {one.reason}" for one in findings]
        raise FileRefused(path, "; ".join(lines))
    return read


def _parse(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes, for their lines, and what they say; read once, and both loaders are safe ones."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _explain(error: ValidationError, root: yaml.Node | None) -> str:
    problems = error.errors(include_url=False)
    lines = []
    for problem in problems[:_REASONS_SHOWN]:
        cause = problem.get("ctx", {}).get("error")  # a rule of ours may know the place better
        place = (*problem["loc"], *getattr(cause, "place", ()))
        name = ".".join(map(str, place)) or "file"
        lines.append(f"line {_line_of(root, place)}: {name}: {_short(problem)}")
    if len(problems) > _REASONS_SHOWN:
        lines.append(f"and {len(problems) - _REASONS_SHOWN} more")
    return "; ".join(lines)


def _short(problem: "ErrorDetails") -> str:
    """The reason; of many words that would do only the nearest, because nobody reads them all."""
    words = re.findall(r"'([^']+)'", str(problem.get("ctx", {}).get("expected", "")))
    if len(words) <= _WORDS_SHOWN:
        return problem["msg"]
    near = difflib.get_close_matches(str(problem["input"]), words, n=3) or words[:3]
    return f"is none of the {len(words)} known words, such as {', '.join(near)}"


def _line_of(root: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `place` the file has (a missing key: its parent's)."""
    node = root
    line = 1 if root is None else root.start_mark.line + 1
    for step in place:
        found = _child(node, step)
        if found is None:
            return line
        node, line = found
    return line


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, int] | None:
    """A part of a node and the line it is named in: its key's, or where the entry begins."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        items: list[yaml.Node] = node.value
        return (items[step], items[step].start_mark.line + 1) if step < len(items) else None
    if isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        return next(
            ((value, key.start_mark.line + 1) for key, value in pairs if key.value == str(step)),
            None,
        )
    return None
