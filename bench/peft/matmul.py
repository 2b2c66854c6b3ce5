"""PyTorch's own rate for a product of two matrices of 1024 x 1024, in GFLOP/s, as JSON.

    python bench/peft/matmul.py <threads>
"""

import json
import sys
import time

import torch

SIZE = 1024
RUNS = 40


def rate(dtype):
    a = torch.randn(SIZE, SIZE).to(dtype)
    b = torch.randn(SIZE, SIZE).to(dtype)
    best = 0.0
    for _ in range(RUNS):
        started = time.perf_counter()
        a @ b
        best = max(best, 2 * SIZE**3 / (time.perf_counter() - started))
    return best / 1e9


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps({"f32": rate(torch.float32), "bf16": rate(torch.bfloat16)}))
