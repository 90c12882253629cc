"""What readers make of bytes, for tests: the line of each row with its record, or with what is wrong with it."""


def lines(text):
    """The lines of a text as a file has them."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return data.splitlines(keepends=True)


def entities(reader, text):
    """Line and record, or line and problem, of each row."""
    return [(row.line, row.problem or row.item) for row in reader.entities(iter(lines(text)))]


def documents(reader, text):
    """As `entities`, of documents."""
    return [(row.line, row.problem or row.item) for row in reader.documents(iter(lines(text)))]
