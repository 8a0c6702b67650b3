from tidemill.serving.policies.byte_queue import ByteQueue


def test_it_counts_the_bytes_that_stand_in_it() -> None:
    queue = ByteQueue()
    queue.push("a", 3)
    queue.push("b", 4)
    assert (queue.held_bytes, len(queue), queue.size_of("b")) == (7, 2, 4)
    assert queue.pop("a") == 3
    assert queue.held_bytes == 4
    assert "a" not in queue
    assert "b" in queue


def test_the_oldest_is_the_first_that_may_leave() -> None:
    queue = ByteQueue()
    assert queue.oldest() is None
    for key in "abc":
        queue.push(key, 1)
    queue.renew("a")
    assert queue.oldest() == "b"
    assert queue.oldest("ac".__contains__) == "c"
    assert queue.oldest("x".__contains__) is None
