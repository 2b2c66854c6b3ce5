"""The peer of bench/trainer: trains LoRA adapters with PyTorch and PEFT and times it.

    python bench/peft/train.py <spec.json> <outcome.json>

The spec is described in bench/trainer/spec.ts. `plain` is what people write: one padded batch per step and
Hugging Face's own loss. `packed` lays a step's rows end to end (positions restart, attention does not cross
rows), computes logits for predicted tokens alone, and can stop as soon as every row is learned.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import peft
import torch
import torch.nn.functional as F
import transformers
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from transformers import AutoModelForCausalLM

IGNORED = -100
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
# GGUF's names of the projections and Hugging Face's.
PROJECTIONS = {
    "attn_q": "q_proj",
    "attn_k": "k_proj",
    "attn_v": "v_proj",
    "attn_output": "o_proj",
    "ffn_gate": "gate_proj",
    "ffn_up": "up_proj",
    "ffn_down": "down_proj",
}
SCORED_TOGETHER = 32


def status(name):
    """Bytes of a line of /proc/self/status, e.g. VmRSS or VmHWM."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def padded(rows):
    longest = max(len(row["tokens"]) for row in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    attention = torch.zeros_like(tokens)
    labels = torch.full_like(tokens, IGNORED)
    for i, row in enumerate(rows):
        n = len(row["tokens"])
        tokens[i, :n] = torch.tensor(row["tokens"])
        attention[i, :n] = 1
        predicted = torch.tensor(row["loss"], dtype=torch.bool)
        labels[i, :n][predicted] = tokens[i, :n][predicted]
    if len(rows) == 1:
        return {"input_ids": tokens, "labels": labels}
    return {"input_ids": tokens, "attention_mask": attention, "labels": labels}


def packed(rows):
    """One sequence of all rows; for each predicted token where it is predicted from, and its row."""
    tokens, positions, sources, targets, owners = [], [], [], [], []
    for owner, row in enumerate(rows):
        start = len(tokens)
        tokens += row["tokens"]
        positions += range(len(row["tokens"]))
        for i in range(1, len(row["tokens"])):
            if row["loss"][i]:
                sources.append(start + i - 1)
                targets.append(row["tokens"][i])
                owners.append(owner)
    as_tensor = torch.tensor
    inputs = {
        "input_ids": as_tensor([tokens]),
        "position_ids": as_tensor([positions]),
        "logits_to_keep": as_tensor(sources),
    }
    return inputs, as_tensor(targets), as_tensor(owners)


def adapted_layers(lora, count):
    """None for all, else the blocks that are adapted: a list, or a range with both ends in it."""
    layers = lora.get("layers")
    if layers is None or isinstance(layers, list):
        return layers
    return list(range(layers.get("from", 0), layers.get("to", count - 1) + 1))


class Peer:
    def __init__(self, spec):
        self.spec = spec
        self.dtype = DTYPES[spec["precision"]]
        self.baseline = status("VmRSS")
        model = AutoModelForCausalLM.from_pretrained(spec["model"], dtype=self.dtype)
        model.config.use_cache = False
        self.weights = sum(p.numel() * p.element_size() for p in model.parameters())
        lora = spec["lora"]
        self.model = get_peft_model(
            model,
            LoraConfig(
                r=lora["rank"],
                lora_alpha=lora["alpha"],
                lora_dropout=0.0,
                target_modules=[PROJECTIONS[target] for target in lora["targets"]],
                layers_to_transform=adapted_layers(lora, model.config.num_hidden_layers),
                task_type="CAUSAL_LM",
            ),
        )
        self.model.train()
        self.trained = [p for p in self.model.parameters() if p.requires_grad]

    def fresh(self):
        """A and B as PEFT initialises them, and an optimizer without history."""
        for module in self.model.modules():
            if isinstance(module, LoraLayer):
                module.reset_lora_parameters("default", True)
        options = self.spec["options"]
        self.optimizer = torch.optim.AdamW(
            self.trained, lr=options["learningRate"], weight_decay=options["weightDecay"]
        )

    def autocast(self):
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    def step(self, rows):
        """One update; the loss, and each row's where rows are packed."""
        per_row = None
        with self.autocast():
            if self.spec["layout"] == "packed":
                inputs, targets, owners = packed(rows)
                logits = self.model(**inputs).logits[0].float()
                each = F.cross_entropy(logits, targets, reduction="none")
                loss = each.mean()
                counts = torch.bincount(owners, minlength=len(rows))
                per_row = torch.zeros(len(rows)).index_add(0, owners, each.detach()) / counts
            else:
                loss = self.model(**padded(rows)).loss
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item(), per_row

    def train(self, job):
        rows, plan = job["rows"], job["plan"]
        stop = self.spec["options"].get("stopWhenLearned")
        last = [float("inf")] * len(rows)
        losses, tokens = [], 0
        cpu, started = cpu_seconds(), time.perf_counter()
        for step in plan:
            loss, per_row = self.step([rows[i] for i in step])
            losses.append(loss)
            tokens += sum(len(rows[i]["tokens"]) for i in step)
            if stop is not None and per_row is not None:
                for i, value in zip(step, per_row.tolist()):
                    last[i] = value
                if max(last) < stop:
                    break
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "cpuSeconds": cpu_seconds() - cpu, "tokens": tokens, "losses": losses}

    @torch.no_grad()
    def score(self, rows):
        self.model.eval()
        scores = []
        for start in range(0, len(rows), SCORED_TOGETHER):
            group = rows[start : start + SCORED_TOGETHER]
            batch = padded(group)
            labels = batch.pop("labels")[:, 1:]
            with self.autocast():
                logits = self.model(**batch).logits[:, :-1].float()
            asked = labels != IGNORED
            targets = labels.clamp(min=0)
            logprob = torch.log_softmax(logits, -1).gather(-1, targets[..., None])[..., 0]
            right = (logits.argmax(-1) == targets) | ~asked
            for i in range(len(group)):
                scores.append(
                    {
                        "logprob": (logprob[i] * asked[i]).sum().item(),
                        "tokens": int(asked[i].sum()),
                        "exact": bool(right[i].all()),
                    }
                )
        self.model.train()
        return scores


def main(spec_path, outcome_path):
    spec = json.loads(Path(spec_path).read_text())
    torch.set_num_threads(spec["threads"])
    torch.manual_seed(spec["options"]["seed"])
    peer = Peer(spec)
    peer.fresh()
    for row in spec["warmup"]:
        peer.step([row])
    forget_peak()
    loaded = status("VmRSS")
    jobs = []
    for job in spec["jobs"]:
        peer.fresh()
        jobs.append({**peer.train(job), "scores": []})
        peak = status("VmHWM")
        if job["probes"]:
            jobs[-1]["scores"] = peer.score(job["probes"])
            forget_peak()
        jobs[-1]["peak"] = peak
    outcome = {
        "jobs": jobs,
        "memory": {
            "weights": peer.weights,
            "baseline": peer.baseline,
            "loaded": loaded,
            "peak": max(job["peak"] for job in jobs),
        },
        "versions": {
            "python": sys.version.split()[0],
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "peft": peft.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
        },
    }
    Path(outcome_path).write_text(json.dumps(outcome))


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main(*sys.argv[1:3])
