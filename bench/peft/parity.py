"""Trains a LoRA adapter on given batches and writes the losses and the adapter.

    python bench/peft/parity.py <model folder> <adapter folder> <job.json> <out folder>

`job.json` has the learning rate, the weight decay and the steps; a step is a list of rows of
`{"tokens": [...], "loss": [...]}`, where loss is 1 for a token to be predicted. The rows of a step are
one padded batch; its loss is the mean per predicted token, as Hugging Face computes it.
"""

import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from peft import PeftModel
from safetensors import safe_open
from transformers import AutoModelForCausalLM

IGNORED = -100


def load(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    # Hugging Face's Qwen2 knows no bias of the output projection, llama.cpp's does.
    with safe_open(Path(folder) / "model.safetensors", "pt") as file:
        if "lm_head.bias" in file.keys():
            model.lm_head.bias = torch.nn.Parameter(file.get_tensor("lm_head.bias"))
    return model


def batch(rows):
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
    return {"input_ids": tokens, "attention_mask": attention, "labels": labels}


def main(model_folder, adapter_folder, job_path, out):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    job = json.loads(Path(job_path).read_text())
    model = PeftModel.from_pretrained(load(model_folder), adapter_folder, is_trainable=True)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        trained,
        lr=job["learningRate"],
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=job["weightDecay"],
    )
    losses = []
    for rows in job["steps"]:
        loss = model(**batch(rows)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.save_pretrained(out)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}
    Path(out, "losses.json").write_text(json.dumps({"versions": versions, "losses": losses}, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:5])
