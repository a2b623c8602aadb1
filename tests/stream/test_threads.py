"""Reading ahead and writing behind: nothing lost, nothing out of order, nothing swallowed."""

import _thread
import signal
import threading
import time
from contextlib import contextmanager
from itertools import count

import pytest

from stream.threads import SteadyThread, WriteBehind, read_ahead, undisturbed


def names_of_threads():
    return {thread.name for thread in threading.enumerate()}


def test_items_arrive_in_order_and_whole():
    with read_ahead(range(1000), 3, "reader") as items:
        assert list(items) == list(range(1000))


def test_a_reader_is_never_more_than_its_depth_ahead():
    read = []

    def items():
        for number in range(100):
            read.append(number)
            yield number

    with read_ahead(items(), 4, "reader") as arriving:
        for number in arriving:
            # In the queue, and one in the reader's hand.
            assert len(read) <= number + 1 + 4 + 1


def test_what_fails_while_reading_is_raised_in_its_place():
    def items():
        yield 1
        yield 2
        raise LookupError("the tape tore")

    with read_ahead(items(), 8, "reader") as arriving:
        assert next(arriving) == 1
        assert next(arriving) == 2
        with pytest.raises(LookupError, match="the tape tore"):
            next(arriving)


def test_a_reader_ends_though_nobody_takes_what_it_read():
    with read_ahead(count(), 2, "reader-left") as arriving:
        next(arriving)
    assert "reader-left" not in names_of_threads()


def test_everything_is_written_in_order_before_the_block_ends():
    written = []
    with WriteBehind(written.append, 2, "writer") as writer:
        for number in range(1000):
            writer.put(number)
    assert written == list(range(1000))


def test_what_fails_while_writing_is_raised_at_a_later_call():
    def consume(item):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), WriteBehind(consume, 1, "w") as writer:
        for number in range(1000):
            writer.put(number)


def test_what_fails_with_the_last_item_is_raised_at_the_end():
    def consume(item):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), WriteBehind(consume, 9, "w") as writer:
        writer.put(1)


def test_a_writer_drops_what_waits_when_the_block_fails():
    written, gate = [], threading.Event()

    def consume(item):
        gate.wait()
        written.append(item)

    with pytest.raises(RuntimeError), WriteBehind(consume, 8, "writer-left") as writer:
        for number in range(8):
            writer.put(number)
        threading.Timer(0.05, gate.set).start()
        raise RuntimeError
    assert len(written) <= 1
    assert "writer-left" not in names_of_threads()


@contextmanager
def interrupted_after(seconds):
    """The main thread is interrupted once, as by Ctrl-C."""
    main = threading.main_thread().ident
    timer = threading.Timer(seconds, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def test_a_thread_is_waited_for_again_after_a_signal_broke_the_first_wait():
    release, done = threading.Event(), []
    thread = SteadyThread(lambda: (release.wait(60), done.append(True)))
    thread.start()
    with interrupted_after(0.1), pytest.raises(KeyboardInterrupt):
        thread.join()
    assert thread.is_alive()
    threading.Timer(0.2, release.set).start()
    thread.join()
    assert done == [True]
    assert not thread.is_alive()


def test_a_thread_that_died_before_it_could_say_so_is_not_waited_for():
    class Dead(SteadyThread):
        def run(self):
            pass  # as where there is no memory to call anything

    thread = Dead(lambda: None)
    thread.start()
    thread.join()
    assert not thread.is_alive()


def test_a_thread_is_waited_for_no_longer_than_was_asked():
    release = threading.Event()
    thread = SteadyThread(lambda: release.wait(60))
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    release.set()
    thread.join()
    assert not thread.is_alive()


def test_a_writer_that_is_interrupted_in_its_end_writes_no_more_behind_it():
    writing, release = threading.Event(), threading.Event()

    def consume(item):
        writing.set()
        release.wait(60)

    with (
        interrupted_after(0.2),
        pytest.raises(KeyboardInterrupt),
        WriteBehind(consume, 4, "writer-interrupted") as writer,
    ):
        for number in range(3):
            writer.put(number)
        writing.wait(60)
        threading.Timer(0.5, release.set).start()
    assert release.is_set()  # it was waited for, though a signal came
    assert not writer._thread.is_alive()


def test_a_reader_that_is_interrupted_in_its_end_reads_no_more_behind_it():
    release, reading = threading.Event(), threading.Event()

    def items():
        yield 1
        reading.set()
        release.wait(60)
        yield 2

    with (
        interrupted_after(0.2),
        pytest.raises(KeyboardInterrupt),
        read_ahead(items(), 1, "reader-interrupted") as arriving,
    ):
        next(arriving)
        reading.wait(60)
        threading.Timer(0.5, release.set).start()
    assert release.is_set()
    assert "reader-interrupted" not in names_of_threads()


def test_what_no_signal_shall_break_off_is_done_before_the_signal_is_heard() -> None:
    done = threading.Event()

    def work() -> None:
        _thread.interrupt_main()
        time.sleep(0.2)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        undisturbed(work)
    assert done.is_set()


def test_what_it_raises_is_raised() -> None:
    def work() -> None:
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        undisturbed(work)
