"""The widget: a session, shown. Everything that it does is the session's; here it is only passed on."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, final
from zipfile import ZIP_DEFLATED, ZipFile

import anywidget
import traitlets

from workbench.files import PAGE, write_whole
from workbench.hardware import quota_cores, usable_cores
from workbench.live import FrameSender, Player, Shown
from workbench.machine import NamedThread, NoiseCertificate, certify, take_sample
from workbench.report import waterfall_css
from workbench.session import Search, Session
from workbench.settings import Settings
from workbench.stages import Overlay, overlay
from workbench.tuning import Tuned
from workbench.view.inside import InsideTold
from workbench.view.javascript import joined
from workbench.view.panel import changed_score, describe
from workbench.view.search import budget_of, cards, search
from workbench.view.status import explained, job, plot, rows, status, tuned
from workbench.wording import STAGE_COLOURS, class_colour

TICK_SECONDS = 0.5  # how often figures change: often enough to be live, seldom enough to be read
LEAST_SECONDS = 0.05  # between two ticks, however much changes
BEAT_SECONDS = 2.0  # between two signs of life, also while something is measured: one is a few bytes
NOISE_SECONDS = 3.0  # that the noise lamp looks back
DOZE_SECONDS = 10.0  # without a picture painted (a hidden tab, a page that is gone), after which playing stops until one is
UNWATCHED_SECONDS = 2.0  # without a view, after which nothing plays on: a cell that is run again replaces its view sooner
MOST_THUMBNAILS = 24  # that a page may ask for at once
REPORT = "workbench-report.html"
EXPORT = "workbench-export"
TUNED = "workbench-tuned"
HERE = Path(__file__).parent

UNKNOWN_NOISE = NoiseCertificate(verdict="unknown", reasons=("watched for too short a time to tell",))


@final
class WorkbenchView(anywidget.AnyWidget):
    """Our front end, what it reads, and what it sends: `_action_table` lists its messages."""

    _esm = joined()
    # The text: anywidget connects each view to a file for good.
    _css = (HERE / "workbench.css").read_text(encoding="utf-8") + waterfall_css()

    panel = traitlets.Dict({}).tag(sync=True)
    status = traitlets.Dict({"ready": False}).tag(sync=True)
    beat = traitlets.Int(0).tag(sync=True)  # counts up as long as this lives
    job = traitlets.Any(None).tag(sync=True)
    held = traitlets.Any(None).tag(sync=True)
    message = traitlets.Any(None).tag(sync=True)
    records: traitlets.List[Any] = traitlets.List([]).tag(sync=True)
    plot = traitlets.Dict({"axis": "AP", "points": [], "frontier": []}).tag(sync=True)
    tuned = traitlets.Any(None).tag(sync=True)
    explained = traitlets.Dict({"about": None, "reason": None, "picture": None}).tag(sync=True)
    inside = traitlets.Dict({"about": None, "reason": None, "picture": None}).tag(sync=True)
    advice: traitlets.List[Any] = traitlets.List([]).tag(sync=True)
    wrong: traitlets.List[Any] = traitlets.List([]).tag(sync=True)
    search = traitlets.Dict({"ready": False}).tag(sync=True)
    log_lines: traitlets.List[Any] = traitlets.List([]).tag(sync=True)
    labels: traitlets.List[Any] = traitlets.List([]).tag(sync=True)
    class_colours: traitlets.List[Any] = traitlets.List([]).tag(sync=True)
    stage_colours = traitlets.Dict(dict(STAGE_COLOURS)).tag(sync=True)
    stage_order = traitlets.List(list(STAGE_COLOURS)).tag(sync=True)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._sender: FrameSender | None = None
        self._drawn: Overlay | None = None
        self._pictured = 0  # number of the last message that carried a picture
        self._told_search: tuple[int, int] | None = None
        self._told_panel: tuple[int, Settings | None] | None = None
        self._named: tuple[Settings, str] | None = None  # what the last picture was made under, and its name
        self._inside = InsideTold()
        self._noise = UNKNOWN_NOISE
        self._samples = [take_sample()]
        self._upload: dict[tuple[int, str], list[bytes]] = {}  # by number and name: two may bear one name
        self._dozing = False
        self._stood_still = False  # at the last tick, because something was measured
        self._views = 0
        self._unwatched_since: float | None = None
        self._woken = threading.Event()
        self._ended = False
        self._beaten = 0.0
        self._actions = self._action_table()
        self.on_msg(self._on_message)
        session.notices.on_change = self.wake
        self._ticker = NamedThread(target=self._tick, name="workbench-ticker")
        self._ticker.start()

    def wake(self) -> None:
        """Show what changed soon; may be called from any thread."""
        self._woken.set()

    def end(self) -> None:
        """End the threads and the session; a second time does nothing. What was shown last stays."""
        self._ended = True
        self._woken.set()
        if threading.current_thread() is not self._ticker:
            self._ticker.join()
        if self._sender is not None:
            self._sender.close()
        self._sender = None
        self._session.close()

    # From the browser

    def _action_table(self) -> dict[str, Callable[[dict[str, Any], list[Any]], object]]:
        session = self._session
        return {
            "hello": lambda _, __: self._hello(),
            "bye": lambda _, __: self._bye(),
            "shown": lambda content, _: self._seen(int(content["n"]), float(content.get("ago_ms", 0.0)) / 1000),
            "set": lambda content, _: self._set(str(content["name"]), content["value"]),
            "preset": lambda content, _: session.use_preset(str(content["name"])),
            "reset": lambda _, __: session.reset(),
            "detector": lambda content, _: session.open_detector(str(content["value"])),
            "media": lambda content, _: session.open_media(str(content["value"]) or None),
            "open": lambda content, _: session.open(str(content["source"])),
            "upload": lambda content, buffers: self._receive(content, bytes(buffers[0])),
            "play": lambda _, __: session.play(),
            "pause": lambda _, __: session.pause(),
            "step": lambda content, _: session.step(int(content["by"])),
            "next-wrong": lambda _, __: session.go_to_next_wrong(),
            "thumbnails": lambda content, _: self._send_thumbnails([int(one) for one in content["positions"]]),
            "seek": lambda content, _: session.seek(int(content["position"])),
            "pace": lambda content, _: session.set_pace("free" if content["value"] == "free" else "clip"),
            "pin": lambda _, __: session.pin(),
            "unpin": lambda _, __: session.unpin(),
            "measure": lambda _, __: session.measure(),
            "explain": lambda _, __: session.explain(),
            "weigh": lambda _, __: session.weigh(),
            "find": lambda content, _: self._find(content),
            "forget-tuned": lambda _, __: session.forget_tuned(),
            "profile": lambda _, __: session.profile(),
            "cancel": lambda _, __: session.cancel(),
            "report": lambda _, __: self._report(),
            "copy": lambda content, _: self._copy(str(content["what"])),
            "choose": lambda content, _: session.choose(str(content["id"])),
            "use": lambda content, _: session.use(dict(content["values"]), str(content["id"])),
            "repair": lambda content, _: session.repair(str(content["id"])),
            "sweep": lambda content, _: session.sweep("all" if content["scope"] == "all" else "size"),
            "budget": lambda content, _: session.set_budget(budget_of(content)),
            "choose-swept": lambda content, _: session.choose_swept(str(content["id"])),
            "measure-swept": lambda content, _: session.choose_swept(str(content["id"]), measures=True),
            "export": lambda content, _: self._export(replace=bool(content.get("replace"))),
            "dismiss": lambda _, __: session.dismiss(),
        }

    def _on_message(self, _: object, content: dict[str, Any], buffers: list[Any]) -> None:
        action = self._actions.get(str(content.get("type")))
        if action is None:
            return
        if self._dozing and self._session.held is None:
            self._dozing = False
            self._session.play()
        try:
            action(content, buffers)
        except Exception as error:  # ipywidgets would only log it
            self._session.notices.tell_error(error)
        if content["type"] != "shown":  # thirty times a second, and nothing that is told changes with it
            self.wake()

    def _hello(self) -> None:
        self._views += 1
        self._unwatched_since = None
        self._session.begin()
        if self._sender is not None:
            self._sender.show_again()

    def _bye(self) -> None:
        self._views = max(0, self._views - 1)
        if not self._views:
            self._unwatched_since = time.monotonic()

    def _receive(self, content: dict[str, Any], part: bytes) -> None:
        """Put an upload together; its files come one after the other, each in parts."""
        if not content["file"] and not content["part"]:
            self._upload = {}
        self._upload.setdefault((int(content["file"]), str(content["name"])), []).append(part)
        if content["file"] + 1 == content["files"] and content["part"] + 1 == content["parts"]:
            files, self._upload = self._upload, {}
            self._session.upload({name: b"".join(parts) for (_, name), parts in files.items()})

    def _seen(self, number: int, ago_seconds: float) -> None:
        if self._sender is not None:
            self._sender.acknowledge(number, ago_seconds)

    def _set(self, name: str, value: object) -> None:
        if name == "xla":
            name, value = "runtime.engine", "xla" if value else "graph"
        elif name.startswith("nms.score") and self._session.settings is not None:
            name, value = "nms.score", changed_score(self._session.settings, name, value)
        self._session.set(name, value)

    def _report(self) -> None:
        html = self._session.report()
        path = Path.cwd() / REPORT
        write_whole(path, html, over=PAGE)
        self._send_report(path, html.encode())

    def _send_report(self, path: Path, html: bytes) -> None:
        self.send({"type": "link", "role": "report", "name": path.name, "mime": "text/html", "path": str(path)}, [html])

    def _find(self, content: dict[str, Any]) -> None:
        """Find the fastest; what comes of it lies beside the notebook."""
        self._session.find_fastest(budget_of(content), 60 * float(content["minutes"]), Path.cwd() / TUNED, done=self._send_tuned)

    def _send_tuned(self, found: Tuned) -> None:
        if found.report is not None:
            self._send_report(found.report, found.report.read_bytes())
        if found.exported is not None:
            self._send_folder(found.exported)

    def _export(self, *, replace: bool) -> None:
        """Write a folder beside the notebook, and ask first where there is one already."""
        folder = Path.cwd() / EXPORT
        if not replace and folder.is_dir() and any(folder.iterdir()):
            self.send({"type": "ask", "path": str(folder)})
            return
        self._session.export(folder, replace=replace, done=self._send_folder)

    def _send_folder(self, folder: Path) -> None:
        content = BytesIO()
        with ZipFile(content, "w", ZIP_DEFLATED) as packed:
            for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                packed.write(path, path.relative_to(folder.parent))
        name = f"{folder.name}.zip"
        self.send(
            {"type": "link", "role": "export", "name": name, "mime": "application/zip", "path": str(folder)}, [content.getvalue()]
        )

    def _send_thumbnails(self, positions: list[int]) -> None:
        found = self._session.thumbnails(positions[:MOST_THUMBNAILS])
        self.send({"type": "thumbnails", "positions": list(found)}, list(found.values()))

    def _copy(self, what: str) -> None:
        session = self._session
        self.send({"type": "copied", "text": session.as_code() if what == "code" else session.as_command()})

    # To the browser

    def _tick(self) -> None:
        while not self._ended:
            self._woken.wait(TICK_SECONDS)
            self._woken.clear()
            if self._ended:
                return
            try:
                self._show_all()
            except Exception as error:  # it stands in the panel with the next tick, and the ticker lives on
                self._session.notices.tell_error(error)
            if time.monotonic() - self._beaten > BEAT_SECONDS:
                self._beaten, self.beat = time.monotonic(), self.beat + 1
            since = self._unwatched_since
            if since is not None and time.monotonic() - since > UNWATCHED_SECONDS:
                self.end()
            time.sleep(LEAST_SECONDS)

    def _show_all(self) -> None:
        opened = self._session.opened
        measuring = opened.measuring if opened else None
        if measuring is not None and measuring.active:  # every figure that is told now would take its time from what is measured
            if self._stood_still:
                self._tell_notices()
            else:  # once, so that what stands there until it is over belongs to the picture that stands still
                self._tell()
            self._stood_still = True
            if measuring.search is not None and measuring.search.running:  # in other processes: telling costs them little
                self._tell_search(measuring.search)
            return
        if self._stood_still and self._sender is not None:
            self._sender.show_again()  # nobody can have seen pictures meanwhile, which is no reason to doze
        self._stood_still = False
        self._watch_noise()
        self._follow(opened.player if opened else None)
        self._doze()
        self._tell()

    def _doze(self) -> None:
        sender = self._sender
        if sender is not None and sender.player.playing and sender.unseen_seconds > DOZE_SECONDS:
            self._dozing = True
            sender.player.pause()

    def _follow(self, player: Player | None) -> None:
        """Let the sender follow the session's player: other media have another one."""
        if player is (self._sender.player if self._sender is not None else None):
            return
        if self._sender is not None:
            self._sender.close()
        self._sender = FrameSender(player, self._show) if player is not None else None

    def _tell(self) -> None:
        session, sender, opened = self._session, self._sender, self._session.opened
        told = status(
            session,
            self._drawn,
            sender.cost if sender else None,
            sender.age_seconds if sender else None,
            self._noise,
        )
        labels = list(opened.detector.facts.labels) if opened else []
        measured = opened.measuring.records if opened else []
        records = rows(measured, opened.evaluation.pinned if opened else None)
        changed = records != self.records
        with self.hold_sync():
            self._tell_panel()
            self.status = told
            self._tell_notices()
            self.records = records
            self.wrong = [asdict(one) for one in opened.evaluation.wrong_frames()] if opened else []
            self._tell_search(opened.measuring.search if opened else None)
            self.explained = explained(session, measured)
            self.tuned = tuned(session)
            self.inside = self._inside.tell(session, measured)
            if changed:
                self.advice, self.plot = cards(measured), plot(measured)
            self.labels = labels
            self.class_colours = [class_colour(number) for number in range(len(labels))]

    def _tell_notices(self) -> None:
        session = self._session
        notices = session.notices
        self.job = job(notices.job)
        self.held = {**asdict(session.held), "reason": session.held.reason} if session.held else None
        self.message = asdict(notices.message) if notices.message else None
        self.log_lines = list(map(asdict, notices.log))

    def _tell_panel(self) -> None:
        """Tell the settings and their choices where they changed: that takes dozens of checks."""
        session = self._session
        key = (id(session.opened), session.settings)
        if key != self._told_panel:
            self._told_panel = key
            self.panel = describe(session)

    def _tell_search(self, found: Search | None) -> None:
        """Tell what is known of the settings where that changed: there may be thousands."""
        key = (id(found), found.version if found else 0)
        if key != self._told_search:
            self._told_search = key
            self.search = search(found)

    def _show(self, shown: Shown, jpeg: bytes | None) -> None:
        opened = self._session.opened
        if opened is None:  # closed meanwhile
            return
        truth = opened.data.truth.images.get(shown.frame.name) if opened.data.truth else None
        self._drawn = overlay(shown.found, opened.evaluation.pinned_found(shown), truth)
        height, width = shown.frame.size_hw
        message = {"n": shown.number, "overlay": self._drawn, "setting": self._name_of(shown.pipeline.settings)}
        if jpeg is None:
            self.send({"type": "boxes", "of": self._pictured, **message})
            return
        self._pictured = shown.number
        place = {"position": shown.frame.index, "name": shown.frame.name, "width": width, "height": height}
        self.send({"type": "frame", **message, **place}, [jpeg])

    def _name_of(self, settings: Settings) -> str:
        if self._named is None or self._named[0] is not settings:
            self._named = (settings, self._session.name_of(settings))
        return self._named[1]

    def _watch_noise(self) -> None:
        sample = take_sample()
        self._samples = [one for one in self._samples if one.at_seconds > sample.at_seconds - NOISE_SECONDS] or self._samples[-1:]
        self._samples.append(sample)
        running = self._session.running
        threads = running.runtime.threads if running else None
        self._noise = certify(tuple(self._samples), cores=usable_cores(), quota=quota_cores(), threads=threads)
