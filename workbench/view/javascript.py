"""Our front end as the one module that anywidget takes, joined from the parts in `js/`, each of which is a module of its own."""

import re
from pathlib import Path

PARTS = Path(__file__).parent / "js"
IMPORT = re.compile(r'^import \{ [^}]+ \} from "\./(\w+)\.js";\n', re.MULTILINE)


def joined() -> str:
    """Return the widget's part after all that it imports, as one module.

    Each part stands there once and without its imports, so no two of them may give a name at their top level to different things.
    Only that part's default export remains.
    """
    texts: dict[str, str] = {}

    def take(name: str) -> None:
        if name in texts:
            return
        text = (PARTS / f"{name}.js").read_text(encoding="utf-8")
        for other in IMPORT.findall(text):
            take(other)
        texts[name] = re.sub(r"^export (?!default)", "", IMPORT.sub("", text), flags=re.MULTILINE)

    take("workbench")
    return "\n".join(texts.values())
