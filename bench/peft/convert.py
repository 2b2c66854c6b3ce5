"""Writes a GGUF model of F32 tensors as a Hugging Face folder: config.json and model.safetensors.

    python bench/peft/convert.py model.gguf folder
"""

import re
import sys

import numpy as np
import torch
from gguf import GGUFReader
from safetensors.torch import save_file
from transformers import Gemma3TextConfig, LlamaConfig, Qwen2Config, Qwen3Config

CONFIGS = {
    "llama": LlamaConfig,
    "qwen2": Qwen2Config,
    "qwen3": Qwen3Config,
    "gemma3": Gemma3TextConfig,
}
MODEL_CLASSES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "gemma3": "Gemma3ForCausalLM",
}

# GGUF's names and Hugging Face's.
TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
# Gemma 3 has norms on both sides of attention and feed-forward.
GEMMA_BLOCK = {
    **BLOCK,
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}


class Metadata:
    """The values of a GGUF file by key, those of its architecture by suffix."""

    def __init__(self, reader):
        self.fields = reader.fields
        self.architecture = self.get("general.architecture")

    def get(self, key, default=None):
        field = self.fields.get(key)
        return field.contents() if field is not None else default

    def own(self, suffix, default=None):
        return self.get(f"{self.architecture}.{suffix}", default)


def config_of(meta, vocabulary, tied):
    heads = meta.own("attention.head_count")
    width = meta.own("embedding_length")
    head_dim = meta.own("attention.key_length", width // heads)
    options = {
        "architectures": [MODEL_CLASSES[meta.architecture]],
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": meta.own("feed_forward_length"),
        "num_hidden_layers": meta.own("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": meta.own("attention.head_count_kv", heads),
        "head_dim": head_dim,
        "max_position_embeddings": meta.own("context_length"),
        "rms_norm_eps": meta.own("attention.layer_norm_rms_epsilon"),
        "tie_word_embeddings": tied,
        "rope_parameters": rope(meta),
        "pad_token_id": None,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    if meta.architecture == "gemma3":
        slides = meta.own("attention.sliding_window_pattern")
        options |= {
            "query_pre_attn_scalar": head_dim,
            "sliding_window": meta.own("attention.sliding_window"),
            "layer_types": ["sliding_attention" if s else "full_attention" for s in slides],
            "rope_parameters": {
                "full_attention": rope(meta),
                "sliding_attention": {
                    "rope_type": "default",
                    "rope_theta": meta.own("rope.freq_base_swa"),
                },
            },
        }
    return CONFIGS[meta.architecture](**options)


def rope(meta):
    parameters = {"rope_type": "default", "rope_theta": meta.own("rope.freq_base", 10000.0)}
    factor = meta.own("rope.scaling.factor")
    if factor is not None:
        parameters |= {"rope_type": "linear", "factor": factor}
    return parameters


def module_name(name, architecture):
    """`blk.0.attn_q.weight -> model.layers.0.self_attn.q_proj.weight`"""
    block = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
    if block:
        layer, kind, part = block.groups()
        names = GEMMA_BLOCK if architecture == "gemma3" else BLOCK
        return f"model.layers.{layer}.{names[kind]}.{part}"
    kind, part = name.rsplit(".", 1)
    return f"{TOP[kind]}.{part}"


def to_halves(values, heads):
    """Rows of llama's queries and keys lie in pairs (2i, 2i+1) in GGUF, in halves (i, i + n/2) here."""
    per_head = values.shape[0] // heads
    paired = values.reshape(heads, per_head // 2, 2, *values.shape[1:])
    return paired.swapaxes(1, 2).reshape(values.shape)


def convert(path, folder):
    reader = GGUFReader(path)
    meta = Metadata(reader)
    state = {}
    for tensor in reader.tensors:
        if tensor.tensor_type.name != "F32":
            raise SystemExit(f"{path}: {tensor.name} is {tensor.tensor_type.name}; F32 is needed.")
        values = np.array(tensor.data)
        if meta.architecture == "llama" and re.search(r"\.attn_[qk]\.", tensor.name):
            key = "head_count" if ".attn_q." in tensor.name else "head_count_kv"
            values = to_halves(values, meta.own(f"attention.{key}"))
        if meta.architecture == "gemma3" and tensor.name.endswith("norm.weight"):
            values = values - 1  # GGUF has the factor itself, Hugging Face what is added to 1
        state[module_name(tensor.name, meta.architecture)] = torch.from_numpy(values).contiguous()
    tied = "lm_head.weight" not in state
    config = config_of(meta, state["model.embed_tokens.weight"].shape[0], tied)
    config.save_pretrained(folder)
    save_file(state, f"{folder}/model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    convert(*sys.argv[1:3])
