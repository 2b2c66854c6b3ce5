import { TrainerError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { type Composable, usesDirectly } from "./limits/limits.ts";
import { describe, elements, F32, I32, type Shape, shape, type Tensor } from "./tensor.ts";
import { bytesOf } from "./tensor-types.ts";

const F32_BYTES = 4;
/** GGML_PREC_F32 */
const PRECISION_F32 = 10;

/** The rotary embedding of a model: how queries and keys are turned by their positions. */
export interface RopeOptions {
  /** Rotated dimensions of a head. */
  dims: number;
  /** 0: pairs (2i, 2i+1); 2: pairs (i, i + dims/2), "NeoX". */
  mode: number;
  base: number;
  scale: number;
  contextLength: number;
  /** Per-frequency divisors (Llama 3), `[dims/2]`. */
  factors?: Tensor;
}

type Upload = Float32Array | Int32Array | BigInt64Array;

/**
 * One computation: operations are added, then memory is planned, inputs are uploaded and the whole
 * is computed on the backend. Shapes follow ggml: `[columns, rows, ...]`, `mulMat(a, b)` is `b·aᵀ`.
 */
export class Graph {
  private readonly ctx: bigint;
  private readonly graph: bigint;
  private readonly inputs: { tensor: Tensor; data: Upload }[] = [];
  private readonly transposes = new Map<bigint, Tensor>();
  private readonly casts = new Map<string, Tensor>();
  private readonly ranges = new Map<number, Tensor>();

  constructor(
    readonly backend: Backend,
    maxNodes = 16384,
  ) {
    const { c } = backend.library;
    const memory =
      maxNodes * Number(c.ggml_tensor_overhead()) +
      Number(c.ggml_graph_overhead_custom(maxNodes, false));
    this.ctx = c.ggml_init({ mem_size: memory, mem_buffer: null, no_alloc: true });
    this.graph = c.ggml_new_graph_custom(this.ctx, maxNodes, false);
  }

  private get c() {
    return this.backend.library.c;
  }

  /** Whether graphs for this device have an operation itself, see limits/limits.ts. */
  private has(op: Composable): boolean {
    return usesDirectly(this.backend.limits, op);
  }

  private f32(ptr: bigint, ne: Shape): Tensor {
    return { ptr, ne, type: F32 };
  }

  // ---- inputs and outputs

  /** A tensor filled from `data` before the computation. */
  input(data: Upload, type: number, ne: Shape): Tensor {
    const ptr = this.c.ggml_new_tensor(this.ctx, type, 4, BigInt64Array.from(ne, BigInt));
    this.c.ggml_set_input(ptr);
    // An input that no output depends on gets memory too: uploading it would abort otherwise.
    this.c.ggml_build_forward_expand(this.graph, ptr);
    const tensor = { ptr, ne, type };
    this.inputs.push({ tensor, data });
    return tensor;
  }

  ints(data: Int32Array): Tensor {
    return this.input(data, I32, shape(data.length));
  }

  /** i32 `[0, 1, ..., n - 1]`, once per graph. */
  range(n: number): Tensor {
    const known = this.ranges.get(n);
    if (known) return known;
    const made = this.ints(Int32Array.from({ length: n }, (_, i) => i));
    this.ranges.set(n, made);
    return made;
  }

  /** Keeps a tensor's contents readable after the computation. */
  output(t: Tensor): Tensor {
    this.c.ggml_set_output(t.ptr);
    this.c.ggml_build_forward_expand(this.graph, t.ptr);
    return t;
  }

  /**
   * Adds a tensor computed for its side effect (an optimizer step, a copy), or one that shall come
   * before what is added later.
   */
  effect(t: Tensor): void {
    this.c.ggml_build_forward_expand(this.graph, t.ptr);
  }

  // ---- element-wise

  add(a: Tensor, b: Tensor): Tensor {
    return this.f32(this.c.ggml_add(this.ctx, a.ptr, b.ptr), a.ne);
  }
  sub(a: Tensor, b: Tensor): Tensor {
    return this.f32(this.c.ggml_sub(this.ctx, a.ptr, b.ptr), a.ne);
  }
  /** a ∘ b, with b repeated along the dimensions in which it has one element. */
  mul(a: Tensor, b: Tensor): Tensor {
    return this.f32(this.c.ggml_mul(this.ctx, a.ptr, b.ptr), a.ne);
  }
  div(a: Tensor, b: Tensor): Tensor {
    return this.f32(this.c.ggml_div(this.ctx, a.ptr, b.ptr), a.ne);
  }
  /** s · a + bias. */
  scale(a: Tensor, s: number, bias = 0): Tensor {
    return this.f32(this.c.ggml_scale_bias(this.ctx, a.ptr, s, bias), a.ne);
  }
  sqr(a: Tensor): Tensor {
    return this.f32(this.c.ggml_sqr(this.ctx, a.ptr), a.ne);
  }
  sqrt(a: Tensor): Tensor {
    return this.f32(this.c.ggml_sqrt(this.ctx, a.ptr), a.ne);
  }
  log(a: Tensor): Tensor {
    return this.f32(this.c.ggml_log(this.ctx, a.ptr), a.ne);
  }
  clamp(a: Tensor, min: number, max: number): Tensor {
    return this.f32(this.c.ggml_clamp(this.ctx, a.ptr, min, max), a.ne);
  }
  tanh(a: Tensor): Tensor {
    return this.f32(this.c.ggml_tanh(this.ctx, a.ptr), a.ne);
  }
  silu(a: Tensor): Tensor {
    return this.f32(this.c.ggml_silu(this.ctx, a.ptr), a.ne);
  }
  /** dx of y = silu(x). */
  siluBack(dy: Tensor, x: Tensor): Tensor {
    return this.f32(this.c.ggml_silu_back(this.ctx, dy.ptr, x.ptr), dy.ne);
  }

  // ---- reductions

  /** `[n0, n1, ...] -> [1, n1, ...]`. */
  sumRows(a: Tensor): Tensor {
    return this.f32(this.c.ggml_sum_rows(this.ctx, a.ptr), [1, a.ne[1], a.ne[2], a.ne[3]]);
  }
  /** Column index of each row's maximum: `[n0, n1] -> i32 [n1]`. */
  argmax(a: Tensor): Tensor {
    return { ptr: this.c.ggml_argmax(this.ctx, a.ptr), ne: shape(a.ne[1]), type: I32 };
  }

  // ---- matrices

  /** `[k, m] x [k, n] -> [m, n]`; a is repeated over dimension 2 where b has a multiple of it. */
  mulMat(a: Tensor, b: Tensor): Tensor {
    if (a.ne[0] !== b.ne[0] || b.ne[2] % a.ne[2] !== 0) {
      throw new TrainerError("internal", `mul_mat of ${describe(a)} and ${describe(b)}`);
    }
    const ptr = this.c.ggml_mul_mat(this.ctx, a.ptr, b.ptr);
    if (this.backend.limits.asksForF32Sums) this.c.ggml_mul_mat_set_prec(ptr, PRECISION_F32);
    return this.f32(ptr, [a.ne[1], b.ne[1], b.ne[2], b.ne[3]]);
  }

  /**
   * Σ_k a_k·b_kᵀ: `[n, k] x [m, k] -> [n, m]`. On the CPU an outer product of F32 rows, 2 to 4 times
   * faster than the product of transposes, which is the portable way.
   */
  outerSum(a: Tensor, b: Tensor): Tensor {
    if (!this.has("OUT_PROD")) {
      return this.mulMat(this.transposed(a), this.transposed(b));
    }
    const ne: Shape = [a.ne[0], b.ne[0], b.ne[2], b.ne[3]];
    return this.f32(this.c.ggml_out_prod(this.ctx, a.ptr, b.ptr), ne);
  }

  /** Contiguous transpose of the first two dimensions, made once per graph. */
  transposed(a: Tensor): Tensor {
    const known = this.transposes.get(a.ptr);
    if (known) return known;
    const view = this.c.ggml_transpose(this.ctx, a.ptr);
    const ne: Shape = [a.ne[1], a.ne[0], a.ne[2], a.ne[3]];
    const t: Tensor = { ptr: this.c.ggml_cont(this.ctx, view), ne, type: a.type };
    this.transposes.set(a.ptr, t);
    return t;
  }

  /** {@link transposed} in another type, without a copy in between. */
  castTransposed(a: Tensor, type: number): Tensor {
    if (a.type === type) return this.transposed(a);
    const key = `${a.ptr}:t${type}`;
    const known = this.casts.get(key);
    if (known) return known;
    const view = this.c.ggml_transpose(this.ctx, a.ptr);
    const ne: Shape = [a.ne[1], a.ne[0], a.ne[2], a.ne[3]];
    const t: Tensor = { ptr: this.c.ggml_cast(this.ctx, view, type), ne, type };
    this.casts.set(key, t);
    return t;
  }

  /** The same values in another type, made once per graph. */
  cast(a: Tensor, type: number): Tensor {
    if (a.type === type) return a;
    const key = `${a.ptr}:${type}`;
    const known = this.casts.get(key);
    if (known) return known;
    const t: Tensor = { ptr: this.c.ggml_cast(this.ctx, a.ptr, type), ne: a.ne, type };
    this.casts.set(key, t);
    return t;
  }

  /** Copies a into b's memory (converting the type). */
  copy(a: Tensor, b: Tensor): Tensor {
    return { ptr: this.c.ggml_cpy(this.ctx, a.ptr, b.ptr), ne: b.ne, type: b.type };
  }

  // ---- shapes and views (of contiguous F32 tensors)

  reshape(a: Tensor, ...ne: [number, number?, number?, number?]): Tensor {
    const s = shape(...ne);
    const ptr = this.c.ggml_reshape_4d(this.ctx, a.ptr, s[0], s[1], s[2], s[3]);
    const t = { ptr, ne: s, type: a.type };
    if (elements(t) !== elements(a)) {
      throw new TrainerError("internal", `reshape of ${describe(a)} to ${describe(t)}`);
    }
    return t;
  }

  /** Dimension i of the result is dimension axes.indexOf(i) of a: a strided view. */
  permute(a: Tensor, a0: number, a1: number, a2: number, a3 = 3): Tensor {
    const ne: [number, number, number, number] = [1, 1, 1, 1];
    [a0, a1, a2, a3].forEach((axis, i) => {
      ne[axis] = a.ne[i] as number;
    });
    return { ptr: this.c.ggml_permute(this.ctx, a.ptr, a0, a1, a2, a3), ne, type: a.type };
  }

  contiguous(a: Tensor): Tensor {
    return { ptr: this.c.ggml_cont(this.ctx, a.ptr), ne: a.ne, type: a.type };
  }

  /** Consecutive slices `[start, start + count)` of the last of `dim + 1` dimensions. */
  slice(a: Tensor, dim: 1 | 2, start: number, count: number): Tensor {
    const ne: [number, number, number, number] = [...a.ne];
    ne[dim] = count;
    const nb1 = a.ne[0] * F32_BYTES;
    const nb2 = nb1 * a.ne[1];
    const offset = start * (dim === 1 ? nb1 : nb2);
    return this.view(a, ne, nb1, nb2, offset);
  }

  /** Rows `[start, start + count)` of a matrix of any type: a view, `[n0, count]`. */
  rows(a: Tensor, start: number, count: number): Tensor {
    if (count === a.ne[1]) return a;
    const row = bytesOf(a.type, a.ne[0]);
    return this.view(a, shape(a.ne[0], count), row, row * count, row * start);
  }

  /** Columns `[start, start + count)` of a matrix of a floating type: a strided view, `[count, n1]`. */
  columns(a: Tensor, start: number, count: number): Tensor {
    if (count === a.ne[0]) return a;
    const row = bytesOf(a.type, a.ne[0]);
    return this.view(a, shape(count, a.ne[1]), row, row * a.ne[1], bytesOf(a.type, start));
  }

  /** A view with given strides and offset, in bytes. */
  view(a: Tensor, ne: Shape, nb1: number, nb2: number, offset: number): Tensor {
    const nb3 = nb2 * ne[2];
    const ptr = this.c.ggml_view_4d(this.ctx, a.ptr, ...ne, nb1, nb2, nb3, offset);
    return { ptr, ne, type: a.type };
  }

  concat(a: Tensor, b: Tensor, dim: 0 | 1 | 2): Tensor {
    const ne: [number, number, number, number] = [...a.ne];
    ne[dim] += b.ne[dim];
    return this.f32(this.c.ggml_concat(this.ctx, a.ptr, b.ptr, dim), ne);
  }

  /** Joins many by halves: each element is copied log2(n) times, not n. */
  concatAll(parts: Tensor[], dim: 0 | 1 | 2): Tensor {
    const [first] = parts;
    if (!first) throw new TrainerError("internal", "concat of nothing");
    if (parts.length === 1) return first;
    const half = parts.length >> 1;
    return this.concat(
      this.concatAll(parts.slice(0, half), dim),
      this.concatAll(parts.slice(half), dim),
      dim,
    );
  }

  // ---- rows

  /** `[n0, rows], i32 [n] -> f32 [n0, n]`. */
  getRows(a: Tensor, rows: Tensor): Tensor {
    return this.f32(this.c.ggml_get_rows(this.ctx, a.ptr, rows.ptr), shape(a.ne[0], rows.ne[0]));
  }
  /** Gradient of {@link getRows}: rows of dy summed into a tensor shaped like `like`. */
  getRowsBack(dy: Tensor, rows: Tensor, like: Tensor): Tensor {
    return this.f32(
      this.c.ggml_get_rows_back(this.ctx, dy.ptr, rows.ptr, like.ptr),
      shape(like.ne[0], like.ne[1]),
    );
  }
  /** Overwrites rows of a, in place: `a[rows[i]] = b[i]`. */
  setRows(a: Tensor, b: Tensor, rows: Tensor): Tensor {
    return this.f32(this.c.ggml_set_rows(this.ctx, a.ptr, b.ptr, rows.ptr), a.ne);
  }

  // ---- transformer parts

  rmsNorm(x: Tensor, eps: number): Tensor {
    return this.f32(this.c.ggml_rms_norm(this.ctx, x.ptr, eps), x.ne);
  }
  /**
   * dx of y = x/r with r² = Σx²/n + eps, over columns. Composed where the device lacks it:
   * dx = (dy - x · Σ(dy ∘ x) / (n·r²)) / r.
   */
  rmsNormBack(dy: Tensor, x: Tensor, eps: number): Tensor {
    if (!this.has("RMS_NORM_BACK")) {
      const share = 1 / x.ne[0];
      const square = this.scale(this.sumRows(this.sqr(x)), share, eps); // r², [1, ...]
      const along = this.scale(this.sumRows(this.mul(dy, x)), share); // [1, ...]
      const radial = this.mul(x, this.div(along, square));
      return this.div(this.sub(dy, radial), this.sqrt(square));
    }
    return this.f32(this.c.ggml_rms_norm_back(this.ctx, dy.ptr, x.ptr, eps), x.ne);
  }
  /** softmax over columns of `scale * a + mask`. */
  softmax(a: Tensor, mask: Tensor | undefined, scale: number): Tensor {
    return this.f32(this.c.ggml_soft_max_ext(this.ctx, a.ptr, mask?.ptr ?? null, scale, 0), a.ne);
  }
  /**
   * Gradient with regard to a of y = softmax(scale * a + mask). Composed where the device lacks it:
   * scale · y ∘ (dy - Σ dy ∘ y).
   */
  softmaxBack(dy: Tensor, y: Tensor, scale: number): Tensor {
    if (!this.has("SOFT_MAX_BACK")) {
      const mean = this.sumRows(this.mul(dy, y)); // [1, ...]
      return this.scale(this.mul(y, this.sub(dy, mean)), scale);
    }
    return this.f32(this.c.ggml_soft_max_ext_back(this.ctx, dy.ptr, y.ptr, scale, 0), y.ne);
  }
  rope(x: Tensor, positions: Tensor, o: RopeOptions): Tensor {
    return this.f32(this.c.ggml_rope_ext(this.ctx, x.ptr, ...ropeArgs(positions, o)), x.ne);
  }
  ropeBack(dy: Tensor, positions: Tensor, o: RopeOptions): Tensor {
    return this.f32(this.c.ggml_rope_ext_back(this.ctx, dy.ptr, ...ropeArgs(positions, o)), dy.ne);
  }
  /** One AdamW step on `param`, in place; `settings` is described in trainer/optimizer.ts. */
  adamw(param: Tensor, grad: Tensor, m: Tensor, v: Tensor, settings: Tensor): Tensor {
    this.c.ggml_set_param(param.ptr);
    return {
      ...param,
      ptr: this.c.ggml_opt_step_adamw(this.ctx, param.ptr, grad.ptr, m.ptr, v.ptr, settings.ptr),
    };
  }

  // ---- running

  /**
   * Plans memory with `allocator`, uploads the inputs and computes.
   * @throws TrainerError when the backend lacks an operation or memory
   */
  async run(allocator: GraphAllocator): Promise<void> {
    this.check();
    allocator.plan(this.graph);
    for (const { tensor, data } of this.inputs) this.backend.upload(tensor, data);
    await this.backend.compute(this.graph);
  }

  /**
   * Whether the device computes all of it; {@link run} asks, too.
   * @throws TrainerError `model-unsupported`, naming the operation and the device
   */
  check(): void {
    this.backend.checkNodes(this.graph);
  }

  /** Whether the device computes this operation on these types. */
  supports(t: Tensor): boolean {
    return this.c.ggml_backend_supports_op(this.backend.handle, t.ptr);
  }

  free(): void {
    this.c.ggml_free(this.ctx);
  }
}

/** Plans the memory of one graph after another, growing its buffer when needed. */
export class GraphAllocator {
  private readonly handle: bigint;
  /** Of the largest graph that a dry backend has planned. */
  private planned = 0;

  constructor(readonly backend: Backend) {
    const { c } = backend.library;
    this.handle = c.ggml_gallocr_new(c.ggml_backend_get_default_buffer_type(backend.handle));
  }

  plan(graph: bigint): void {
    if (this.backend.isDry) {
      const sizes: [bigint | number] = [0];
      this.backend.library.c.ggml_gallocr_reserve_n_size(this.handle, graph, null, null, sizes);
      this.planned = Math.max(this.planned, Number(sizes[0]));
      return;
    }
    if (!this.backend.library.c.ggml_gallocr_alloc_graph(this.handle, graph)) {
      throw new TrainerError(
        "internal",
        `${this.backend.name} has not enough memory for this step. Lower the tokens per step.`,
      );
    }
  }

  /** Bytes held for activations. */
  get bytes(): number {
    if (this.backend.isDry) return this.planned;
    return Number(this.backend.library.c.ggml_gallocr_get_buffer_size(this.handle, 0));
  }

  free(): void {
    this.backend.library.c.ggml_gallocr_free(this.handle);
  }
}

function ropeArgs(positions: Tensor, o: RopeOptions) {
  // No YaRN: extrapolation 0, attention factor 1; beta_fast and beta_slow are then unused.
  return [
    positions.ptr,
    o.factors?.ptr ?? null,
    o.dims,
    o.mode,
    o.contextLength,
    o.base,
    o.scale,
    0,
    1,
    32,
    1,
  ] as const;
}
