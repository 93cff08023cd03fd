"""Tasks run in order on one thread, and none of them takes the others with it."""

import threading

from workbench.session.worker import Worker


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
