# micrograd 0.1, which tests/bench measures against.
