from tidemill.faces.lsp.recent import Recent


def test_what_was_not_used_for_the_longest_time_goes() -> None:
    recent: Recent[str, int] = Recent(2)
    assert recent.put("a", 1) == []
    assert recent.put("b", 2) == []
    assert recent.get("a") == 1
    assert recent.put("c", 3) == [2]
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    assert recent.pop("a") == 1
    assert recent.pop("a") is None
    assert len(recent) == 1
    assert recent.clear() == [3]
    assert len(recent) == 0
