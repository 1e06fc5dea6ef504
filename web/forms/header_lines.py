"""Headers as lines of a text, and what of them differs from those it began with."""

Values = dict[str, tuple[str, list[str]]]


def changed_headers(text: str, was: str) -> dict[str, str | None]:
    """As a replay overrides them: None removes one, whose line is not there any more.

    One that began without a value is masked: it is left out until it is given. Of a
    name that is repeated all lines count together. Raises ValueError where a line is no
    header.
    """
    before, now = _by_name(was), _by_name(text)
    made: dict[str, str | None] = {}
    for key in {**before, **now}:
        _, recorded = before.get(key, ("", []))
        name, values = now.get(key, (key, []))
        is_masked = bool(recorded) and not any(recorded)
        given = [value for value in values if value] if is_masked else values
        if given == recorded:
            continue
        if given:
            made[name] = ", ".join(given)
        elif recorded and not is_masked:
            made[name] = None
    return made


def _by_name(text: str) -> Values:
    found: Values = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not name:
            raise ValueError(f"line {number} is no header: it is to be Name: value")
        found.setdefault(name.lower(), (name, []))[1].append(value)
    return found
