"""Tasks run in order on one thread, and none of them takes the others with it."""

import threading
import time

from workbench.session.worker import CLOSE_SECONDS, Worker


def test_tasks_run_in_order_on_a_thread_of_their_own_and_errors_are_told() -> None:
    errors: list[Exception] = []
    done: list[int] = []
    ended = threading.Event()

    def fail() -> None:
        raise ValueError("this one")

    worker = Worker(errors.append)
    worker.submit(lambda: done.append(1))
    worker.submit(fail)
    worker.submit(lambda: done.append(2))
    worker.submit(ended.set)
    assert ended.wait(10)
    worker.close()

    assert done == [1, 2]
    assert [str(error) for error in errors] == ["this one"]


def test_closing_drops_what_has_not_begun() -> None:
    done: list[int] = []
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        may_end.wait(10)
        done.append(1)

    worker = Worker(lambda _: None)
    worker.submit(slow)
    worker.submit(lambda: done.append(2))
    assert begun.wait(10)
    closing = threading.Thread(target=worker.close)
    closing.start()
    closing.join(0.1)
    may_end.set()
    closing.join(10)
    assert done == [1]


def test_closing_does_not_wait_for_what_cannot_be_interrupted() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def compile_for_long() -> None:
        begun.set()
        may_end.wait(30)

    worker = Worker(lambda _: None)
    worker.submit(compile_for_long)
    assert begun.wait(10)
    began = time.monotonic()
    worker.close()
    may_end.set()

    assert time.monotonic() - began < CLOSE_SECONDS + 1
