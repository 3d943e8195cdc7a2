"""Plans edits of TOML files and judges their results, with tomllib and nothing of the product.

Reads one JSON object a line and answers one a line: {"plan": text in base64, "seed": number} gives the operations, or why the file is no TOML;
{"judge": operation, "after": text in base64} gives what is wrong with a result, or null. What a result must be is known byte by byte:
an operation says what stands before and behind the place that it may touch, and which document the result must be.
"""

import base64
import copy
import json
import math
import random
import sys
import tomllib

MAX_STATEMENT_LINES = 400
PER_FILE = {"edit": 8, "list": 2, "new-key": 3, "remove": 4, "remove-section": 1}


def decode(data):
    return base64.b64decode(data).decode("utf-8")


def encode(text):
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def parse(text):
    return tomllib.loads(text)


def tried(text):
    try:
        return parse(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


class Statement:
    def __init__(self, start, end, text):
        self.start, self.end, self.text = start, end, text
        self.header = None
        self.path = None
        self.value_at = None
        self.own = 0
        self.in_list = False


def statements_of(text):
    """Lines that parse for themselves, one after the other; a statement over several lines ends where it does."""
    found, start, lines = [], 0, text.splitlines(keepends=True) if "\x0b" not in text and "\x0c" not in text else None
    if lines is None or any(ch in text for ch in "\x85\u2028\u2029\x1c\x1d\x1e"):
        lines = [line + "\n" for line in text.split("\n")]
        lines[-1] = lines[-1][:-1]
    index = 0
    while index < len(lines):
        end, whole = index, ""
        while end < len(lines) and end - index < MAX_STATEMENT_LINES:
            whole += lines[end]
            end += 1
            if tried(whole) is not None:
                break
        else:
            return None
        if whole.strip() != "" and not whole.strip().startswith("#"):
            found.append(Statement(start, start + len(whole), whole))
        start += len(whole)
        index = end
    return found


def keys_of(document):
    """The keys of a document with one value and no other: of a header, or of a key without its value."""
    keys = []
    while isinstance(document, (dict, list)) and len(document) > 0:
        if isinstance(document, list):
            document = document[0]
            continue
        (key,) = document
        keys.append(key)
        document = document[key]
    return keys


def locate(found):
    """The path of each statement, and where its value begins."""
    table, in_list, lists = [], False, []
    for statement in found:
        text = statement.text
        if text.lstrip().startswith("["):
            table = keys_of(parse(text))
            if text.lstrip().startswith("[["):
                lists.append(table)
            in_list = any(table[: len(path)] == path for path in lists)
            statement.header = table
            statement.path = table
            statement.in_list = in_list
            continue
        for at, sign in enumerate(text):
            if sign == "=" and (key := tried(text[:at] + "= 0")) is not None:
                statement.path = table + keys_of(key)
                statement.own = len(keys_of(key))
                statement.value_at = at + 1 + len(text[at + 1 :]) - len(text[at + 1 :].lstrip(" \t"))
                break
        statement.in_list = in_list


def value_end(statement):
    """Where the value ends, before blanks and a comment on its last line."""
    text, at = statement.text, statement.value_at
    whole = tried("k = " + text[at:])
    for end in [*(i for i in range(at, len(text)) if text[i] == "#"), len(text)]:
        value = text[at:end].rstrip(" \t\r\n")
        if value != "" and tried("k = " + value) == whole and whole is not None:
            return at + len(value)
    return None


def at_path(document, path):
    for key in path:
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


def with_value(document, path, value):
    changed = copy.deepcopy(document)
    table = changed
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table[path[-1]] = value
    return changed


def without(document, path):
    changed = copy.deepcopy(document)
    del at_path(changed, path[:-1])[path[-1]]
    return changed


def nested(path, value):
    for key in reversed(path):
        value = {key: value}
    return value


def other_value(old):
    """The new value as the patch has it and as TOML reads it; None for a kind that a patch cannot say."""
    if isinstance(old, bool):
        return (not old, not old)
    if isinstance(old, int):
        new = old + 1 if old < 2**63 - 1 else old - 1
        return (new if abs(new) < 2**53 else str(new), new)
    if isinstance(old, float):
        new = 1.5 if not math.isfinite(old) else old + 0.5
        return (new, new) if new != old else None
    if isinstance(old, str):
        new = 'edited # "text" [x]\n\ttab = 1'
        return (new, new)
    if isinstance(old, list):
        if all(isinstance(item, str) for item in old):
            return ([*old, "added"], [*old, "added"])
        if all(isinstance(item, int) and not isinstance(item, bool) and abs(item) < 2**50 for item in old):
            return ([*old, 7], [*old, 7])
        plain = old[:-1] if all(isinstance(item, (str, bool)) for item in old[:-1]) else None
        return None if plain is None else (plain, plain)
    return None


def dotted(path):
    return ".".join(json.dumps(key) for key in path)


def plan(text, seed):
    document = parse(text)
    found = statements_of(text)
    if found is None:
        return [{"kind": "no-op", "patch": {}, "head": encode(text), "tail": encode(""), "is": "whole"}]
    locate(found)
    chosen = random.Random(seed)
    newline = "\r\n" if "\r\n" in text else "\n"
    # A patch can name neither the empty key nor a very long one.
    pairs = [s for s in found if s.header is None and s.path and not s.in_list and all(0 < len(key) < 200 for key in s.path)]
    operations = []

    def add(kind, head, tail, shape, **what):
        operations.append({"kind": kind, "head": encode(head), "tail": encode(tail), "is": shape, **what})

    def sample(kind, candidates):
        candidates = list(candidates)
        return chosen.sample(candidates, min(PER_FILE[kind], len(candidates)))

    # The value that is there already is no edit.
    told = [s for s in pairs if isinstance(at_path(document, s.path), (str, bool))]
    add("no-op", text, "", "whole", patch=nested(told[0].path, at_path(document, told[0].path)) if told else {})

    def edit(kind, statement):
        new, end = other_value(at_path(document, statement.path)), value_end(statement)
        if new is None or end is None:
            return
        add(
            kind,
            text[: statement.start + statement.value_at],
            text[statement.start + end :],
            "between",
            patch=nested(statement.path, new[0]),
            path=statement.path,
            value=tag(new[1]),
        )

    for statement in sample("edit", (s for s in pairs if not isinstance(at_path(document, s.path), (list, dict)))):
        edit("edit", statement)
    lists = [s for s in pairs if isinstance(at_path(document, s.path), list) and other_value(at_path(document, s.path))]
    for statement in sample("list", lists):
        edit("list", statement)

    tables = [[], *(s.header for s in found if s.header and not s.in_list and isinstance(at_path(document, s.header), dict))]
    for table in sample("new-key", tables):
        path = [*table, "nodetask_new-key"]
        if at_path(document, path) is None:
            line = 'nodetask_new-key = "new # value"' + newline
            add("new-key", text, line, "one line more", patch=nested(path, "new # value"), path=path, value=tag("new # value"))
    if "nodetask_new-section" not in document:
        path = ["nodetask_new-section"]
        gap = "" if text.strip() == "" else newline
        end = "" if text == "" or text.endswith("\n") else newline
        section = f"[nodetask_new-section]{newline}a = 1{newline}"
        add("new-section", text + end + gap + section, "", "whole", patch=nested(path, {"a": 1}), path=path, value=tag({"a": 1}))

    # Of a table that only this key makes, something stays, and where is a matter of style.
    def stays(statement):
        return len(statement.path) == 1 or statement.own == 1

    for statement in sample("remove", (s for s in pairs if stays(s))):
        rest = text[: statement.start] + text[statement.end :]
        if tried(rest) == without(document, statement.path):
            add("remove", rest, "", "whole", remove=dotted(statement.path), path=statement.path)

    def inside(statement, path):
        return statement.path is not None and statement.path[: len(path)] == path

    sections = [s.header for s in found if s.header and len(s.header) == 1 and isinstance(at_path(document, s.header), dict)]
    for section in sample("remove-section", sections):
        rest, at = "", 0
        for statement in found:
            if inside(statement, section):
                rest, at = rest + text[at : statement.start], statement.end
        rest += text[at:]
        if tried(rest) == without(document, section):
            add("remove-section", rest, "", "whole", remove=dotted(section), path=section)
    return operations


def tag(value):
    """JSON does not tell 1.0 from 1, nor has it NaN."""
    if isinstance(value, bool) or isinstance(value, str):
        return {"is": value}
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, list):
        return {"list": [tag(item) for item in value]}
    return {"table": {key: tag(item) for key, item in value.items()}}


