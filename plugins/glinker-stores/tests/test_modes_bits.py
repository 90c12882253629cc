import numpy as np
from glinker_stores.index import modes


def test_bits_are_counted_alike_with_and_without_the_function_of_numpy_2(monkeypatch):
    numbers = np.array([0, 1, 3, 0xFFFFFFFF, 0x80000001, 12345], np.uint32)
    expected = [0, 1, 2, 32, 2, 6]
    assert modes._bits(numbers).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert modes._bits(numbers).tolist() == expected
