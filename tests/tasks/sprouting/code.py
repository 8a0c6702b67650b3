"""Made-up packages, each with a way of its own to say things."""

from pathlib import Path

from tests.training.small import NOUNS, VERBS

TOPICS = ("orchard", "harbour", "kitchen", "library", "station", "theatre", "glacier", "market")


def module(topic: str, nouns: tuple[str, ...] = NOUNS) -> str:
    """A function for every verb and noun, whose documentation says what its name says."""
    return "\n\n".join(_function(verb, noun, topic) for noun in nouns for verb in VERBS)


def _function(verb: str, noun: str, topic: str) -> str:
    size = sum(map(ord, verb + noun + topic))
    return (
        f"def {verb}_{noun}_{topic}(items, {topic}_limit={size}):\n"
        f'    """{verb.title()} the {noun} of the {topic} up to a limit."""\n'
        f"    {topic}_total = {size % 97}\n"
        f"    for {noun} in items.{topic}_{verb}:\n"
        f"        {topic}_total = {topic}_total + {noun}.{verb}_{topic}({size % 31})\n"
        f"    return {verb}_{topic}({topic}_total, {topic}_limit, {noun!r})\n"
    )


def shelf(folder: Path, topics: tuple[str, ...] = TOPICS) -> Path:
    """A folder as packages are installed in: one package a topic, 64 functions each."""
    place = folder / "site-packages"
    for topic in topics:
        (place / topic).mkdir(parents=True)
        (place / topic / "low.py").write_text(module(topic, NOUNS[:4]))
        (place / topic / "upper.py").write_text(module(topic, NOUNS[4:]))
    return place