def untag(tagged):
    ((kind, value),) = tagged.items()
    match kind:
        case "is":
            return value
        case "int":
            return int(value)
        case "float":
            return float.fromhex(value)
        case "list":
            return [untag(item) for item in value]
        case _:
            return {key: untag(item) for key, item in value.items()}


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return a == b


def difference(wanted, got):
    at = next((i for i, (x, y) in enumerate(zip(wanted, got)) if x != y), min(len(wanted), len(got)))
    line = wanted.count("\n", 0, at) + 1
    return f"line {line}: wanted {wanted[at:at + 60]!r}, got {got[at:at + 60]!r}"


def judge(operation, before, after):
    head, tail = decode(operation["head"]), decode(operation["tail"])
    match operation["is"]:
        case "whole":
            if after != head:
                return difference(head, after)
        case "between":
            if not after.startswith(head):
                return difference(head, after)
            if not after.endswith(tail) or len(after) < len(head) + len(tail):
                return difference(tail[::-1], after[::-1])[:200] + " (read from the end)"
        case "one line more":
            if (fault := one_line_more(head, tail, after)) is not None:
                return fault
    try:
        got = parse(after)
    except tomllib.TOMLDecodeError as error:
        return f"not TOML for tomllib: {error}"
    document = parse(before)
    path = operation.get("path")
    if path is None:
        wanted = document
    elif "value" in operation:
        wanted = with_value(document, path, untag(operation["value"]))
    else:
        wanted = without(document, path)
    return None if same(wanted, got) else f"other values than wanted at {dotted(path or [])}"


def one_line_more(before, line, after):
    """The line, indented as its neighbours, at any place; an empty one may keep it from a section, and a line end that was missing may be there."""
    at = after.find(line)
    if at < 0:
        return f"the line {line!r} is not there"
    start = after.rfind("\n", 0, at) + 1
    if after[start:at].strip(" \t") != "":
        return f"line {after.count(chr(10), 0, at) + 1}: {after[start:at + 40]!r} has something before the new key"
    head, tail = after[:start], after[at + len(line) :]
    newline = "\r\n" if line.endswith("\r\n") else "\n"
    rests = [head + tail]
    if tail.startswith(newline):
        rests.append(head + tail[len(newline) :])
    if tail == "" and head.endswith(newline):
        rests.append(head[: -len(newline)])
    return None if before in rests else difference(before, rests[0])


def answer(request, kept):
    if "plan" in request:
        data = base64.b64decode(request["plan"])
        try:
            text = data.decode("utf-8")
            kept["text"] = text
            return {"operations": plan(text, request["seed"])}
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            return {"invalid": str(error)[:200]}
    try:
        after = decode(request["after"])
    except UnicodeDecodeError as error:
        return {"fault": f"not UTF-8: {error}"}
    return {"fault": judge(request["judge"], kept["text"], after)}


def main():
    kept = {}
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), kept)), flush=True)


main()
